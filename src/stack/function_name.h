#pragma once

#include <string>
#include <string_view>

namespace vitals::stack::detail {

/// The readable name of a function from a linker's symbol: demangled, with its namespaces and
/// template arguments, without its parameters and what it returns. A symbol that is not mangled
/// stays as it is.
[[nodiscard]] std::string function_name(const std::string& symbol);

/// The same of a name that is demangled already.
[[nodiscard]] std::string_view without_signature(std::string_view name) noexcept;

}  // namespace vitals::stack::detail
