#include "integration/support/otel_service.h"

#include <stdexcept>

#include "integration/support/ports.h"
#include "integration/support/wait.h"

namespace integration {

OtelService::OtelService(const std::string& form, const std::string& trace_id)
    : port_(free_port()),
      process_({.command = {"sh", "-c",
                            "TRACE_ID=" + trace_id +
                                " PATH=node_modules/.bin:$PATH exec node otel_service.cjs " +
                                std::to_string(port_) + " " + form},
                .directory = PEERS_FOLDER}),
      http_(port_) {
  const bool ready =
      eventually([this] { return !process_.running() || http_.get("/spans").status == 200; }, 30s);
  if (!ready || !process_.running()) {
    throw std::runtime_error(
        "the service on OpenTelemetry's SDK does not answer; `scripts/bootstrap test` installs "
        "it: " +
        process_.output() + process_.errors());
  }
}

std::string OtelService::url() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

Json OtelService::call(const std::string& url, const Json& body) {
  return http_.post("/call?url=" + url, body).json();
}

std::vector<Json> OtelService::spans() {
  return http_.get("/spans").json().get<std::vector<Json>>();
}

}  // namespace integration
