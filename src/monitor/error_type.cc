#include "vitals/monitor/error_type.h"

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <typeinfo>

#include "base/type_name.h"

namespace vitals::monitor {
namespace {

/// The class name of a mangled type: without what it is in, be that a namespace, a class template
/// or a function, and without its own template's arguments.
ErrorType unqualified(const char* mangled) noexcept {
  const base::TypeName readable{mangled};
  const std::string_view whole = readable.view();
  std::size_t begin = 0;
  int depth = 0;  // in the arguments of templates and functions
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const char c = whole[i];
    if (c == '<' || c == '(') ++depth;
    if (c == '>' || c == ')') --depth;
    if (depth == 0 && whole.substr(i).starts_with("::")) begin = i + 2;
  }
  const std::string_view name = whole.substr(begin);
  return ErrorType{name.substr(0, name.find('<'))};
}

}  // namespace

ErrorType::ErrorType(std::string_view word) noexcept
    : size_(static_cast<unsigned char>(std::min(word.size(), std::tuple_size_v<decltype(text_)>))) {
  std::memcpy(text_.data(), word.data(), size_);
}

ErrorType ErrorType::of(const std::exception& error) noexcept {
  return unqualified(typeid(error).name());
}

ErrorType ErrorType::of_current_exception() noexcept {
  const std::type_info* type = abi::__cxa_current_exception_type();
  return type == nullptr ? ErrorType{"unknown"} : unqualified(type->name());
}

}  // namespace vitals::monitor
