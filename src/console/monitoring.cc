#include "vitals/console/monitoring.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <utility>

#include "base/say_line.h"
#include "vitals/console/console.h"
#include "vitals/console/recent_events.h"
#include "vitals/delivery/transport.h"
#include "vitals/exporting/scrape.h"
#include "vitals/metrics/registry.h"
#include "vitals/metrics/scoped_definition.h"
#include "vitals/metrics/self_metrics.h"
#include "vitals/monitor/state.h"
#include "vitals/otlp/client.h"
#include "vitals/otlp/environment.h"
#include "vitals/sentry/client.h"

namespace vitals::console {
namespace {

/// What stands in the variable where nothing is given.
std::string given_or(std::string given, const char* variable) {
  if (!given.empty()) return given;
  const char* const value = std::getenv(variable);
  return value != nullptr ? value : "";
}

std::string random_token() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device device;
  std::string token;
  for (int i = 0; i < 32; ++i)
    token += kDigits[device() % kDigits.size()];
  return token;
}

/// Where events go of a service that has no Sentry: the console alone.
class Nowhere final : public delivery::Transport {
 public:
  delivery::SendResult send(const delivery::SendRequest&) override { return {.status = 200}; }
};

sentry::Guard start_sentry(MonitoringOptions& options, RecentEvents& recent) {
  sentry::Options& sentry = options.sentry;
  const sentry::Options unset;
  const auto choose = [](std::string& into, std::string given, const std::string& otherwise,
                         const char* variable) {
    if (given.empty() && into != otherwise) given = into;
    given = given_or(std::move(given), variable);
    if (!given.empty()) into = std::move(given);
  };
  choose(sentry.dsn, std::move(options.dsn), unset.dsn, "SENTRY_DSN");
  choose(sentry.release, std::move(options.release), unset.release, "SENTRY_RELEASE");
  choose(sentry.environment, std::move(options.environment), unset.environment,
         "SENTRY_ENVIRONMENT");
  if (options.traces_sample_rate) sentry.traces_sample_rate = options.traces_sample_rate;
  if (!sentry.traces_sample_rate) sentry.traces_sample_rate = 0.1;
  if (sentry.dsn.empty()) {
    sentry.dsn = "http://local@localhost/0";
    if (!sentry.transport) sentry.transport = std::make_shared<Nowhere>();
    sentry.trace_propagation_targets.clear();  // nobody could find what they name
  }
  sentry.on_rendered = [listener = recent.listener(), own = std::move(sentry.on_rendered)](
                           const sentry::Event& event, std::string_view payload) {
    listener(event, payload);
    if (own) own(event, payload);
  };
  Result<sentry::Guard> guard = sentry::init(sentry);  // a copy: the console shows some of it
  if (!guard) throw std::invalid_argument("MonitoringOptions: " + guard.error().message);
  return std::move(*guard);
}

bool environment_names_receiver() {
  constexpr std::array kNames{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                              "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
                              "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"};
  return std::ranges::any_of(kNames, [](const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr && *value != '\0';
  });
}

otlp::Guard start_otlp(MonitoringOptions& options, metrics::Registry& registry) {
  if (!options.otlp && !environment_names_receiver()) return {};
  otlp::Options given = std::move(options.otlp).value_or(otlp::Options{});
  if (given.resource.service_name.empty()) given.resource.service_name = options.name;
  if (given.resource.environment.empty()) given.resource.environment = options.sentry.environment;
  if (given.registries.empty()) given.registries.push_back(&registry);
  if (given.counts == nullptr) given.counts = &registry;
  otlp::FromEnvironment said = otlp::from_environment(std::move(given));
  for (const otlp::VariableFault& fault : said.faults)
    base::say_line(options.name, "left out:", fault.text());
  Result<otlp::Guard> guard = otlp::init(std::move(said.options));
  if (!guard) throw std::invalid_argument("MonitoringOptions: " + guard.error().message);
  return std::move(*guard);
}

std::string console_token(const MonitoringOptions& options) {
  std::string token = given_or(options.console_token, "CONSOLE_TOKEN");
  if (!token.empty()) return token;
  token = random_token();
  base::say_line(options.name, "the console's key, since CONSOLE_TOKEN is not set, is", token);
  return token;
}

}  // namespace

struct Monitoring::Impl {
  explicit Impl(MonitoringOptions options)
      : token(vitals::console::console_token(options)),
        mount(options.console_mount),
        registry(options.registry != nullptr ? *options.registry : metrics::default_registry()),
        sentry(start_sentry(options, *recent)),
        metrics(monitor::enable_metrics(registry, options.metrics)),
        self(metrics::add_self_metrics(registry)),
        otlp(start_otlp(options, registry)),
        scrapes(registry, {.token = given_or(options.metrics_token, "METRICS_TOKEN")}),
        console(&registry, recent,
                {.name = options.name,
                 .release = options.sentry.release,
                 .environment = options.sentry.environment,
                 .mount = mount,
                 .token = token}) {
    registry.on_left_out([name = options.name](std::string_view what) {
      base::say_line(name, "left out of a scrape:", what);
    });
  }

  const std::string token;
  const std::string mount;
  const std::shared_ptr<RecentEvents> recent = std::make_shared<RecentEvents>();
  metrics::Registry& registry;
  sentry::Guard sentry;
  monitor::MetricsGuard metrics;
  metrics::ScopedDefinition self;
  otlp::Guard otlp;  // goes before what it reads a last time
  exporting::ScrapeHandler scrapes;
  Console console;
};

Monitoring::Monitoring(MonitoringOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}

Monitoring::~Monitoring() = default;

metrics::Registry& Monitoring::registry() const noexcept {
  return impl_->registry;
}

exporting::ScrapeHandler& Monitoring::scrapes() const noexcept {
  return impl_->scrapes;
}

Console& Monitoring::console() const noexcept {
  return impl_->console;
}

const std::string& Monitoring::console_mount() const noexcept {
  return impl_->mount;
}

const std::string& Monitoring::console_token() const noexcept {
  return impl_->token;
}

}  // namespace vitals::console
