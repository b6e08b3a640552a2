#include "vitals/monitor/error_type.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <typeinfo>

namespace vitals::monitor {
namespace {

/// The class name of a mangled type, without its namespaces. A template's arguments are cut: they
/// may hold colons.
ErrorType unqualified(const char* mangled) noexcept {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> demangled{
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), std::free};
  std::string_view name = status == 0 ? demangled.get() : mangled;
  name = name.substr(0, name.find('<'));
  if (const std::size_t scope = name.rfind("::"); scope != std::string_view::npos)
    name.remove_prefix(scope + 2);
  return ErrorType{name};
}

}  // namespace

ErrorType::ErrorType(std::string_view word) noexcept
    : size_(static_cast<unsigned char>(std::min(word.size(), text_.size()))) {
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
