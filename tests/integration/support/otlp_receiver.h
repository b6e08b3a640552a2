#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "integration/support/http_server.h"
#include "integration/support/service.h"
#include "integration/support/wait.h"

namespace integration {

/// A receiver of OTLP of the test's own, which reads JSON. Everything wrong with what it gets is in
/// faults(). Threads: any.
class OtlpReceiver {
 public:
  /// Answers a request of that path, `/v1/traces` say; nullptr: 200 for each.
  using Answer = std::function<ServerAnswer(const std::string& path)>;

  /// On a free port, or on that one: a receiver that was away comes back where it was.
  explicit OtlpReceiver(Answer answer = nullptr, std::uint16_t port = 0);

  /// What makes health-agent send here, soon.
  [[nodiscard]] Settings settings(Settings more = {}) const;
  [[nodiscard]] std::uint16_t port() const noexcept { return server_->port(); }

  /// What was accepted: of each its own JSON.
  [[nodiscard]] std::vector<Json> spans() const;
  [[nodiscard]] std::vector<Json> logs() const;
  [[nodiscard]] std::vector<Json> metrics() const;
  /// The resources that came along.
  [[nodiscard]] std::vector<Json> resources() const;
  [[nodiscard]] std::vector<std::string> faults() const;

  /// Waits until `good` says so; false at the deadline (times kSlowness).
  [[nodiscard]] bool wait_for(const std::function<bool(const OtlpReceiver&)>& good,
                              Milliseconds deadline = 60s) const;

 private:
  ServerAnswer take(const ServerRequest& request);

  const Answer answer_;
  mutable std::mutex mutex_;
  std::vector<Json> spans_;
  std::vector<Json> logs_;
  std::vector<Json> metrics_;
  std::vector<Json> resources_;
  std::vector<std::string> faults_;
  std::unique_ptr<HttpServer> server_;  // last: its threads use all of the above
};

/// The value of an attribute of a span, record, event or resource; null where there is none.
[[nodiscard]] Json otlp_attribute(const Json& of, const std::string& name);

/// The spans of that name.
[[nodiscard]] std::vector<Json> spans_named(const OtlpReceiver& receiver, const std::string& name);

}  // namespace integration
