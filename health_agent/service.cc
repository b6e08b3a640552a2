#include "health_agent/service.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "health_agent/agent/agent.h"
#include "health_agent/agent/remote/prices.h"
#include "health_agent/api/audit.h"
#include "health_agent/api/handlers.h"
#include "health_agent/api/server.h"
#include "health_agent/bot/bot.h"
#include "health_agent/cache/cached_users.h"
#include "health_agent/cache/make_cache.h"
#include "health_agent/coach.h"
#include "health_agent/db/migrations.h"
#include "health_agent/db/pool.h"
#include "health_agent/db/store.h"
#include "health_agent/db/url.h"
#include "health_agent/dotenv.h"
#include "health_agent/http_client.h"
#include "health_agent/log.h"
#include "health_agent/logging.h"
#include "health_agent/starting.h"
#include "health_agent/version.h"
#include "vitals/console/console.h"
#include "vitals/exporting/exposer.h"
#include "vitals/exporting/scrape.h"
#include "vitals/metrics/registry.h"
#include "vitals/metrics/self_metrics.h"
#include "vitals/monitor/cache.h"
#include "vitals/monitor/db.h"
#include "vitals/monitor/state.h"
#include "vitals/sentry/client.h"

namespace health_agent {
namespace {

using namespace std::chrono_literals;

/// How long requests under way may take to finish when the service is told to stop.
constexpr auto kDrain = 10s;

db::PoolOptions pool_options(const Settings& settings) {
  db::PoolOptions options;
  options.url = settings.database_url;
  options.size = settings.database_pool_size;
  options.on_writing = [](bool works, const std::string& cause) {
    if (works) {
      service_log.info("the database can be written again");
    } else {
      service_log.error("the database cannot be written for now, reading goes on: {}", cause);
    }
  };
  return options;
}

std::string name_of_database(const Settings& settings) {
  const auto url = db::parse_database_url(settings.database_url);
  if (!url) return "the database";
  return url->kind == db::DatabaseUrl::Kind::kSqlite ? url->path : db::shown(url->postgres);
}

db::PoolOptions opening(const Settings& settings, const std::function<void(std::string)>& doing) {
  if (doing) {
    doing("opens the pool of " + std::to_string(settings.database_pool_size) + " connections to " +
          name_of_database(settings) +
          "; a pooler in front has to give it as many (DATABASE_POOL_SIZE)");
  }
  return pool_options(settings);
}

int migrating(db::Pool& pool, const Settings& settings,
              const std::function<void(std::string)>& doing) {
  if (doing) {
    doing("brings the tables of " + name_of_database(settings) +
          " up to date by a connection of its pool, or waits for its turn to do so");
  }
  const int taken = db::migrate(pool);
  if (doing) doing("starts what stands on the database");
  return taken;
}

/// Handlers wait for the database, and there is no use in more of them than it has connections.
std::size_t workers(const Settings& settings) {
  return static_cast<std::size_t>(settings.database_pool_size);
}

cache::CacheOptions cache_options(const Settings& settings) {
  cache::CacheOptions options;
  options.redis_url = settings.redis_url;
  options.ttl = std::chrono::seconds{settings.cache_ttl_seconds};
  options.users = workers(settings) + slow_workers(settings) + bot::BotOptions{}.threads;
  options.warn = [](const std::string& words) { service_log.warn("{}", words); };
  options.tell = [](const std::string& words) { service_log.info("{}", words); };
  return options;
}

/// Turns the metrics on. Where nobody gets them the guard is empty.
vitals::monitor::MetricsGuard start_metrics(const Settings& settings) {
  if (!collects_metrics(settings)) return {};
  vitals::metrics::Registry& registry = vitals::metrics::default_registry();
  vitals::metrics::add_self_metrics(registry);
  registry.on_left_out([](std::string_view what) { service_log.warn("/metrics: {}", what); });
  vitals::monitor::expect_cache();  // so that its rate is there from the start
  return vitals::monitor::enable_metrics(registry);
}

/// What serves the metrics; null while they are off.
std::unique_ptr<vitals::exporting::ScrapeHandler> make_scrapes(const Settings& settings) {
  if (!settings.enable_prometheus) return nullptr;
  return std::make_unique<vitals::exporting::ScrapeHandler>(
      vitals::metrics::default_registry(),
      vitals::exporting::ScrapeOptions{.token = settings.metrics_token});
}

bool has_api(const Settings& settings) {
  return settings.run_mode != "bot";
}

bool has_webhook(const Settings& settings) {
  return settings.run_mode == "both" && !settings.telegram_webhook_secret.empty();
}

/// The metrics-only listener. A port that is taken is a warning: /metrics stays on the API port,
/// where there is one.
std::unique_ptr<vitals::exporting::Exposer> start_exposer(
    const Settings& settings, vitals::exporting::ScrapeHandler* scrapes) {
  if (scrapes == nullptr || settings.prometheus_port == 0) return nullptr;
  if (shares_port(settings)) return nullptr;  // load_settings() has warned of it
  auto exposer = vitals::exporting::Exposer::start(
      {.host = settings.api_host,
       .port = settings.prometheus_port,
       .allowed_hosts = settings.allowed_hosts,
       .on_trouble = [](std::string_view what) { service_log.warn("{}", what); },
       .on_refused = [guard = std::make_shared<api::ScrapeGuard>(settings.rate_limit_per_minute)](
                         std::string_view address) { return guard->refused(address); }},
      *scrapes);
  if (!exposer) {
    service_log.warn("PROMETHEUS_PORT {}: {}; {}", settings.prometheus_port,
                     exposer.error().message,
                     has_api(settings) ? "/metrics stays on the API port" : "there is no /metrics");
    return nullptr;
  }
  return std::move(*exposer);
}

/// The live page at /console; nothing with ENABLE_CONSOLE=false.
std::unique_ptr<vitals::console::Console> start_console(
    const Settings& settings, std::shared_ptr<vitals::console::RecentEvents> recent) {
  if (!settings.enable_console) return nullptr;
  const vitals::metrics::Registry* const registry =
      collects_metrics(settings) ? &vitals::metrics::default_registry() : nullptr;
  return std::make_unique<vitals::console::Console>(
      registry, std::move(recent),
      vitals::console::ConsoleOptions{.name = "health-agent",
                                      .release = settings.sentry_release.empty()
                                                     ? std::string{kRelease}
                                                     : settings.sentry_release,
                                      .environment = settings.sentry_environment});
}

api::ServerOptions server_options(const Settings& settings) {
  api::ServerOptions options;
  options.host = settings.api_host;
  options.port = settings.api_port;
  options.admission.keys = settings.api_keys;
  options.admission.cors_origins = settings.cors_origins;
  options.admission.allowed_hosts = settings.allowed_hosts;
  options.admission.api_host = settings.api_host;
  options.admission.trusted_proxies = settings.trusted_proxies;
  options.admission.rate_limit_per_minute = settings.rate_limit_per_minute;
  options.admission.telegram_secret = settings.telegram_webhook_secret;
  if (settings.enable_prometheus) options.admission.metrics_token = settings.metrics_token;
  options.keep_alive = std::chrono::seconds{settings.keep_alive_seconds};
  options.workers = workers(settings);
  options.slow_workers = slow_workers(settings);
  // Each model has the agent's timeout for itself.
  const int models = settings.agent_fallback_model.empty() ? 1 : 2;
  options.handler_timeout = std::chrono::seconds{models * settings.agent_timeout_seconds + 60};
  options.send_addresses = settings.sentry_send_default_pii;
  if (collects_metrics(settings)) options.registry = &vitals::metrics::default_registry();
  return options;
}

std::unique_ptr<bot::Bot> make_bot(const Settings& settings, HttpClient& http, db::Pool& pool,
                                   db::Store& store, cache::CachedUsers& users, Coach& coach) {
  if (settings.run_mode == "api") return nullptr;
  bot::BotOptions options;
  options.token = settings.telegram_bot_token;
  options.api_url = settings.telegram_api_url;
  options.allowed_ids = settings.allowed_telegram_ids;
  options.webhook = has_webhook(settings);
  if (collects_metrics(settings)) options.registry = &vitals::metrics::default_registry();
  return std::make_unique<bot::Bot>(std::move(options), http, pool, store, users, coach);
}

/// Lets the metrics ask the pool while it is there, also when the start comes no further.
class PoolGauges {
 public:
  explicit PoolGauges(const db::Pool& pool) {
    vitals::monitor::set_pool_source([&pool] { return pool.counts(); });
  }
  ~PoolGauges() { vitals::monitor::set_pool_source({}); }
  PoolGauges(const PoolGauges&) = delete;
  PoolGauges& operator=(const PoolGauges&) = delete;
};

}  // namespace

struct Service::Impl {
  Impl(const Settings& settings, std::shared_ptr<vitals::console::RecentEvents> recent,
       const std::function<void()>& before_serving, const std::function<void(std::string)>& doing)
      : has_keys(!settings.api_keys.empty()),
        metrics(start_metrics(settings)),
        scrapes(make_scrapes(settings)),
        console(start_console(settings, std::move(recent))),
        pool(opening(settings, doing)),
        gauges(pool),
        migrated(migrating(pool, settings, doing)),
        store(pool),
        cache(cache::make_cache(cache_options(settings))),
        users(store, *cache),
        agent_settings(agent_options(settings, give_up.get_token())),
        agent(agent::make_agent(agent_settings)),
        coach(store, users, *agent),
        bot(make_bot(settings, http, pool, store, users, coach)) {
    faults::set(settings.faults);
    // First, so that a client of the API can scrape too.
    exposer = start_exposer(settings, scrapes.get());
    if (exposer) place = {settings.api_host, settings.prometheus_port, "/metrics"};
    if (has_api(settings)) make_api(settings);
    if (before_serving) before_serving();
    if (server) {
      server->start();
      place = {settings.api_host, settings.api_port, "/api/health?live"};
    }
    if (bot) bot->start();
    service_log.info("{} (database: {} migration steps taken)",
                     server ? "health-agent listens on http://" +
                                  authority_of(settings.api_host, settings.api_port)
                            : std::string{"health-agent runs its bot alone"},
                     migrated);
  }

  void make_api(const Settings& settings) {
    database = std::make_unique<db::Probe>(store);
    api::Services services{store,  *database,     *cache, users,        coach,
                           *agent, scrapes.get(), {},     console.get()};
    if (has_webhook(settings))
      services.take_update = [this](std::string_view update) { return bot->take(update); };
    services.listener = &listener;
    if (bot) services.bot_healthy = [this] { return bot->healthy(); };
    if (exposer) services.metrics_healthy = [this] { return !exposer->in_trouble(); };
    api::ServerOptions options = server_options(settings);
    options.listener = &listener;
    server = std::make_unique<api::Server>(std::move(options), api::make_routes(services));
  }

  ~Impl() {
    if (console) console->end_streams();  // they end on the server, which goes before the console
  }

  Service::Place place;
  bool has_keys;  // what the API asks for, once it does so
  vitals::monitor::MetricsGuard metrics;
  std::unique_ptr<vitals::exporting::ScrapeHandler> scrapes;
  std::unique_ptr<vitals::console::Console> console;
  db::Pool pool;
  PoolGauges gauges;
  int migrated;
  db::Store store;
  std::unique_ptr<cache::Cache> cache;
  cache::CachedUsers users;
  std::stop_source give_up;  // the calls of models that are still under way
  agent::AgentOptions agent_settings;
  std::unique_ptr<agent::Agent> agent;
  Coach coach;
  HttpClient http;
  std::unique_ptr<bot::Bot> bot;
  api::ListenerState listener;
  std::unique_ptr<db::Probe> database;
  std::unique_ptr<vitals::exporting::Exposer> exposer;
  std::unique_ptr<api::Server> server;
};

Service::Service(const Settings& settings, std::shared_ptr<vitals::console::RecentEvents> recent,
                 const std::function<void()>& before_serving,
                 const std::function<void(std::string)>& doing)
    : impl_(std::make_unique<Impl>(settings, std::move(recent), before_serving, doing)) {}
Service::~Service() = default;

void Service::reload(const LoadedSettings& fresh) {
  // A line that cannot be read may be the one of any variable: by the others alone the file says
  // something that nobody has written.
  for (const SettingFault& fault : fresh.faults) {
    if (!fault.variable.starts_with(kDotenvLine)) continue;
    service_log.warn("SIGHUP: nothing was taken: {} cannot be read ({}; accepted: {})",
                     fault.variable, fault.given, fault.accepted);
    return;
  }
  for (const std::string& warning : fresh.warnings)
    service_log.warn("{}", warning);
  const auto good = [&](std::string_view variable) {
    if (const auto half = fresh.unended.find(variable); half != fresh.unended.end()) {
      service_log.warn(
          "SIGHUP: {} was not taken: no newline ends the last line of {}, which may be half of "
          "what is to be there",
          variable, half->second);
      return false;
    }
    const auto fault =
        std::find_if(fresh.faults.begin(), fresh.faults.end(), [&](const SettingFault& candidate) {
          const std::string_view at_fault = candidate.variable;
          return at_fault == variable ||
                 (at_fault.starts_with(variable) && at_fault.substr(variable.size()) == "_FILE");
        });
    if (fault == fresh.faults.end()) return true;
    service_log.warn("SIGHUP: {} was not taken: {} was given; accepted: {}", fault->variable,
                     fault->given, fault->accepted);
    return false;
  };
  // Of a file that is written at this moment lines may be missing.
  const auto taken = [&](std::string_view variable) {
    if (!good(variable)) return false;
    if (fresh.given.contains(variable)) return true;
    service_log.info("SIGHUP: {} is not set: the value from before stays until a restart",
                     variable);
    return false;
  };
  const Settings& s = fresh.settings;
  constexpr double kAsBefore = std::numeric_limits<double>::quiet_NaN();
  if (taken("SENTRY_SAMPLE_RATE")) {
    vitals::sentry::set_sample_rates(s.sentry_sample_rate, kAsBefore);
    service_log.info("SIGHUP: took SENTRY_SAMPLE_RATE {}", s.sentry_sample_rate);
  }
  if (taken("SENTRY_TRACES_SAMPLE_RATE")) {
    vitals::sentry::set_sample_rates(kAsBefore, s.sentry_traces_sample_rate);
    service_log.info("SIGHUP: took SENTRY_TRACES_SAMPLE_RATE {}", s.sentry_traces_sample_rate);
  }
  if (taken("SENTRY_FINGERPRINT_RULES")) {
    const auto rules = vitals::sentry::set_fingerprint_rules(s.sentry_fingerprint_rules);
    if (rules) service_log.info("SIGHUP: took SENTRY_FINGERPRINT_RULES, {} rules", *rules);
  }
  if (taken("AGENT_PRICES_FILE")) {
    const agent::AgentOptions options = agent_options(s);
    const std::size_t rows = options.prices->table()->rows();
    impl_->agent_settings.prices->replace(*options.prices->table());
    service_log.info("SIGHUP: took {} rows of {}", rows,
                     s.agent_prices.empty() ? "the shipped price table" : "AGENT_PRICES_FILE");
  }
  if (impl_->server && good("API_KEYS")) {
    // What wants a key goes on wanting one, whatever API_HOST is: behind a proxy on this machine
    // the loopback address is open to everybody too.
    if (s.api_keys.empty() && impl_->has_keys) {
      service_log.warn(
          "SIGHUP: API_KEYS was not taken: there is none any more, so those from before stay; to "
          "open the API to everybody takes a restart");
    } else if (impl_->server->set_api_keys(s.api_keys)) {
      impl_->has_keys = !s.api_keys.empty();
      service_log.info("SIGHUP: took {} API_KEYS", s.api_keys.size());
    }
  }
  if (taken("LOG_LEVEL")) {
    set_log_level(s.log_level);
    service_log.info("SIGHUP: took LOG_LEVEL {}", s.log_level);
  }
}

Service::Place Service::place() const {
  return impl_->place;
}

void Service::stop() {
  const auto end = std::chrono::steady_clock::now() + kDrain;
  if (impl_->bot) impl_->bot->stop_polling();
  if (impl_->console) impl_->console->end_streams();  // which would be waited for
  if (impl_->server && !impl_->server->drain(kDrain))
    service_log.warn("some requests were given up: they were not done within the drain time");
  const auto left = std::max<std::chrono::milliseconds>(
      0ms, std::chrono::duration_cast<std::chrono::milliseconds>(end -
                                                                 std::chrono::steady_clock::now()));
  if (impl_->bot && !impl_->bot->stop(left))
    service_log.warn("some updates were not done within the drain time; the next process goes on");
  impl_->give_up.request_stop();
  if (impl_->server) impl_->server->stop();
}

}  // namespace health_agent
