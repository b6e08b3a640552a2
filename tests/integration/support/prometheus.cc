#include "integration/support/prometheus.h"

#include <ctime>

#include "integration/support/ports.h"

namespace integration {
namespace {

ProcessOptions command(const TempDir& folder, std::uint16_t port,
                       const std::map<std::string, std::uint16_t>& jobs,
                       const PrometheusOptions& options) {
  std::string config = "global: {scrape_interval: 1s}\nscrape_configs:\n";
  for (const auto& [name, target] : jobs) {
    config += "- job_name: " + name + "\n";
    if (!options.token.empty()) config += "  authorization: {credentials: " + options.token + "}\n";
    config += "  static_configs: [{targets: ['127.0.0.1:" + std::to_string(target) + "']}]\n";
  }
  write_file(folder.file("prometheus.yml"), config);
  ProcessOptions result{
      .command = {"prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data",
                  "--web.listen-address=127.0.0.1:" + std::to_string(port), "--log.level=warn"},
      .directory = folder.path()};
  if (!options.features.empty()) {
    result.command.push_back("--enable-feature=" + options.features);
  }
  return result;
}

}  // namespace

Prometheus::Prometheus(const std::map<std::string, std::uint16_t>& jobs,
                       const PrometheusOptions& options)
    : port_(free_port()), process_(command(folder_, port_, jobs, options)), http_(port_) {}

std::optional<double> Prometheus::query(const std::string& expression) {
  const Response response = http_.get("/api/v1/query?query=" + percent_encode(expression));
  if (response.status != 200) return std::nullopt;
  const Json result = response.json()["data"]["result"];
  if (result.empty()) return std::nullopt;
  return std::stod(result[0]["value"][1].get<std::string>());
}

bool Prometheus::becomes(const std::string& expression, double value) {
  return eventually([&] { return query(expression) == value; }, std::chrono::seconds{60});
}

std::set<std::string> Prometheus::exemplars(const std::string& selector) {
  const std::time_t now = std::time(nullptr);
  const Response response =
      http_.get("/api/v1/query_exemplars?query=" + percent_encode(selector) +
                "&start=" + std::to_string(now - 600) + "&end=" + std::to_string(now + 60));
  std::set<std::string> traces;
  if (response.status != 200) return traces;
  const Json answer = response.json();
  for (const Json& series : answer["data"]) {
    for (const Json& exemplar : series["exemplars"])
      traces.insert(exemplar["labels"]["trace_id"].get<std::string>());
  }
  return traces;
}

}  // namespace integration
