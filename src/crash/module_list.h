#pragma once

#include <string_view>

namespace vitals::crash::detail {

/// The modules of this process as a part of a crash report, made beforehand: asking the dynamic
/// linker takes locks and memory, which a handler may not. Async-signal-safe. Lives as long as a
/// handler that began before the next but one refresh_module_list() needs it.
[[nodiscard]] std::string_view module_list() noexcept;

/// Makes the list anew where libraries have come or gone. Threads: one at a time.
void refresh_module_list() noexcept;

}  // namespace vitals::crash::detail
