#include "integration/support/service.h"

#include <csignal>
#include <cstdio>
#include <stdexcept>

#include "integration/support/ports.h"
#include "integration/support/wait.h"

namespace integration {
namespace {

Complain g_complain = [](const std::string& words) { std::fputs((words + "\n").c_str(), stderr); };

std::uint16_t port_setting(Settings& settings, const std::string& name) {
  const auto found = settings.find(name);
  if (found != settings.end()) return static_cast<std::uint16_t>(std::stoul(found->second));
  const std::uint16_t port = free_port();
  settings[name] = std::to_string(port);
  return port;
}

ProcessOptions process_options(const ServiceOptions& options, const std::string& directory,
                               Settings settings) {
  ProcessOptions result;
  result.command = {options.program};
  result.command.insert(result.command.end(), options.arguments.begin(), options.arguments.end());
  result.environment = std::move(settings);
  result.directory = directory;
  result.limits = options.limits;
  result.own_user = options.own_user;
  return result;
}

}  // namespace

void on_complaint(Complain complain) noexcept {
  g_complain = complain;
}

Service::Service(ServiceOptions options)
    : directory_(options.directory), has_api_(options.has_api) {
  if (directory_.empty()) {
    own_directory_ = std::make_unique<TempDir>();
    directory_ = own_directory_->path();
  }
  Settings settings = options.settings;
  api_port_ = port_setting(settings, "API_PORT");
  metrics_port_ = port_setting(settings, "PROMETHEUS_PORT");
  process_ = std::make_unique<Process>(process_options(options, directory_, std::move(settings)));
  Http client{has_api_ ? api_port_ : metrics_port_};
  const std::string path = has_api_ ? "/api/health" : "/metrics";
  const bool up = eventually(
      [&] {
        return !process_->running() || client.send({.path = path, .timeout = 2s}).status != 0;
      },
      options.ready_within);
  if (!up || !process_->running()) {
    throw std::runtime_error("the service does not start:\n" + process_->output() +
                             process_->errors());
  }
}

Service::~Service() {
  if (!process_->running()) return;
  const Stopped end = stop();
  if (!end.status) {
    g_complain("the service did not stop within 30 s of SIGTERM\n" + errors());
    kill_at_once();
  } else if (end.status->code != 0) {
    g_complain("the service ended with code " + std::to_string(end.status->code) + ", signal " +
               std::to_string(end.status->signal) + "\n" + output() + errors());
  }
}

Metrics Service::metrics() const {
  const Response response = Http{has_api_ ? api_port_ : metrics_port_}.get("/metrics");
  if (response.status != 200)
    throw std::runtime_error("/metrics: " + std::to_string(response.status) + response.error);
  return Metrics::parse(response.body);
}

bool Service::healthy() const {
  return http().get("/api/health").status == 200;
}

Stopped Service::stop(Milliseconds deadline) {
  const auto start = std::chrono::steady_clock::now();
  process_->send_signal(SIGTERM);
  Stopped result;
  result.status = process_->wait(deadline);
  result.seconds = seconds_since(start);
  return result;
}

void Service::kill_at_once() {
  process_->send_signal(SIGKILL);
  static_cast<void>(process_->wait(30s));
}

Finished run_service(const ServiceOptions& options, Milliseconds deadline) {
  const TempDir fresh;
  Settings settings = options.settings;
  if (!settings.contains("API_PORT")) settings["API_PORT"] = std::to_string(free_port());
  if (!settings.contains("PROMETHEUS_PORT"))
    settings["PROMETHEUS_PORT"] = std::to_string(free_port());
  return run(process_options(options, options.directory.empty() ? fresh.path() : options.directory,
                             std::move(settings)),
             deadline);
}

std::size_t times_told(const Service& service, std::string_view words) {
  const std::string text = service.output() + service.errors();
  std::size_t times = 0;
  for (std::size_t at = 0; (at = text.find(words, at)) != std::string::npos; at += words.size())
    ++times;
  return times;
}

bool tells(const Service& service, std::string_view words) {
  const bool told = eventually([&] { return times_told(service, words) > 0; });
  if (!told) g_complain("not told: " + std::string{words} + "\n" + service.errors());
  return told;
}

bool tells_once(const Service& service, std::string_view words) {
  if (!tells(service, words)) return false;
  const std::size_t times = times_told(service, words);
  if (times != 1) {
    g_complain("told " + std::to_string(times) + " times: " + std::string{words} + "\n" +
               service.errors());
  }
  return times == 1;
}

}  // namespace integration
