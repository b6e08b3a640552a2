#include "vitals/console/recent_events.h"

#include "console/event_store.h"

namespace vitals::console {

RecentEvents::RecentEvents() : store_(std::make_shared<detail::EventStore>()) {}

RecentEvents::~RecentEvents() = default;

std::function<void(const sentry::Event&, std::string_view)> RecentEvents::listener() {
  return [store = store_](const sentry::Event& event, std::string_view payload) {
    store->add(event, payload);
  };
}

}  // namespace vitals::console
