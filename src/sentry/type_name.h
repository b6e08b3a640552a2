#pragma once

#include <string>

namespace vitals::sentry::detail {

/// The readable name of a mangled type name. What std::throw_with_nested wraps is named as itself.
[[nodiscard]] std::string demangle(const char* mangled);

}  // namespace vitals::sentry::detail
