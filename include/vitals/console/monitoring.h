#pragma once

#include <memory>
#include <optional>
#include <string>

#include "vitals/monitor/options.h"
#include "vitals/otlp/options.h"
#include "vitals/sentry/options.h"

#pragma GCC visibility push(default)

namespace vitals::exporting {
class ScrapeHandler;
}
namespace vitals::metrics {
class Registry;
}

namespace vitals::console {

class Console;

/// What is chosen of a Monitoring. What is left empty comes from the environment, in the variable
/// that stands beside it.
struct MonitoringOptions {
  std::string name = "service";  ///< shown by the console
  std::string release{};         ///< SENTRY_RELEASE
  std::string environment{};     ///< SENTRY_ENVIRONMENT; `production` without
  /// SENTRY_DSN. Without one nothing leaves the process, and the console shows errors and traces all
  /// the same.
  std::string dsn{};
  /// The share of requests whose trace is kept, 0 to 1; empty: that of `sentry`, else 0.1.
  std::optional<double> traces_sample_rate{};
  /// METRICS_TOKEN: wanted as `Authorization: Bearer …` by scrapes; without one everybody may read.
  std::string metrics_token{};
  /// CONSOLE_TOKEN: the same of the console's data. Without one a random token is made and written
  /// to stderr: what the console shows is nobody else's business.
  std::string console_token{};
  /// Where the server serves the console, without a `/` at the end.
  std::string console_mount = "/console";
  monitor::MetricsOptions metrics{};  ///< names, prefix, labels and buckets of the scopes' metrics
  /// The rest of the Sentry client's options. Where one stands above too, the one above wins; what is
  /// empty in both comes from the environment.
  sentry::Options sentry{};
  /// What is sent to OpenTelemetry's receivers, on top of what their variables say. Without it that is
  /// done where one of `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`,
  /// `…_METRICS_ENDPOINT` and `…_LOGS_ENDPOINT` is set.
  std::optional<otlp::Options> otlp{};
  metrics::Registry* registry = nullptr;  ///< null: metrics::default_registry()
};

/// Metrics, errors, traces and the console with one object, for a service that wants all of it:
///
///     const vitals::console::Monitoring monitoring{{.name = "shop", .release = "shop@1.2"}};
///     vitals::adapters::Monitored<httplib::Server> server;
///     server.mount(monitoring);   // /metrics and /console
///
/// It starts the Sentry client and, where it is wanted, the one for OpenTelemetry, turns the
/// scopes' metrics on, adds what the registry says of itself (metrics::add_self_metrics()), writes
/// to stderr what a scrape leaves out (in place of a listener of the registry's, see
/// Registry::on_left_out()), and keeps all that until it goes: keep it in `main` until everything
/// that is measured is done. Throws std::invalid_argument at options that cannot be, and what
/// enable_metrics() throws. Threads: as its parts.
class Monitoring {
 public:
  /// Throws std::invalid_argument where an option cannot be used, naming it.
  explicit Monitoring(MonitoringOptions options = {});
  Monitoring(const Monitoring&) = delete;
  Monitoring& operator=(const Monitoring&) = delete;
  ~Monitoring();

  /// For the service's own metrics.
  [[nodiscard]] metrics::Registry& registry() const noexcept;
  /// For routes; see vitals/adapters/ for those of a framework.
  [[nodiscard]] exporting::ScrapeHandler& scrapes() const noexcept;
  /// Answers everything below console_mount(). The adapters mount it.
  [[nodiscard]] Console& console() const noexcept;
  /// As in the options.
  [[nodiscard]] const std::string& console_mount() const noexcept;
  /// What the console wants: as it was given, or made.
  [[nodiscard]] const std::string& console_token() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vitals::console

#pragma GCC visibility pop
