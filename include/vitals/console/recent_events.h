#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "vitals/sentry/event.h"

#pragma GCC visibility push(default)

namespace vitals::console {

namespace detail {
class EventStore;
}

/// Keeps the last errors, grouped, and the slowest and failed traces, as the Sentry client has
/// rendered them: what is kept is what was to be sent, secrets masked. Made before the client and
/// given to it:
///
///     auto recent = std::make_shared<vitals::console::RecentEvents>();
///     options.on_rendered = recent->listener();
///     …
///     vitals::console::Console console{registry, recent, {…}};
///
/// Memory: at most 6 MB, whatever comes. Threads: any.
class RecentEvents {
 public:
  RecentEvents();
  ~RecentEvents();
  RecentEvents(const RecentEvents&) = delete;
  RecentEvents& operator=(const RecentEvents&) = delete;

  /// For Options::on_rendered. Shares what is kept, so it may outlive this.
  [[nodiscard]] std::function<void(const sentry::Event&, std::string_view payload)> listener();

  /// For the console alone.
  [[nodiscard]] detail::EventStore& store() noexcept { return *store_; }

 private:
  std::shared_ptr<detail::EventStore> store_;
};

}  // namespace vitals::console

#pragma GCC visibility pop
