#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "integration/support/envelope.h"
#include "integration/support/http_server.h"
#include "integration/support/wait.h"

namespace integration {

/// A Sentry-compatible server of the test's own, which believes nothing: everything wrong with what
/// it gets is in faults(). Threads: any.
class EnvelopeReceiver {
 public:
  enum class Mode {
    kNormal,   ///< Takes everything, answers 200.
    kHang,     ///< Accepts the connection and never answers.
    kTooMany,  ///< 429 with Retry-After: 60.
    kBroken,   ///< 500.
  };

  static constexpr const char* kKey = "d0c0ffee0123456789abcdef01234567";

  /// On a free port, or on that one: a server that was away comes back where it was.
  explicit EnvelopeReceiver(Mode mode = Mode::kNormal, std::uint16_t port = 0);

  /// What SENTRY_DSN must be to get here.
  [[nodiscard]] std::string dsn() const;
  [[nodiscard]] std::uint16_t port() const noexcept { return server_->port(); }
  void set_mode(Mode mode);

  /// Waits until `good` says so of all events so far; false at the deadline (times kSlowness).
  [[nodiscard]] bool wait_for(const std::function<bool(const std::vector<Json>& events)>& good,
                              Milliseconds deadline = 60s);
  /// Waits for that many error events.
  [[nodiscard]] bool wait_for_events(std::size_t count, Milliseconds deadline = 60s);

  /// The items of a type, in the order they came.
  [[nodiscard]] std::vector<Json> items(const std::string& type) const;
  [[nodiscard]] std::vector<Json> events() const { return items("event"); }
  [[nodiscard]] std::vector<Json> transactions() const { return items("transaction"); }
  [[nodiscard]] std::vector<std::string> faults() const;
  [[nodiscard]] std::size_t requests() const;
  [[nodiscard]] std::size_t connections() const noexcept { return server_->connections(); }
  /// All payloads that arrived as one text, to look for what must not be in it.
  [[nodiscard]] std::string everything() const;

 private:
  ServerAnswer take(const ServerRequest& request);

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  Mode mode_;
  std::size_t requests_ = 0;
  std::map<std::string, std::vector<Json>> items_;
  std::vector<std::string> faults_;
  std::string everything_;
  std::unique_ptr<HttpServer> server_;  // last: its threads use all of the above
};

}  // namespace integration
