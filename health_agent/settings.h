#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/address.h"
#include "health_agent/faults.h"
#include "vitals/otlp/options.h"

namespace health_agent {

namespace agent {
struct AgentOptions;
}

/// What the environment and the `.env` file say (specification section 1), read and checked. Plain
/// values; the defaults are those of the specification.
struct Settings {
  // Monitoring.
  bool enable_sentry = false;
  std::string sentry_dsn;
  std::string sentry_environment = "development";
  double sentry_traces_sample_rate = 1.0;
  std::string sentry_trace_lifecycle = "static";  // or `stream`
  bool enable_prometheus = true;
  std::uint16_t prometheus_port = 9090;
  std::string sentry_release;
  double sentry_sample_rate = 1.0;
  std::string sentry_spotlight;  // a URL, or empty
  bool sentry_send_default_pii = false;
  std::string sentry_cache_dir = "./data/sentry";
  std::string sentry_fingerprint_rules;  // the rules themselves
  bool sentry_debug = false;
  std::string metrics_token;
  bool enable_console = true;
  bool enable_otlp = false;
  vitals::otlp::Options otlp;  // as OpenTelemetry's own variables say

  // The service.
  std::string run_mode = "api";
  std::string api_host = "127.0.0.1";
  std::uint16_t api_port = 8080;
  std::vector<std::string> api_keys;
  std::vector<std::string> cors_origins = {"http://localhost:3000"};
  std::vector<std::string> allowed_hosts;  // empty: what api_host is reached by
  AddressList trusted_proxies;
  int keep_alive_seconds = 75;
  int rate_limit_per_minute = 0;
  std::string database_url = "sqlite:data/health_agent.db";
  int database_pool_size = 0;  // 2 x cores + 5 when not given
  std::string redis_url;
  int cache_ttl_seconds = 300;
  std::string agent_model = "local";
  std::string agent_fallback_model;
  std::string anthropic_api_key;
  std::string anthropic_base_url = "https://api.anthropic.com";
  std::string openai_api_key;
  std::string openai_base_url = "https://api.openai.com";
  int agent_timeout_seconds = 30;
  std::string agent_prices;  // the table itself; empty is the shipped one
  std::string telegram_bot_token;
  std::string telegram_api_url = "https://api.telegram.org";
  std::vector<std::int64_t> allowed_telegram_ids;
  std::string telegram_webhook_secret;
  std::string log_level = "info";
  std::string log_format = "text";
  faults::Shares faults;
};

/// The agent that the settings name: for agent::make_agent() and agent::probe(). With a price table
/// of its own, which starts as the settings' one.
[[nodiscard]] agent::AgentOptions agent_options(const Settings& settings,
                                                std::stop_token stop = {});

/// One variable that cannot be used: its name, what was given (secrets masked) and what is
/// accepted.
struct SettingFault {
  std::string variable;
  std::string given;
  std::string accepted;
};

/// Settings, and everything that is wrong with them. A variable at fault keeps its default in
/// `settings`.
struct LoadedSettings {
  Settings settings;
  std::vector<SettingFault> faults;
  /// Odd, but no reason not to start.
  std::vector<std::string> warnings;
  /// The variables whose value may be half of what is to be there, since no newline ends the last
  /// line of the file that it stands in: who writes that may be in the middle of it. Each with the
  /// words for its file, such as `.env`. A secret is meant by its own name, whatever stands in
  /// NAME_FILE.
  std::map<std::string, std::string, std::less<>> unended;
  bool from_dotenv = false;  ///< the `.env` file sets a variable
  /// Of the variables that can change without a restart those that are set, if only to nothing.
  std::set<std::string, std::less<>> given;
};

/// Gives a variable's value, or nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The process' own environment.
[[nodiscard]] Environment process_environment();

/// Reads every variable. A value in `environment` wins over one in `dotenv`, the text of a `.env`
/// file. Never throws for bad input: each fault is in the result.
[[nodiscard]] LoadedSettings load_settings(const Environment& environment, std::string_view dotenv);

/// Whether PROMETHEUS_PORT is the API's own port: /metrics is there then, and has no listener of its
/// own.
[[nodiscard]] bool shares_port(const Settings& settings);

/// Whether metrics are collected: to be served, or to be sent by OTLP.
[[nodiscard]] bool collects_metrics(const Settings& settings);

/// Where the settings say that people's data is kept in files: the database with what SQLite puts
/// beside it, and Sentry's folder. Whether they are there or not.
[[nodiscard]] std::vector<std::string> private_paths(const Settings& settings);

/// One message that names all faults, a line each, ready for stderr.
[[nodiscard]] std::string describe(const std::vector<SettingFault>& faults);

}  // namespace health_agent
