#include "health_agent/settings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <utility>

#include "health_agent/agent/agent.h"
#include "health_agent/agent/prices.h"
#include "health_agent/cache/redis_url.h"
#include "health_agent/db/url.h"
#include "health_agent/fingerprint.h"
#include "health_agent/hosts.h"
#include "health_agent/log_text.h"
#include "health_agent/plain_file.h"
#include "vitals/sentry/client.h"
#include "vitals/sentry/dsn.h"

namespace health_agent {
namespace {

/// More than anybody writes by hand into a file of settings, rules or prices.
constexpr std::size_t kLongestFile = std::size_t{1} << 20U;

std::string_view trim(std::string_view text) {
  const auto space = [](char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
  };
  while (!text.empty() && space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && space(text.back()))
    text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view item = trim(text.substr(0, comma));
    if (!item.empty()) items.emplace_back(item);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return items;
}

std::string shown(std::string_view value) {
  constexpr std::size_t kMost = 80;
  std::string text = printable(value.substr(0, kMost));
  if (value.size() > kMost) text += "…";
  return "\"" + text + "\"";
}

std::string masked(std::string_view value) {
  return value.empty() ? "\"\"" : "\"****\" (" + std::to_string(value.size()) + " characters)";
}

/// A URL with anything between `://` and `@`, or what stands where a port should be and is none,
/// and the parameters masked; a value that is no URL at all may be a pasted secret, so it is masked
/// whole.
std::string masked_url(std::string_view value) {
  const std::size_t scheme = value.find("://");
  if (scheme == std::string_view::npos) {
    return value.find('@') == std::string_view::npos ? shown(value) : masked(value);
  }
  std::string text{value.substr(0, scheme + 3)};
  std::string_view rest = value.substr(scheme + 3);
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    text += "****";
    rest.remove_prefix(at);
  }
  const std::size_t query = rest.find('?');
  const std::string_view place = rest.substr(0, query);
  const std::size_t colon =
      place.find(':', place.rfind(']') == std::string_view::npos ? 0 : place.rfind(']'));
  const bool port =
      colon == std::string_view::npos ||
      place.substr(colon + 1, place.find('/', colon) - colon - 1).find_first_not_of("0123456789") ==
          std::string_view::npos;
  text += port ? std::string{place} : std::string{place.substr(0, colon)} + ":****";
  if (query != std::string_view::npos) text += "?****";
  return shown(text);
}

bool is_url(std::string_view text, std::initializer_list<std::string_view> schemes) {
  for (const std::string_view scheme : schemes) {
    if (!text.starts_with(scheme) || !text.substr(scheme.size()).starts_with("://")) continue;
    std::string_view rest = text.substr(scheme.size() + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos)
      rest.remove_prefix(at + 1);
    if (rest.starts_with('[')) {
      const std::size_t close = rest.find(']');
      if (close == std::string_view::npos || close == 1) return false;
      rest.remove_prefix(close + 1);
      if (!rest.empty() && rest.front() != ':') return false;
    } else {
      const std::size_t colon = rest.find(':');
      if (rest.substr(0, colon).empty()) return false;
      rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon);
    }
    if (rest.empty()) return text.find_first_of(" \t\n\"<>") == std::string_view::npos;
    rest.remove_prefix(1);
    int port = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), port);
    return error == std::errc{} && end == rest.data() + rest.size() && port >= 1 && port <= 65535;
  }
  return false;
}

enum class Secret { kNo, kYes, kUrl };

/// Reads variables one by one and gathers what is wrong with them.
class Reader {
 public:
  Reader(const Environment& environment, std::map<std::string, std::string> dotenv,
         std::vector<SettingFault>& faults)
      : environment_(environment), dotenv_(std::move(dotenv)), faults_(faults) {}

  /// What was given, which may be empty; nothing when the variable is not there at all.
  std::optional<std::string> given(const std::string& name) const {
    std::optional<std::string> value = environment_(name);
    if (!value) {
      if (const auto found = dotenv_.find(name); found != dotenv_.end()) value = found->second;
    }
    if (value) value = std::string{trim(*value)};
    return value;
  }

  /// The same, where empty counts as not given: that is how people switch a variable off in a
  /// compose file.
  std::optional<std::string> raw(const std::string& name) const {
    std::optional<std::string> value = given(name);
    if (value && value->empty()) return std::nullopt;
    return value;
  }

  void fault(const std::string& name, std::string_view value, Secret secret, std::string accepted) {
    faults_.push_back({name,
                       secret == Secret::kNo    ? shown(value)
                       : secret == Secret::kYes ? masked(value)
                                                : masked_url(value),
                       std::move(accepted)});
  }

  void text(const std::string& name, std::string& into) const {
    if (auto value = raw(name)) into = *value;
  }

  void flag(const std::string& name, bool& into) {
    const auto value = raw(name);
    if (!value) return;
    const std::string word = lower(*value);
    if (word == "true" || word == "1" || word == "yes" || word == "on") {
      into = true;
    } else if (word == "false" || word == "0" || word == "no" || word == "off") {
      into = false;
    } else {
      fault(name, *value, Secret::kNo, "a boolean: true/false/1/0/yes/no/on/off");
    }
  }

  template <class Integer>
  void integer(const std::string& name, Integer& into, long long least, long long most) {
    const auto value = raw(name);
    if (!value) return;
    long long number = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (error != std::errc{} || end != value->data() + value->size() || number < least ||
        number > most) {
      fault(name, *value, Secret::kNo,
            "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
      return;
    }
    into = static_cast<Integer>(number);
  }

  void rate(const std::string& name, double& into) {
    const auto value = raw(name);
    if (!value) return;
    double number = -1;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (error != std::errc{} || end != value->data() + value->size() ||
        !(number >= 0 && number <= 1)) {
      fault(name, *value, Secret::kNo, "a number from 0.0 to 1.0");
      return;
    }
    into = number;
  }

  void choice(const std::string& name, std::string& into,
              std::initializer_list<std::string_view> words) {
    const auto value = raw(name);
    if (!value) return;
    const std::string word = lower(*value);
    std::string accepted = "one of";
    for (const std::string_view candidate : words) {
      if (word == candidate) {
        into = word;
        return;
      }
      accepted += (accepted.size() > 6 ? ", " : " ") + std::string{candidate};
    }
    fault(name, *value, Secret::kNo, accepted);
  }

  void url(const std::string& name, std::string& into,
           std::initializer_list<std::string_view> schemes) {
    const auto value = raw(name);
    if (!value) return;
    if (!is_url(*value, schemes)) {
      std::string accepted = "a URL:";
      for (const std::string_view scheme : schemes)
        accepted += " " + std::string{scheme} + "://host[:port]…";
      fault(name, *value, Secret::kUrl, accepted);
      return;
    }
    into = *value;
    while (into.ends_with('/'))
      into.pop_back();
  }

  /// The text of the file that the variable names, and its path for a fault that is found in it.
  std::optional<std::string> file(const std::string& name, std::string& path) {
    const auto value = raw(name);
    if (!value) return std::nullopt;
    path = *value;
    auto text = read_plain_file(path, kLongestFile);
    if (text && *text) return std::move(**text);
    fault(name, path, Secret::kNo,
          "the path of a file that can be read; " +
              (text ? std::string{"there is none"} : text.error().message));
    return std::nullopt;
  }

 private:
  const Environment& environment_;
  std::map<std::string, std::string> dotenv_;
  std::vector<SettingFault>& faults_;
};

void read_rules(Reader& in, Settings& s) {
  constexpr const char* kName = "SENTRY_FINGERPRINT_RULES";
  std::string path;
  auto text = in.file(kName, path);
  if (!text) return;
  s.sentry_fingerprint_rules = std::move(*text);
  const auto count = vitals::sentry::check_fingerprint_rules(s.sentry_fingerprint_rules);
  if (!count)
    in.fault(kName, path, Secret::kNo, "a file of grouping rules; " + count.error().message);
}

void read_monitoring(Reader& in, LoadedSettings& out) {
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
  in.flag("ENABLE_PROMETHEUS", s.enable_prometheus);
  in.integer("PROMETHEUS_PORT", s.prometheus_port, 0, 65535);
  in.text("SENTRY_RELEASE", s.sentry_release);
  in.rate("SENTRY_SAMPLE_RATE", s.sentry_sample_rate);
  if (const auto spotlight = in.raw("SENTRY_SPOTLIGHT")) {
    const std::string word = lower(*spotlight);
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
  in.flag("ENABLE_CONSOLE", s.enable_console);
}

void read_origins(Reader& in, Settings& s) {
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

void read_who_may_come(Reader& in, LoadedSettings& out) {
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

void read_api(Reader& in, LoadedSettings& out) {
  Settings& s = out.settings;
  in.choice("RUN_MODE", s.run_mode, {"api", "bot", "both"});
  in.text("API_HOST", s.api_host);
  // In one spelling, so that what is listened on is what was judged.
  if (const auto address = IpAddress::parse(s.api_host)) s.api_host = address->str();
  in.integer("API_PORT", s.api_port, 1, 65535);
  if (const auto keys = in.raw("API_KEYS")) s.api_keys = split_list(*keys);
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

void read_storage(Reader& in, LoadedSettings& out) {
  Settings& s = out.settings;
  if (const auto url = in.raw("DATABASE_URL")) {
    if (const auto parsed = db::parse_database_url(*url); parsed) {
      s.database_url = *url;
    } else {
      in.fault("DATABASE_URL", *url, Secret::kUrl, parsed.error().message);
    }
  }
  s.database_pool_size =
      2 * static_cast<int>(std::max(1U, std::thread::hardware_concurrency())) + 5;
  in.integer("DATABASE_POOL_SIZE", s.database_pool_size, 1, 1000);
  if (const auto url = in.raw("REDIS_URL")) {
    if (const auto parsed = cache::parse_redis_url(*url); parsed) {
      s.redis_url = *url;
    } else {
      in.fault("REDIS_URL", *url, Secret::kUrl, parsed.error().message);
    }
  }
  in.integer("CACHE_TTL_SECONDS", s.cache_ttl_seconds, 1, 86'400);
}

/// What may stand in a header, or be a model's name: visible ASCII.
bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void read_key(Reader& in, const std::string& name, std::string& into) {
  in.text(name, into);
  if (is_visible(into)) return;
  in.fault(name, into, Secret::kYes, "a key of visible ASCII characters");
  into.clear();
}

void read_base_url(Reader& in, const std::string& name, std::string& into) {
  const std::string vendors = into;
  in.url(name, into, {"http", "https"});
  if (into.find_first_of("?#@") == std::string::npos) return;
  in.fault(name, into, Secret::kUrl, "a URL without a query and without a user's name");
  into = vendors;
}

void read_model(Reader& in, const std::string& name, std::string& into, const Settings& s) {
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
  if (key.empty()) {
    in.fault(key_name, "", Secret::kYes, "a key, since " + name + " is " + shown(*value));
    return;
  }
  into = *value;
}

void read_prices(Reader& in, Settings& s) {
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

void read_agent(Reader& in, LoadedSettings& out) {
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

void read_allowed_ids(Reader& in, Settings& s) {
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

void read_bot(Reader& in, LoadedSettings& out) {
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
  auto variables = parse_dotenv(dotenv, out.faults, &out.unended);
  out.from_dotenv = !variables.empty();
  Reader in{environment, std::move(variables), out.faults};
  if (environment(out.unended)) out.unended.clear();
  read_monitoring(in, out);
  read_api(in, out);
  read_storage(in, out);
  read_agent(in, out);
  read_bot(in, out);
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

std::string read_dotenv(const std::string& path) {
  auto text = read_plain_file(path, kLongestFile);
  if (!text)
    throw std::runtime_error("the file " + path + " cannot be used: " + text.error().message);
  return std::move(*text).value_or(std::string{});
}

std::vector<std::string> private_paths(const Settings& settings) {
  std::vector<std::string> paths;
  if (const auto url = db::parse_database_url(settings.database_url);
      url && url->kind == db::DatabaseUrl::Kind::kSqlite) {
    for (const char* end : {"", "-wal", "-shm"})
      paths.push_back(url->path + end);
  }
  if (settings.enable_sentry && !settings.sentry_cache_dir.empty())
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

std::map<std::string, std::string> parse_dotenv(std::string_view text,
                                                std::vector<SettingFault>& faults,
                                                std::string* unended) {
  std::map<std::string, std::string> variables;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ")) line = trim(line.substr(7));

    const std::size_t equals = line.find('=');
    const std::string_view name = trim(line.substr(0, equals));
    const bool named = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : trim(line.substr(equals + 1));
    bool closed = true;
    if (!value.empty() && (value.front() == '"' || value.front() == '\'')) {
      const std::size_t close = value.find(value.front(), 1);
      closed = close != std::string_view::npos;
      if (closed) value = value.substr(1, close - 1);
    } else if (const std::size_t comment = value.find(" #"); comment != std::string_view::npos) {
      value = trim(value.substr(0, comment));
    }
    // A file of which not all has reached the disk is filled up with zeros.
    const bool text_only = std::none_of(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
    if (equals == std::string_view::npos || !named || !closed || !text_only) {
      // The line's own text is not shown: it may hold a secret.
      faults.push_back({std::string{kDotenvLine} + std::to_string(number),
                        "a line of " + std::to_string(line.size()) + " characters",
                        "NAME=value, with quotes closed and without control characters"});
      continue;
    }
    variables[std::string{name}] = std::string{value};
    if (end == std::string_view::npos && unended != nullptr) *unended = name;
  }
  return variables;
}

}  // namespace health_agent
