#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "health_agent/systemd.h"

namespace health_agent {

/// What came of a question to a listener of this process.
enum class Probe {
  kAnswered,   ///< with HTTP, whatever the status
  kSilent,     ///< nobody there, nothing within the time, or no HTTP
  kCannotAsk,  ///< this process has no descriptor or memory for a connection: it says nothing
};

/// Asks `host`:`port` for `path` as any client would, over a connection of its own. For 0.0.0.0 and
/// :: it asks the loopback address. A name with several addresses has answered when one of
/// them has. Threads: any. Blocks for `timeout` at most, and not much longer than 100 ms after
/// `stop`.
[[nodiscard]] Probe ask_listener(const std::string& host, std::uint16_t port,
                                 const std::string& path, std::chrono::milliseconds timeout,
                                 const std::stop_token& stop = {});

/// Tells systemd's watchdog that the service lives, each time that it has answered a question over
/// its own port and that the thread which calls beat() is alive too. So a listener that accepts
/// nobody is found, workers for probes that hang, and a reload that never ends; not workers that
/// wait for a database or a model, which a restart would not bring back.
///
/// Without NOTIFY_SOCKET, but with WATCHDOG_USEC set, as in a container that is restarted when it
/// ends, it ends the process itself by SIGABRT once nothing has answered for that time.
///
/// Does nothing, and has no thread, where nobody asked for a watchdog. Threads: one, beat() any.
class Watchdog {
 public:
  using Ask = std::function<Probe(std::chrono::milliseconds timeout, const std::stop_token& stop)>;

  /// `systemd` must outlive it. `ask` may be empty: then only beat() counts. Throws
  /// std::system_error when there is no thread to be had.
  Watchdog(Systemd& systemd, Ask ask);
  /// Ends as stop() does.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// How often beat() has to be called; empty when nobody watches.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> pause() const noexcept { return pause_; }
  void beat() noexcept;
  /// Tells nothing any more.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] Probe ask(std::chrono::milliseconds timeout,
                          const std::stop_token& stop) const noexcept;
  void watch();

  Systemd* systemd_;
  Ask ask_;
  std::optional<std::chrono::nanoseconds> pause_;
  std::atomic<Clock::rep> beat_{Clock::now().time_since_epoch().count()};
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::stop_source stop_;
  std::thread thread_;
};

}  // namespace health_agent
