#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "health_agent/agent/agent.h"
#include "health_agent/bot/telegram.h"
#include "health_agent/cache/redis_connection.h"
#include "health_agent/db/inspect.h"
#include "health_agent/doctor.h"
#include "health_agent/errors.h"
#include "health_agent/http_client.h"
#include "health_agent/otlp_setup.h"
#include "health_agent/private_files.h"
#include "health_agent/sentry_setup.h"
#include "vitals/context/capture.h"
#include "vitals/delivery/transport.h"
#include "vitals/sentry/client.h"
#include "vitals/sentry/dsn.h"

namespace health_agent::doctor {
namespace {

using namespace std::chrono_literals;
using Status = Finding::Status;

constexpr auto kHttpTimeout = 10s;
constexpr auto kLocalTimeout = 3s;

Finding skipped(std::string why) {
  return {Status::kSkipped, std::move(why), {}};
}

Finding failed(std::string what, std::string advice) {
  return {Status::kFailed, std::move(what), std::move(advice)};
}

/// What to do about an error whose text holds `sign`.
struct Cure {
  std::string_view sign;
  std::string_view advice;
};

/// The first that fits, else `otherwise`.
std::string cure_of(std::string_view error, std::span<const Cure> cures,
                    const std::string& otherwise) {
  for (const Cure& cure : cures) {
    if (error.find(cure.sign) != std::string_view::npos) return std::string(cure.advice);
  }
  return otherwise;
}

// A server with messages of another language falls to the general advice.
constexpr Cure kDatabaseCures[]{
    {"password authentication failed", "correct the user or the password in DATABASE_URL"},
    {"no pg_hba.conf entry", "allow this host, user and database in the server's pg_hba.conf"},
    {"onnection refused", "start PostgreSQL, or correct the host and port in DATABASE_URL"},
    {"could not translate host name", "correct the host in DATABASE_URL"},
    {"timeout expired",
     "nobody answers there: look at the network, or correct DATABASE_URL's host"},
    {"permission denied for", "grant the user of DATABASE_URL rights on it"},
    {"database \"", "create that database (createdb), or correct its name in DATABASE_URL"},
    {"role \"", "create that user (createuser), or correct it in DATABASE_URL"},
    {"too many clients", "raise the server's max_connections, or lower DATABASE_POOL_SIZE"},
    {"its encoding is", "create the database anew: createdb -E UTF8 -T template0"},
    {"schema version", "start the newer health-agent that this database was used with"},
    {"is not a database", "that file holds something else: correct the path in DATABASE_URL"},
    {"is no directory", "correct the path in DATABASE_URL"},
    {"it is a directory", "name a file in it in DATABASE_URL"},
    {"not writable", "give it to the user that the service runs as, or correct DATABASE_URL"},
};

constexpr Cure kCacheCures[]{
    {"WRONGPASS", "correct the password (and the user) in REDIS_URL"},
    {"invalid password", "correct the password in REDIS_URL"},
    {"NOAUTH", "put the server's password into REDIS_URL: redis://:PASSWORD@HOST:PORT"},
    {"without any password", "take the password out of REDIS_URL: the server has none"},
    {"DB index", "correct the database number in REDIS_URL: the server has no such database"},
    {"onnection refused", "start Redis, or correct the host and port in REDIS_URL"},
    {"does not speak", "write redis:// instead of rediss://, or correct the port in REDIS_URL"},
    {"closed the connection",
     "write rediss:// if that port speaks TLS, and redis:// if it does not"},
    {"eset by peer",
     "write rediss:// if that port speaks TLS, and redis:// if it does not; where the server wants "
     "a certificate of its clients, name it by ?ssl_certfile=FILE&ssl_keyfile=FILE"},
    {"mismatch", "correct the host in REDIS_URL: the server's certificate is for another one"},
    {"expired", "renew the server's certificate, or correct this machine's clock"},
    {"not yet valid", "correct this machine's clock, or the server's certificate"},
    {"not accepted", "name the file of who signed it: ?ssl_ca_certs=FILE in REDIS_URL"},
    {"certificate required",
     "the server wants a certificate of its clients: name it by "
     "?ssl_certfile=FILE&ssl_keyfile=FILE in REDIS_URL"},
};

Finding check_database(const Settings& settings) {
  try {
    const db::Inspection found = db::inspect(settings.database_url);
    const int pending = found.known - found.version;
    if (!found.exists) return {Status::kOk, "is not there yet; the next start makes it", {}};
    std::string detail = "schema version " + std::to_string(found.version);
    if (pending > 0)
      detail += "; " + std::to_string(pending) + " migration steps that the next start takes";
    return {Status::kOk, detail, {}};
  } catch (const DatabaseError& error) {
    return failed(error.what(), cure_of(error.what(), kDatabaseCures,
                                        "look at DATABASE_URL, and whether the server runs"));
  }
}

Finding check_cache(const Settings& settings) {
  if (settings.redis_url.empty()) return {Status::kOk, "in the process: REDIS_URL is empty", {}};
  const auto address = cache::parse_redis_url(settings.redis_url);
  if (!address) return failed(address.error().message, "look at REDIS_URL");
  const std::string name = cache::shown(*address);
  std::shared_ptr<const cache::RedisTls> tls;
  if (address->tls) {
    auto made = cache::RedisTls::make(*address->tls);
    if (!made) return failed(made.error().message, "look at REDIS_URL");
    tls = *std::move(made);
  }
  std::string error;
  for (const std::string& host : cache::addresses_of(address->host, error)) {
    const auto connection = cache::RedisConnection::open(host, *address, tls.get(), kLocalTimeout,
                                                         kLocalTimeout, error);
    if (!connection) continue;
    constexpr std::array<std::string_view, 1> kPing{"PING"};
    const cache::RedisReply reply = connection->ask(kPing);
    if (reply.kind == cache::RedisReply::Kind::kValue) return {Status::kOk, name + " answers", {}};
    error = reply.error;
  }
  return failed(name + ": " + error,
                cure_of(error, kCacheCures, "look at REDIS_URL, and whether the server runs") +
                    "; the service works without it, slower");
}

/// One token of one model; `variable` names it.
Finding ask_model(const Settings& settings, const std::string& variable, const std::string& model) {
  if (model.empty()) return skipped(variable + " is empty");
  if (model == "local") return {Status::kOk, "local: it needs no key and no network", {}};
  agent::AgentOptions options = agent_options(settings);
  options.model = model;
  options.fallback_model.clear();
  try {
    std::string ways;
    for (const std::string& way : agent::probe(options))
      ways += (ways.empty() ? ", asked " : ", ") + way;
    return {Status::kOk, model + " answers" + ways, {}};
  } catch (const ServiceError& error) {
    const std::string vendor = model.starts_with("anthropic:") ? "ANTHROPIC" : "OPENAI";
    const std::string key = "correct " + vendor + "_API_KEY: it is not accepted";
    const std::string name =
        "correct the model's name in " + variable + ", or the path of " + vendor + "_BASE_URL";
    const std::string address = "correct " + vendor + "_BASE_URL, or look at the network";
    const Cure cures[]{
        {"HTTP 401 ", key},
        {"HTTP 403 ", key},
        {"HTTP 404 ", name},
        {"HTTP 429 ", "the key's quota is used up, or it is limited for now"},
        {"HTTP 5", "the vendor has trouble: try again later"},
    };
    return failed(error.what(), cure_of(error.what(), cures, address));
  }
}

Finding check_model(const Settings& settings) {
  return ask_model(settings, "AGENT_MODEL", settings.agent_model);
}

Finding check_fallback_model(const Settings& settings) {
  return ask_model(settings, "AGENT_FALLBACK_MODEL", settings.agent_fallback_model);
}

/// What Telegram knows of the bot and its webhook.
Finding check_telegram(const Settings& settings) {
  if (settings.run_mode == "api") return skipped("RUN_MODE api has no bot");
  HttpClient http;
  bot::Telegram telegram{http, settings.telegram_api_url, settings.telegram_bot_token};
  try {
    const std::string name = telegram.get_me(kHttpTimeout);
    const bool set = telegram.has_webhook(kHttpTimeout);
    const bool wanted = !settings.telegram_webhook_secret.empty();
    if (set && !wanted) {
      return failed("@" + name + " has a webhook, so that polling is refused",
                    "call deleteWebhook, or set TELEGRAM_WEBHOOK_SECRET (and RUN_MODE both)");
    }
    if (!set && wanted) {
      return failed("@" + name + " has no webhook, so that no update comes",
                    "call setWebhook with the URL of /api/v1/telegram/webhook and the secret");
    }
    return {
        Status::kOk, "@" + name + (wanted ? ", updates come by webhook" : ", to be polled"), {}};
  } catch (const bot::TelegramError& error) {
    return failed(error.what(),
                  error.code() == 401 || error.code() == 404
                      ? "TELEGRAM_BOT_TOKEN is not known there: get it from @BotFather"
                      : "try again later");
  } catch (const HttpError& error) {
    return failed(error.what(), "look at TELEGRAM_API_URL and the network");
  }
}

/// Keeps what came of the last request.
class WatchedTransport final : public vitals::delivery::Transport {
 public:
  vitals::delivery::SendResult send(const vitals::delivery::SendRequest& request) override {
    vitals::delivery::SendResult result = inner_->send(request);
    const std::lock_guard lock{mutex_};
    last_ = result;
    return result;
  }
  void cancel() noexcept override { inner_->cancel(); }

  [[nodiscard]] vitals::delivery::SendResult last() const {
    const std::lock_guard lock{mutex_};
    return last_;
  }

 private:
  std::shared_ptr<vitals::delivery::Transport> inner_ = vitals::delivery::make_curl_transport();
  mutable std::mutex mutex_;
  vitals::delivery::SendResult last_{.status = 0, .error = "nothing was sent"};
};

Finding check_sentry(const Settings& settings) {
  if (!settings.enable_sentry) return skipped("ENABLE_SENTRY is false");
  if (settings.sentry_dsn.empty()) return skipped("SENTRY_DSN is empty");
  const auto transport = std::make_shared<WatchedTransport>();
  vitals::sentry::Options options = sentry_options(settings);
  options.transport = transport;
  options.sample_rate = 1.0;
  options.spotlight_url.clear();
  // What waits there is the service's to send, and nothing of this is to be left there.
  options.cache_dir.clear();
  options.handle_crashes = false;
  options.track_sessions = false;
  options.enable_logs = false;
  options.debug = false;
  auto client = vitals::sentry::init(std::move(options));
  if (!client) return failed(client.error().message, "look at SENTRY_DSN");
  const vitals::context::EventId id =
      vitals::context::capture_message("health-agent doctor: a test event", vitals::Level::kInfo);
  const bool sent = client->end(kHttpTimeout);
  const vitals::delivery::SendResult result = transport->last();
  if (sent && result.status >= 200 && result.status < 300)
    return {Status::kOk, "the server took the test event " + id.str(), {}};
  const std::string why = result.status != 0
                              ? "the server answered " + std::to_string(result.status)
                              : "no answer: " + result.error;
  return failed("the test event " + id.str() + " was not taken; " + why,
                result.status == 401 || result.status == 403 || result.status == 404
                    ? "look at the key and the project in SENTRY_DSN"
                : result.status == 429 ? "the project's quota is used up, or it is limited for now"
                                       : "look at SENTRY_DSN's host and the network");
}

/// An empty request to one receiver: it stores nothing, and says whether one with spans would be
/// taken. Empty: it was taken.
std::string why_not_taken(const vitals::otlp::SignalOptions& signal) {
  const auto transport =
      vitals::delivery::make_curl_transport({.timeout = signal.timeout,
                                             .connect_timeout = signal.timeout,
                                             .ca_file = signal.ca_file,
                                             .client_certificate = signal.client_certificate,
                                             .client_key = signal.client_key});
  const bool as_json = signal.protocol == vitals::otlp::Protocol::kJson;
  vitals::delivery::SendRequest request{
      .url = signal.url,
      .headers = {{"Content-Type", as_json ? "application/json" : "application/x-protobuf"}},
      .body = as_json ? "{}" : ""};
  request.headers.insert(request.headers.end(), signal.headers.begin(), signal.headers.end());
  const vitals::delivery::SendResult result = transport->send(request);
  if (result.status >= 200 && result.status < 300) return {};
  if (result.status == 0) return "no answer: " + result.error;
  return "the server answered " + std::to_string(result.status);
}

Finding check_otlp(const Settings& settings) {
  if (!settings.enable_otlp) return skipped("ENABLE_OTLP is false");
  const vitals::otlp::Options options = otlp_options(settings);
  std::string taken;
  for (const auto& [name, signal] : {std::pair{"traces", &options.traces},
                                     {"metrics", &options.metrics},
                                     {"logs", &options.logs}}) {
    if (!signal->enabled || signal->url.empty()) continue;
    if (const std::string why = why_not_taken(*signal); !why.empty()) {
      return failed(
          std::string{name} + ": " + why,
          "look at OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_HEADERS; a signal "
          "that is not wanted there is turned off by OTEL_TRACES_EXPORTER=none and its like");
    }
    taken += (taken.empty() ? "" : ", ") + std::string{name};
  }
  if (taken.empty()) return skipped("every signal is turned off by OTEL_ variables");
  return {Status::kOk, "the server takes " + taken, {}};
}

/// Why nobody could listen there, or nothing.
std::string why_not_free(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* raw = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &raw);
      error != 0)
    return ::gai_strerror(error);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> address{raw, &::freeaddrinfo};
  const int fd = ::socket(raw->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::generic_category().message(errno);
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const int bound = ::bind(fd, raw->ai_addr, raw->ai_addrlen);
  const int error = errno;
  ::close(fd);
  return bound == 0 ? std::string{} : std::generic_category().message(error);
}

/// An address that a listener on `host` answers at.
std::string url_of(const std::string& host, std::uint16_t port, const std::string& path) {
  std::string shown = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host;
  if (shown.find(':') != std::string::npos) shown = "[" + shown + "]";
  return "http://" + shown + ":" + std::to_string(port) + path;
}

/// The port is free, or a health-agent is there already: its answer to `path` holds `sign`.
Finding check_listener(const Settings& settings, const std::string& variable, std::uint16_t port,
                       const std::string& path, const std::string& sign) {
  const std::string where = variable + " " + std::to_string(port);
  const std::string cause = why_not_free(settings.api_host, port);
  if (cause.empty()) return {Status::kOk, where + " is free", {}};
  HttpRequest request;
  request.method = "GET";
  request.url = url_of(settings.api_host, port, path);
  request.timeout = kLocalTimeout;
  if (!settings.metrics_token.empty() && path == "/metrics")
    request.headers = {"Authorization: Bearer " + settings.metrics_token};
  std::string answer;
  try {
    HttpClient http;
    answer = http.send(request).body;
  } catch (const HttpError&) {  // it is taken by something that is not HTTP
  }
  if (answer.find(sign) != std::string::npos)
    return {Status::kOk, where + " is answered by a health-agent that runs already", {}};
  return failed(where + " cannot be listened on (" + cause + "), and no health-agent answers there",
                "stop the program that has it, or choose another " + variable);
}

Finding check_metrics(const Settings& settings) {
  if (!settings.enable_prometheus) return skipped("ENABLE_PROMETHEUS is false");
  if (settings.prometheus_port == 0) return skipped("PROMETHEUS_PORT is 0");
  if (shares_port(settings)) return skipped("PROMETHEUS_PORT is API_PORT: /metrics is there");
  return check_listener(settings, "PROMETHEUS_PORT", settings.prometheus_port, "/metrics",
                        "vitals_build_info");
}

Finding check_api(const Settings& settings) {
  if (settings.run_mode == "bot") return skipped("RUN_MODE bot has no API");
  return check_listener(settings, "API_PORT", settings.api_port, "/api/health", "\"database\"");
}

/// What holds people's data is for its owner alone.
Finding check_files(const Settings& settings) {
  const std::vector<std::string> found = open_to_others(private_paths(settings));
  if (found.empty()) return {Status::kOk, "nobody else may read the service's files", {}};
  std::string names;
  for (const std::string& path : found)
    names += (names.empty() ? "" : ", ") + path;
  return failed("other users of this machine may read or write " + names,
                "chmod go-rwx them; what the service makes itself is for its owner alone");
}

}  // namespace

std::vector<Check> all_checks() {
  return {{"database", &check_database},
          {"files", &check_files},
          {"cache", &check_cache},
          {"model", &check_model},
          {"fallback", &check_fallback_model},
          {"telegram", &check_telegram, 25s},
          {"sentry", &check_sentry},
          {"otlp", &check_otlp},
          {"metrics", &check_metrics},
          {"api", &check_api}};
}

}  // namespace health_agent::doctor
