#include "integration/support/otlp_receiver.h"

#include <utility>

#include "integration/support/ports.h"

namespace integration {
namespace {

/// Appends what stands in `resource…[].scope…[].items[]`.
void gather(const Json& body, const char* resources, const char* scopes, const char* items,
            std::vector<Json>& into, std::vector<Json>& of_resources) {
  for (const Json& of_resource : body.at(resources)) {
    of_resources.push_back(of_resource.at("resource"));
    for (const Json& of_scope : of_resource.at(scopes))
      for (const Json& item : of_scope.at(items))
        into.push_back(item);
  }
}

}  // namespace

OtlpReceiver::OtlpReceiver(Answer answer, std::uint16_t port)
    : answer_(std::move(answer)),
      server_(std::make_unique<HttpServer>(
          port == 0 ? free_port() : port,
          [this](const ServerRequest& request) { return take(request); })) {}

Settings OtlpReceiver::settings(Settings more) const {
  Settings made{{"ENABLE_OTLP", "true"},
                {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:" + std::to_string(port())},
                {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"},
                {"OTEL_BSP_SCHEDULE_DELAY", "50"},
                {"OTEL_BLRP_SCHEDULE_DELAY", "50"},
                {"OTEL_METRIC_EXPORT_INTERVAL", "200"}};
  more.merge(made);
  return more;
}

ServerAnswer OtlpReceiver::take(const ServerRequest& request) {
  ServerAnswer answer = answer_ ? answer_(request.path) : ServerAnswer{};
  if (answer.status != 200) return answer;
  const std::lock_guard lock{mutex_};
  if (request.method != "POST") faults_.push_back("method " + request.method);
  const auto type = request.headers.find("content-type");
  if (type == request.headers.end() || type->second != "application/json")
    faults_.push_back(request.path + " without its content type");
  try {
    const Json body = Json::parse(request.body);
    if (request.path == "/v1/traces") {
      gather(body, "resourceSpans", "scopeSpans", "spans", spans_, resources_);
    } else if (request.path == "/v1/logs") {
      gather(body, "resourceLogs", "scopeLogs", "logRecords", logs_, resources_);
    } else if (request.path == "/v1/metrics") {
      gather(body, "resourceMetrics", "scopeMetrics", "metrics", metrics_, resources_);
    } else {
      faults_.push_back("path " + request.path);
    }
  } catch (const Json::exception& error) {
    faults_.push_back(request.path + ": " + error.what());
  }
  return answer;
}

std::vector<Json> OtlpReceiver::spans() const {
  const std::lock_guard lock{mutex_};
  return spans_;
}
std::vector<Json> OtlpReceiver::logs() const {
  const std::lock_guard lock{mutex_};
  return logs_;
}
std::vector<Json> OtlpReceiver::metrics() const {
  const std::lock_guard lock{mutex_};
  return metrics_;
}
std::vector<Json> OtlpReceiver::resources() const {
  const std::lock_guard lock{mutex_};
  return resources_;
}
std::vector<std::string> OtlpReceiver::faults() const {
  const std::lock_guard lock{mutex_};
  return faults_;
}

bool OtlpReceiver::wait_for(const std::function<bool(const OtlpReceiver&)>& good,
                            Milliseconds deadline) const {
  return eventually([&] { return good(*this); }, deadline);
}

Json otlp_attribute(const Json& of, const std::string& name) {
  const Json pairs = of.value("attributes", Json::array());
  for (const Json& pair : pairs) {
    if (pair.at("key") == name) return pair.at("value").front();
  }
  return nullptr;
}

std::vector<Json> spans_named(const OtlpReceiver& receiver, const std::string& name) {
  std::vector<Json> found;
  for (Json& span : receiver.spans()) {
    if (span.at("name") == name) found.push_back(std::move(span));
  }
  return found;
}

}  // namespace integration
