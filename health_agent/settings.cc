#include "health_agent/settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <thread>
#include <utility>

#include "health_agent/agent/agent.h"
#include "health_agent/agent/remote/prices.h"
#include "health_agent/cache/redis_tls.h"
#include "health_agent/cache/redis_url.h"
#include "health_agent/db/url.h"
#include "health_agent/dotenv.h"
#include "health_agent/fingerprint.h"
#include "health_agent/hosts.h"
#include "health_agent/private_files.h"
#include "health_agent/setting_reader.h"
#include "vitals/base/ascii.h"
#include "vitals/otlp/environment.h"
#include "vitals/sentry/client.h"
#include "vitals/sentry/dsn.h"

namespace health_agent {
namespace {

/// What may be given as a file, by the name with _FILE at its end.
constexpr std::array kSecrets{"API_KEYS",
                              "METRICS_TOKEN",
                              "SENTRY_DSN",
                              "DATABASE_URL",
                              "REDIS_URL",
                              "ANTHROPIC_API_KEY",
                              "OPENAI_API_KEY",
                              "TELEGRAM_BOT_TOKEN",
                              "TELEGRAM_WEBHOOK_SECRET",
                              "OTEL_EXPORTER_OTLP_HEADERS"};

/// The secret that is told where to stand by NAME_FILE, else the variable itself.
std::string meant_by(std::string_view variable) {
  for (const std::string_view secret : kSecrets) {
    if (variable.starts_with(secret) && variable.substr(secret.size()) == "_FILE")
      return std::string{secret};
  }
  return std::string{variable};
}

/// Whether a header can hold it: a line that ends in the middle of a key fits nobody's.
bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void read_keys(SettingReader& in, Settings& s) {
  auto keys = in.raw("API_KEYS");
  if (!keys) return;
  // A file has a key a line.
  std::replace(keys->begin(), keys->end(), '\n', ',');
  for (const std::string& key : split_list(*keys)) {
    if (is_one_line(key)) {
      s.api_keys.push_back(key);
    } else {
      in.fault("API_KEYS", key, Secret::kYes, "keys without control characters");
    }
  }
}

void read_rules(SettingReader& in, Settings& s) {
  constexpr const char* kName = "SENTRY_FINGERPRINT_RULES";
  std::string path;
  auto text = in.file(kName, path);
  if (!text) return;
  s.sentry_fingerprint_rules = std::move(*text);
  const auto count = vitals::sentry::check_fingerprint_rules(s.sentry_fingerprint_rules);
  if (!count)
    in.fault(kName, path, Secret::kNo, "a file of grouping rules; " + count.error().message);
}

/// OpenTelemetry's variables may be there for other programs: they count where ENABLE_OTLP says so.
void read_otlp(SettingReader& in, LoadedSettings& out) {
  Settings& s = out.settings;
  in.flag("ENABLE_OTLP", s.enable_otlp);
  if (!s.enable_otlp) return;
  auto said = vitals::otlp::from_environment(
      std::move(s.otlp), [&in](std::string_view name) { return in.raw(std::string{name}); });
  s.otlp = std::move(said.options);
  for (vitals::otlp::VariableFault& fault : said.faults)
    out.faults.push_back(
        {std::move(fault.variable), shown(fault.given), std::move(fault.accepted)});
}

void read_monitoring(SettingReader& in, LoadedSettings& out) {
  Settings& s = out.settings;
  in.flag("ENABLE_SENTRY", s.enable_sentry);
  if (const auto dsn = in.raw("SENTRY_DSN")) {
    if (const auto parsed = vitals::sentry::parse_dsn(*dsn); parsed) {
      s.sentry_dsn = *dsn;
    } else {
      in.fault("SENTRY_DSN", *dsn, Secret::kYes, parsed.error().message);
    }
  }
  in.text("SENTRY_ENVIRONMENT", s.sentry_environment);
  in.rate("SENTRY_TRACES_SAMPLE_RATE", s.sentry_traces_sample_rate);
  in.choice("SENTRY_TRACE_LIFECYCLE", s.sentry_trace_lifecycle, {"static", "stream"});
  in.flag("ENABLE_PROMETHEUS", s.enable_prometheus);
  in.integer("PROMETHEUS_PORT", s.prometheus_port, 0, 65535);
  in.text("SENTRY_RELEASE", s.sentry_release);
  in.rate("SENTRY_SAMPLE_RATE", s.sentry_sample_rate);
  if (const auto spotlight = in.raw("SENTRY_SPOTLIGHT")) {
    const std::string word = vitals::base::lower(*spotlight);
    if (word == "true" || word == "1" || word == "yes" || word == "on") {
      s.sentry_spotlight = "http://localhost:8969/stream";
    } else if (is_url(*spotlight, {"http", "https"})) {
      s.sentry_spotlight = *spotlight;
    } else if (word != "false" && word != "0" && word != "no" && word != "off") {
      in.fault("SENTRY_SPOTLIGHT", *spotlight, Secret::kUrl,
               "a boolean, or a URL: http://host[:port]/stream");
    }
  }
  if (s.enable_sentry && !in.raw("SENTRY_DSN") && s.sentry_spotlight.empty()) {
    out.warnings.emplace_back(
        "ENABLE_SENTRY is true but SENTRY_DSN is empty: running without Sentry");
  }
  in.flag("SENTRY_SEND_DEFAULT_PII", s.sentry_send_default_pii);
  if (const auto folder = in.given("SENTRY_CACHE_DIR"))
    s.sentry_cache_dir = *folder;  // empty turns it off
  read_rules(in, s);
  in.flag("SENTRY_DEBUG", s.sentry_debug);
  in.text("METRICS_TOKEN", s.metrics_token);
  if (!is_one_line(s.metrics_token)) {
    in.fault("METRICS_TOKEN", s.metrics_token, Secret::kYes, "a token without control characters");
    s.metrics_token.clear();
  }
  in.flag("ENABLE_CONSOLE", s.enable_console);
  read_otlp(in, out);
}

void read_origins(SettingReader& in, Settings& s) {
  const auto origins = in.raw("CORS_ORIGINS");
  if (!origins) return;
  s.cors_origins.clear();
  for (const std::string& item : split_list(*origins)) {
    if (auto origin = item == "*" ? item : parse_origin(item)) {
      s.cors_origins.push_back(std::move(*origin));
      continue;
    }
    std::string accepted =
        "a comma-separated list of origins as browsers send them, http(s)://host[:port] with "
        "nothing "
        "behind it, or *";
    const std::size_t host = item.find("://");
    const std::size_t path = host == std::string::npos ? host : item.find_first_of("/?#", host + 3);
    if (const auto meant = parse_origin(item.substr(0, path)); meant && path != std::string::npos)
      accepted += "; here " + shown(*meant);
    in.fault("CORS_ORIGINS", item, Secret::kUrl, std::move(accepted));
  }
}

void warn_of_weak(LoadedSettings& out, const std::string& what, std::string_view secret) {
  if (secret.empty() || !is_weak(secret)) return;
  out.warnings.push_back(what + " is easy to guess (" + std::to_string(secret.size()) +
                         " characters): use 16 or more, as `openssl rand -hex 24` makes them");
}

void read_who_may_come(SettingReader& in, LoadedSettings& out) {
  Settings& s = out.settings;
  read_origins(in, s);
  if (const auto hosts = in.raw("ALLOWED_HOSTS")) {
    s.allowed_hosts = split_list(*hosts);
    for (const std::string& host : s.allowed_hosts) {
      if (is_allowed_host(host)) continue;
      in.fault("ALLOWED_HOSTS", host, Secret::kUrl,
               "a comma-separated list of host or host:port as the Host header has them, without "
               "http:// and without a path, or *");
    }
  }
  if (const auto proxies = in.raw("TRUSTED_PROXIES")) {
    for (const std::string& proxy : split_list(*proxies)) {
      if (s.trusted_proxies.add(proxy)) continue;
      in.fault(
          "TRUSTED_PROXIES", proxy, Secret::kNo,
          "a comma-separated list of addresses and networks, such as 192.0.2.1 and 10.0.0.0/8");
    }
  }
  for (std::size_t i = 0; i < s.api_keys.size(); ++i)
    warn_of_weak(out, "API_KEYS: number " + std::to_string(i + 1), s.api_keys[i]);
  warn_of_weak(out, "METRICS_TOKEN", s.metrics_token);
  const auto has_any = [](const std::vector<std::string>& list) {
    return std::find(list.begin(), list.end(), "*") != list.end();
  };
  if (s.api_keys.empty() && has_any(s.cors_origins)) {
    out.warnings.emplace_back(
        "CORS_ORIGINS is * and API_KEYS is empty: any page that a browser on this machine shows "
        "can "
        "read and change everything");
  }
  if (s.api_keys.empty() && has_any(s.allowed_hosts)) {
    out.warnings.emplace_back(
        "ALLOWED_HOSTS is * and API_KEYS is empty: a page whose name is made to lead here can read "
        "and change everything");
  }
}

void read_api(SettingReader& in, LoadedSettings& out) {
  Settings& s = out.settings;
  in.choice("RUN_MODE", s.run_mode, {"api", "bot", "both"});
  in.text("API_HOST", s.api_host);
  // In one spelling, so that what is listened on is what was judged.
  if (const auto address = IpAddress::parse(s.api_host)) s.api_host = address->str();
  in.integer("API_PORT", s.api_port, 1, 65535);
  if (shares_port(s)) {
    out.warnings.push_back("PROMETHEUS_PORT is API_PORT, " + std::to_string(s.api_port) +
                           ": /metrics is on the API's port only, and PROMETHEUS_PORT 0 says so");
  }
  read_keys(in, s);
  if (s.api_keys.empty() && !is_loopback(s.api_host)) {
    in.fault(
        "API_KEYS", "", Secret::kYes,
        "at least one key, since API_HOST " + shown(s.api_host) + " is not a loopback address");
  }
  read_who_may_come(in, out);
  in.integer("KEEP_ALIVE_SECONDS", s.keep_alive_seconds, 1, 3'600);
  in.integer("RATE_LIMIT_PER_MINUTE", s.rate_limit_per_minute, 0, 1'000'000);
  in.choice("LOG_LEVEL", s.log_level,
            {"trace", "debug", "info", "warning", "error", "critical", "off"});
  in.choice("LOG_FORMAT", s.log_format, {"text", "json"});
  if (const auto shares = in.raw("FAULTS")) {
    if (auto parsed = faults::parse(*shares); !parsed) {
      in.fault("FAULTS", *shares, Secret::kNo,
               "handler:SHARE,db:SHARE,agent:SHARE; " + parsed.error().message);
    } else if (parsed->any() && s.sentry_environment != "development") {
      in.fault("FAULTS", *shares, Secret::kNo,
               "nothing, unless SENTRY_ENVIRONMENT is development (it is " +
                   shown(s.sentry_environment) + ")");
    } else {
      s.faults = *parsed;
    }
  }
}

/// Earlier versions took `sqlite:///data/x.db` for a path from the root.
void warn_of_other_file(std::string_view url, const db::DatabaseUrl& parsed, LoadedSettings& out) {
  if (!url.starts_with("sqlite:///") || parsed.path.starts_with('/')) return;
  const std::string from_root = "/" + parsed.path;
  if (::access(from_root.c_str(), F_OK) != 0 || ::access(parsed.path.c_str(), F_OK) == 0) return;
  out.warnings.push_back("DATABASE_URL: sqlite:///" + parsed.path +
                         " is a path from the folder of " +
                         "the process, where no such file is; there is one at " + from_root +
                         ", whose URL is sqlite:///" + from_root);
}

void read_storage(SettingReader& in, LoadedSettings& out) {
  Settings& s = out.settings;
  if (const auto url = in.raw("DATABASE_URL")) {
    if (const auto parsed = db::parse_database_url(*url); parsed) {
      s.database_url = *url;
      warn_of_other_file(*url, *parsed, out);
    } else {
      in.fault("DATABASE_URL", *url, Secret::kUrl, parsed.error().message);
    }
  }
  s.database_pool_size =
      2 * static_cast<int>(std::max(1U, std::thread::hardware_concurrency())) + 5;
  in.integer("DATABASE_POOL_SIZE", s.database_pool_size, 1, 1000);
  if (const auto url = in.raw("REDIS_URL")) {
    const auto parsed = cache::parse_redis_url(*url);
    std::string fault = parsed ? "" : parsed.error().message;
    if (parsed && parsed->tls) {
      if (const auto tls = cache::RedisTls::make(*parsed->tls); !tls) fault = tls.error().message;
    }
    if (fault.empty()) {
      s.redis_url = *url;
    } else {
      in.fault("REDIS_URL", *url, Secret::kUrl, fault);
    }
  }
  in.integer("CACHE_TTL_SECONDS", s.cache_ttl_seconds, 1, 86'400);
}

/// What may stand in a header, or be a model's name: visible ASCII.
bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void read_key(SettingReader& in, const std::string& name, std::string& into) {
  in.text(name, into);
  if (is_visible(into)) return;
  in.fault(name, into, Secret::kYes, "a key of visible ASCII characters");
  into.clear();
}

/// `?api-version=2024-10-21`, as Azure has it.
bool is_api_version(std::string_view query) {
  constexpr std::string_view kName = "?api-version=";
  return query.starts_with(kName) && query.size() > kName.size() &&
         query.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz.-", kName.size()) ==
             std::string_view::npos;
}

void read_base_url(SettingReader& in, const std::string& name, std::string& into) {
  const std::string vendors = into;
  in.url(name, into, {"http", "https"});
  const std::size_t query = std::min(into.find('?'), into.size());
  const std::string_view version = std::string_view{into}.substr(query);
  const bool good = into.find_first_of("#@") == std::string::npos &&
                    (version.empty() || (name == "OPENAI_BASE_URL" && is_api_version(version)));
  if (good) return;
  in.fault(name, into, Secret::kUrl,
           name == "OPENAI_BASE_URL"
               ? "a URL without a user's name, whose query is none but ?api-version=…"
               : "a URL without a query and without a user's name");
  into = vendors;
}

void read_model(SettingReader& in, const std::string& name, std::string& into, const Settings& s) {
  const auto value = in.raw(name);
  if (!value) return;
  if (*value == "local") {
    into = *value;
    return;
  }
  constexpr std::size_t kLongest = 128;
  const std::size_t colon = value->find(':');
  const std::string vendor = value->substr(0, colon);
  const bool named = colon != std::string::npos && colon + 1 < value->size();
  if (!named || (vendor != "anthropic" && vendor != "openai") || !is_visible(*value) ||
      value->size() > kLongest) {
    in.fault(name, *value, Secret::kNo, "local, anthropic:MODEL or openai:MODEL");
    return;
  }
  const std::string& key = vendor == "anthropic" ? s.anthropic_api_key : s.openai_api_key;
  const std::string key_name = vendor == "anthropic" ? "ANTHROPIC_API_KEY" : "OPENAI_API_KEY";
  const std::string& base = vendor == "anthropic" ? s.anthropic_base_url : s.openai_base_url;
  if (key.empty() && !agent::may_lack_key(base)) {
    in.fault(key_name, "", Secret::kYes, "a key, since " + name + " is " + shown(*value));
    return;
  }
  into = *value;
}

void read_prices(SettingReader& in, Settings& s) {
  constexpr const char* kName = "AGENT_PRICES_FILE";
  std::string path;
  auto text = in.file(kName, path);
  if (!text) return;
  if (const auto table = agent::PriceTable::parse(*text); !table) {
    in.fault(kName, path, Secret::kNo, "a price table; " + table.error().message);
    return;
  }
  s.agent_prices = std::move(*text);
}

void read_agent(SettingReader& in, LoadedSettings& out) {
  Settings& s = out.settings;
  read_key(in, "ANTHROPIC_API_KEY", s.anthropic_api_key);
  read_base_url(in, "ANTHROPIC_BASE_URL", s.anthropic_base_url);
  read_key(in, "OPENAI_API_KEY", s.openai_api_key);
  read_base_url(in, "OPENAI_BASE_URL", s.openai_base_url);
  read_model(in, "AGENT_MODEL", s.agent_model, s);
  read_model(in, "AGENT_FALLBACK_MODEL", s.agent_fallback_model, s);
  in.integer("AGENT_TIMEOUT_SECONDS", s.agent_timeout_seconds, 1, 600);
  read_prices(in, s);
  if (!s.agent_fallback_model.empty() && s.agent_fallback_model == s.agent_model) {
    out.warnings.emplace_back("AGENT_FALLBACK_MODEL is the same as AGENT_MODEL: " + s.agent_model);
  }
}

bool consists_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [others](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

/// `123456:ABC-DEF`: the bot's number and its secret. It becomes a part of URLs.
bool is_bot_token(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon > 18 || colon == std::string_view::npos || colon + 1 == text.size())
    return false;
  const std::string_view number = text.substr(0, colon);
  return number.find_first_not_of("0123456789") == std::string_view::npos && text.size() <= 200 &&
         consists_of(text.substr(colon + 1), "-_");
}

void read_allowed_ids(SettingReader& in, Settings& s) {
  const auto ids = in.raw("ALLOWED_TELEGRAM_IDS");
  if (!ids) return;
  for (const std::string& id : split_list(*ids)) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (error != std::errc{} || end != id.data() + id.size() || number <= 0) {
      in.fault("ALLOWED_TELEGRAM_IDS", id, Secret::kNo,
               "a comma-separated list of users' numbers, as @userinfobot tells them");
    } else {
      s.allowed_telegram_ids.push_back(number);
    }
  }
}

void read_bot(SettingReader& in, LoadedSettings& out) {
  Settings& s = out.settings;
  if (const auto token = in.raw("TELEGRAM_BOT_TOKEN")) {
    if (is_bot_token(*token)) {
      s.telegram_bot_token = *token;
    } else {
      in.fault("TELEGRAM_BOT_TOKEN", *token, Secret::kYes,
               "a token as @BotFather gives it: a number, a colon, and letters, digits, - and _");
    }
  } else if (s.run_mode != "api") {
    in.fault("TELEGRAM_BOT_TOKEN", "", Secret::kYes,
             "a token, since RUN_MODE is " + shown(s.run_mode));
  }
  in.url("TELEGRAM_API_URL", s.telegram_api_url, {"http", "https"});
  read_allowed_ids(in, s);
  if (const auto secret = in.raw("TELEGRAM_WEBHOOK_SECRET")) {
    if (secret->size() > 256 || !consists_of(*secret, "-_")) {
      in.fault("TELEGRAM_WEBHOOK_SECRET", *secret, Secret::kYes,
               "1 to 256 letters, digits, - and _");
    } else if (s.run_mode == "bot") {
      in.fault("TELEGRAM_WEBHOOK_SECRET", *secret, Secret::kYes,
               "nothing while RUN_MODE is \"bot\": the webhook is a path of the API, so RUN_MODE "
               "both");
    } else {
      s.telegram_webhook_secret = *secret;
      warn_of_weak(out, "TELEGRAM_WEBHOOK_SECRET", *secret);
    }
  }
  if (s.run_mode != "api" && s.allowed_telegram_ids.empty() && !in.raw("ALLOWED_TELEGRAM_IDS"))
    out.warnings.emplace_back("ALLOWED_TELEGRAM_IDS is empty: the bot answers nobody");
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

LoadedSettings load_settings(const Environment& environment, std::string_view dotenv) {
  LoadedSettings out;
  std::string unended;
  auto variables = parse_dotenv(dotenv, out.faults, &unended);
  out.from_dotenv = !variables.empty();
  SettingReader in{environment, std::move(variables), out.faults};
  in.take_files(kSecrets);
  read_monitoring(in, out);
  read_api(in, out);
  read_storage(in, out);
  read_agent(in, out);
  read_bot(in, out);
  for (const char* name : {"SENTRY_SAMPLE_RATE", "SENTRY_TRACES_SAMPLE_RATE",
                           "SENTRY_FINGERPRINT_RULES", "AGENT_PRICES_FILE", "LOG_LEVEL"}) {
    if (in.given(name)) out.given.emplace(name);
  }
  out.unended = in.unended_files();
  if (!unended.empty() && !environment(unended)) out.unended[meant_by(unended)] = ".env";
  return out;
}

agent::AgentOptions agent_options(const Settings& settings, std::stop_token stop) {
  agent::AgentOptions options;
  options.model = settings.agent_model;
  options.fallback_model = settings.agent_fallback_model;
  options.anthropic_api_key = settings.anthropic_api_key;
  options.anthropic_base_url = settings.anthropic_base_url;
  options.openai_api_key = settings.openai_api_key;
  options.openai_base_url = settings.openai_base_url;
  options.timeout = std::chrono::seconds{settings.agent_timeout_seconds};
  options.stop = std::move(stop);
  options.prices = std::make_shared<agent::Prices>();
  if (!settings.agent_prices.empty())
    options.prices->replace(agent::PriceTable::parse(settings.agent_prices).value());
  return options;
}

bool shares_port(const Settings& settings) {
  return settings.enable_prometheus && settings.run_mode != "bot" &&
         settings.prometheus_port == settings.api_port;
}

bool collects_metrics(const Settings& settings) {
  return settings.enable_prometheus || (settings.enable_otlp && settings.otlp.metrics.enabled);
}

std::vector<std::string> private_paths(const Settings& settings) {
  std::vector<std::string> paths;
  if (const auto url = db::parse_database_url(settings.database_url);
      url && url->kind == db::DatabaseUrl::Kind::kSqlite) {
    paths.push_back(url->path);
    // SQLite puts the others beside what a link leads to.
    const std::string file = behind_links(url->path);
    for (const char* end : {"", "-wal", "-shm", "-journal"})
      paths.push_back(file + end);
  }
  if ((settings.enable_sentry || settings.enable_otlp) && !settings.sentry_cache_dir.empty())
    paths.push_back(settings.sentry_cache_dir);
  return paths;
}

std::string describe(const std::vector<SettingFault>& faults) {
  std::string text =
      std::to_string(faults.size()) +
      (faults.size() == 1 ? " setting cannot be used:\n" : " settings cannot be used:\n");
  for (const SettingFault& fault : faults) {
    text += "  " + fault.variable + ": " + fault.given + " was given; accepted: " + fault.accepted +
            "\n";
  }
  return text;
}

}  // namespace health_agent
