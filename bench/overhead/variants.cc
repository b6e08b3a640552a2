#include "bench/overhead/variants.h"

#include <csignal>
#include <stdexcept>

#include "integration/support/ports.h"

namespace overhead {
namespace {

using integration::Settings;

Settings plain() {
  return {{"LOG_LEVEL", "warning"},
          {"ENABLE_SENTRY", "false"},
          {"ENABLE_PROMETHEUS", "false"},
          {"DATABASE_URL", "sqlite:bench.db"}};
}

Settings with_metrics() {
  Settings settings = plain();
  settings["ENABLE_PROMETHEUS"] = "true";
  return settings;
}

Settings with_all(const std::string& dsn) {
  Settings settings = with_metrics();
  settings["ENABLE_SENTRY"] = "true";
  settings["SENTRY_DSN"] = dsn;
  settings["SENTRY_TRACES_SAMPLE_RATE"] = "0.1";
  return settings;
}

Settings with_otlp(const std::string& url) {
  Settings settings = with_metrics();
  settings["ENABLE_OTLP"] = "true";
  settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = url;
  settings["OTEL_TRACES_SAMPLER"] = "parentbased_traceidratio";
  settings["OTEL_TRACES_SAMPLER_ARG"] = "0.1";
  return settings;
}

}  // namespace

Sink::Sink(const std::string& program, Mode mode)
    : process_(std::make_unique<integration::Process>(integration::ProcessOptions{
          .command = {program, mode == Mode::kHang ? "hang" : "answer"}, .nice = 19})) {
  const bool up = integration::eventually([this] { return process_->output().ends_with('\n'); });
  if (!up) throw std::runtime_error(program + " does not start " + process_->errors());
  port_ = process_->output();
  port_.pop_back();
}

Sink::~Sink() = default;

std::string Sink::url() const {
  return "http://127.0.0.1:" + port_;
}

std::string Sink::dsn() const {
  return "http://bench@127.0.0.1:" + port_ + "/1";
}

std::string Sink::stop() {
  process_->send_signal(SIGTERM);
  static_cast<void>(process_->wait(std::chrono::seconds{5}));
  return process_->output().substr(port_.size() + 1);
}

std::vector<Variant> variants(const Programs& programs, const Sink& answering,
                              const Sink& hanging) {
  const std::string closed =
      "http://bench@127.0.0.1:" + std::to_string(integration::free_port()) + "/1";
  return {
      {'a', "monitoring compiled out", programs.floor, plain()},
      {'b', "both flags off", programs.service, plain()},
      {'c', "metrics only", programs.service, with_metrics()},
      {'d', "metrics, Sentry at 10 %", programs.service, with_all(answering.dsn())},
      {'e', "as (d), Sentry's port closed", programs.service, with_all(closed)},
      {'f', "as (d), Sentry hangs", programs.service, with_all(hanging.dsn())},
      {'g', "metrics, OTLP at 10 %", programs.service, with_otlp(answering.url())},
  };
}

}  // namespace overhead
