#include "sentry/type_name.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <string_view>

namespace vitals::sentry::detail {

std::string demangle(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> readable{
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free};
  std::string_view name = status == 0 && readable ? readable.get() : mangled;
  for (const std::string_view wrapper : {"std::_Nested_exception<", "std::__1::__nested<"}) {
    if (name.starts_with(wrapper) && name.ends_with('>')) {
      name.remove_prefix(wrapper.size());
      name.remove_suffix(1);
      while (name.ends_with(' '))
        name.remove_suffix(1);
    }
  }
  return std::string{name};
}

}  // namespace vitals::sentry::detail
