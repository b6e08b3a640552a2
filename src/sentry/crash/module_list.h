#pragma once

#include <chrono>
#include <string_view>

#include "sentry/items.h"

namespace vitals::sentry::detail {

/// The modules of this process as a part of a crash report, made beforehand: asking the dynamic
/// linker takes locks and memory, which a handler may not. Async-signal-safe. Lives as long as a
/// handler that began before the next but one refresh_module_list() needs it.
[[nodiscard]] std::string_view module_list() noexcept;

/// Makes the list anew where libraries have come or gone. Threads: one at a time.
void refresh_module_list() noexcept;

/// Does so every second on the client's thread. It has nothing to send.
class ModuleWatch final : public ItemSource {
 public:
  [[nodiscard]] std::unique_ptr<ReadyItem> take(std::chrono::steady_clock::time_point now,
                                                bool everything) noexcept override;

 private:
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace vitals::sentry::detail
