#include <curl/curl.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>

#include "health_agent/demo.h"
#include "health_agent/doctor.h"
#include "health_agent/dotenv.h"
#include "health_agent/log.h"
#include "health_agent/logging.h"
#include "health_agent/otlp_setup.h"
#include "health_agent/private_files.h"
#include "health_agent/sentry_setup.h"
#include "health_agent/service.h"
#include "health_agent/settings.h"
#include "health_agent/starting.h"
#include "health_agent/systemd.h"
#include "health_agent/version.h"
#include "health_agent/watchdog.h"
#include "vitals/console/recent_events.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/otlp/client.h"
#include "vitals/sentry/client.h"

namespace {

using health_agent::LoadedSettings;
using health_agent::service_log;
using health_agent::Settings;

/// sysexits.h: something was found in an unconfigured or misconfigured state.
constexpr int kExitConfig = 78;

struct Arguments {
  bool demo = false;
  double seconds = 0;  // 0: until a signal
  bool had_dotenv = false;
};

LoadedSettings load() {
  return health_agent::load_settings(health_agent::process_environment(),
                                     health_agent::read_dotenv(".env"));
}

/// Signals are taken one by one by wait_for_end(), never in the middle of something. Before the
/// first thread, so that all inherit it.
sigset_t take_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return signals;
}

vitals::sentry::Guard start_sentry(const Settings& settings,
                                   vitals::console::RecentEvents* recent) {
  if (!settings.enable_sentry) return {};
  vitals::sentry::Options options = health_agent::sentry_options(settings);
  if (recent != nullptr) options.on_rendered = recent->listener();
  auto guard = vitals::sentry::init(std::move(options));
  if (!guard) throw std::runtime_error("Sentry cannot start: " + guard.error().message);
  return std::move(*guard);
}

vitals::otlp::Guard start_otlp(const Settings& settings) {
  if (!settings.enable_otlp) return {};
  auto guard = vitals::otlp::init(health_agent::otlp_options(settings));
  if (!guard) throw std::runtime_error("OTLP cannot start: " + guard.error().message);
  return std::move(*guard);
}

/// `had_dotenv`: the settings came from a .env file too.
void reload(health_agent::Service& service, bool had_dotenv) {
  try {
    const LoadedSettings fresh = load();
    if (had_dotenv && !fresh.from_dotenv) {
      service_log.warn(
          "SIGHUP: nothing was taken: .env is gone or empty, and the service was started with one");
      return;
    }
    service.reload(fresh);
  } catch (const std::exception& error) {
    service_log.warn("SIGHUP: nothing was taken: {}", error.what());
  }
}

/// Waits for SIGTERM, SIGINT or the time to be over; SIGHUP reloads the settings. Tells the
/// watchdog meanwhile that this thread lives.
void wait_for_end(const sigset_t& signals, const Arguments& arguments,
                  health_agent::Service& service, health_agent::Watchdog& watchdog) {
  using Clock = std::chrono::steady_clock;
  using std::chrono::nanoseconds;
  constexpr double kLongest = 1e9;  // some thirty years; a number of more may have no nanoseconds
  const auto end =
      Clock::now() + std::chrono::duration<double>(std::min(arguments.seconds, kLongest));
  for (;;) {
    auto wait = watchdog.pause().value_or(std::chrono::hours{1});
    if (arguments.seconds > 0) {
      const auto left = std::chrono::duration_cast<nanoseconds>(end - Clock::now());
      if (left.count() <= 0) return;
      wait = std::min(wait, left);
    }
    const timespec timeout{wait.count() / 1'000'000'000, wait.count() % 1'000'000'000};
    const int signal = sigtimedwait(&signals, nullptr, &timeout);
    watchdog.beat();
    if (signal == SIGTERM || signal == SIGINT) {
      service_log.info("{} received: finishing the requests under way",
                       signal == SIGTERM ? "SIGTERM" : "SIGINT");
      return;
    }
    if (signal == SIGHUP) reload(service, arguments.had_dotenv);
  }
}

/// How the watchdog asks whether the service answers.
health_agent::Watchdog::Ask asking(const health_agent::Service::Place& place) {
  if (place.port == 0) return {};
  return [place](std::chrono::milliseconds timeout, const std::stop_token& stop) {
    return health_agent::ask_listener(place.host, place.port, place.path, timeout, stop);
  };
}

/// `ending` is made when the end begins.
void run(const Arguments& arguments, const Settings& settings, const sigset_t& signals,
         std::shared_ptr<vitals::console::RecentEvents> recent, vitals::otlp::Guard& otlp,
         std::optional<health_agent::EndsOnInterrupt>& ending) {
  service_log.info("health-agent {} starts in the environment {}", health_agent::kVersion,
                   settings.sentry_environment);
  for (const std::string& path : health_agent::open_to_others(private_paths(settings)))
    service_log.warn("{} may be read or written by other users of this machine: chmod go-rwx it",
                     path);
  health_agent::Systemd systemd;
  std::optional<health_agent::SignalsWhileStarting> starting{std::in_place};
  // From when on it serves, a signal ends it in order: it waits to be taken below.
  health_agent::Service service{settings, std::move(recent), [&] { starting.reset(); },
                                [&](std::string what) { starting->doing(std::move(what)); }};
  systemd.ready();
  health_agent::Watchdog watchdog{systemd, asking(service.place())};
  {
    std::optional<health_agent::Demo> demo;
    if (arguments.demo) {
      std::fputs(health_agent::Demo::guide(settings).c_str(), stdout);
      std::fflush(stdout);
      demo.emplace(settings);
    }
    wait_for_end(signals, arguments, service, watchdog);
    ending.emplace();
    watchdog.stop();
    systemd.stopping();
    if (demo) {
      const auto counts = demo->counts();
      std::printf("health-agent demo: %ld requests, %ld of them failed on purpose or otherwise\n",
                  counts.requests, counts.failed);
    }
  }
  service.stop();
  otlp.end();  // which reads the metrics a last time, so before they go
}

}  // namespace

int main(int argc, char** argv) {
  // A write beyond a limit on the size of files fails as one to a full disk does, the doctor's too.
  ::signal(SIGXFSZ, SIG_IGN);
  Arguments arguments;
  CLI::App app{
      "health-agent: tell it what you ate. It is set up by environment variables; see "
      ".env.example."};
  app.set_version_flag("--version", std::string{health_agent::kVersion});
  app.add_flag("--demo", arguments.demo, "Also run a crowd of synthetic users against the service");
  app.add_option("--for", arguments.seconds, "Stop after so many seconds")
      ->check(CLI::PositiveNumber);
  CLI::App* doctor = app.add_subcommand(
      "doctor", "Check every part that is set up, change nothing, and say what is wrong");
  bool as_json = false;
  doctor->add_flag("--json", as_json, "Say it in JSON");
  CLI11_PARSE(app, argc, argv);
  if (*doctor) {
    using health_agent::doctor::Format;
    return health_agent::doctor::main(as_json ? Format::kJson : Format::kText);
  }

  const sigset_t signals = take_signals();
  Settings settings;
  try {
    LoadedSettings loaded = load();
    if (!loaded.faults.empty()) {
      std::fprintf(stderr, "health-agent: %s", health_agent::describe(loaded.faults).c_str());
      return kExitConfig;
    }
    settings = std::move(loaded.settings);
    arguments.had_dotenv = loaded.from_dotenv;
    if (arguments.demo) {
      const bool own_faults = settings.faults.any();
      settings = health_agent::demo_settings(std::move(settings), own_faults);
    }
    health_agent::start_logging(settings.log_level, settings.log_format,
                                settings.enable_otlp ? health_agent::RequestLines::kSent
                                                     : health_agent::RequestLines::kKept);
    for (const std::string& warning : loaded.warnings)
      service_log.warn("{}", warning);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "health-agent: %s\n", error.what());
    return kExitConfig;
  }

  int exit_code = 0;
  vitals::sentry::Guard sentry;
  vitals::otlp::Guard otlp;
  std::optional<health_agent::EndsOnInterrupt> ending;
  try {
    std::shared_ptr<vitals::console::RecentEvents> recent;  // what the console shows
    const bool anywhere = !settings.sentry_dsn.empty() || !settings.sentry_spotlight.empty();
    if (settings.enable_sentry && settings.enable_console && anywhere)
      recent = std::make_shared<vitals::console::RecentEvents>();
    health_agent::require_room_for(health_agent::threads_needed(settings));
    // Before libcurl is used: the client sees to it that TLS outlives what it sends at the end.
    sentry = start_sentry(settings, recent.get());
    otlp = start_otlp(settings);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    vitals::context::set_tag("operation", "start");
    run(arguments, settings, signals, std::move(recent), otlp, ending);
    service_log.info("health-agent has ended");
  } catch (const std::exception& error) {
    vitals::context::capture_exception(
        error, {.level = vitals::Level::kFatal, .handled = false, .mechanism = "start"});
    health_agent::access_log.critical("health-agent cannot start: {}", error.what());
    exit_code = 1;
  }
  // The event of a start that failed is all that is heard of it, and the client's first: to find the
  // names for its stack takes a second, and on a busy machine several.
  constexpr std::chrono::seconds kForTheOnlyEvent{5};
  otlp.end();
  sentry.end(exit_code == 0 ? std::nullopt : std::optional{kForTheOnlyEvent});
  return exit_code;
}
