#pragma once

#include <string>
#include <vector>

#include "integration/support/http.h"
#include "integration/support/process.h"

namespace integration {

/// A Node service of the test's own that OpenTelemetry's official SDK instruments: somebody else's
/// idea of what crosses between services. See peers/otel_service.cjs.
class OtelService {
 public:
  /// `form` is the trace headers that it reads and writes: `tracecontext`, `b3` or `b3multi`; each
  /// trace of its own is `trace_id`. Throws when it does not answer.
  OtelService(const std::string& form, const std::string& trace_id);

  [[nodiscard]] std::string url() const;
  /// Posts JSON to another service, as a part of its trace. Gives that service's answer.
  [[nodiscard]] Json call(const std::string& url, const Json& body);
  /// Its own spans that have ended.
  [[nodiscard]] std::vector<Json> spans();

 private:
  std::uint16_t port_;
  Process process_;
  Http http_;
};

}  // namespace integration
