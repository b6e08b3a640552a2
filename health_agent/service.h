#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "health_agent/settings.h"
#include "vitals/console/recent_events.h"

namespace health_agent {

/// The whole service: database, cache, agent, API, metrics listener, put together from the
/// settings. Threads: one, which starts it, reloads it and stops it.
class Service {
 public:
  /// Opens the database, brings its schema up to date, and listens. Throws when it cannot:
  /// DatabaseError, ConfigurationError, std::runtime_error for a port that is taken.
  /// `recent` is what the Sentry client tells of; null when the console has none to show.
  /// `doing` is told what begins that may take long, in words that follow "it"; `before_serving` is
  /// called when all has been made and nobody has been served yet.
  explicit Service(const Settings& settings,
                   std::shared_ptr<vitals::console::RecentEvents> recent = nullptr,
                   const std::function<void()>& before_serving = {},
                   const std::function<void(std::string)>& doing = {});
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Takes what can change without a restart from `fresh`: the sample rates, the grouping rules,
  /// the price table, the API keys and the log level. Says what it took, and keeps the old value
  /// where the new one is bad, missing or perhaps half-written. Never opens what wants a key: where
  /// there are API keys, some stay.
  void reload(const LoadedSettings& fresh);

  /// Where it can be asked over HTTP: the API, or the metrics' listener of a bot without one.
  /// Port 0 when it listens nowhere.
  struct Place {
    std::string host;
    std::uint16_t port = 0;
    std::string path;
  };
  [[nodiscard]] Place place() const;

  /// Takes no new request, lets those under way finish, and ends.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace health_agent
