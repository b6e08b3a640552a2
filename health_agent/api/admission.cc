#include "health_agent/api/admission.h"

#include <algorithm>
#include <utility>

#include "health_agent/api/error_body.h"
#include "health_agent/api/target.h"
#include "health_agent/fingerprint.h"
#include "vitals/base/ascii.h"
#include "vitals/base/constant_time.h"

namespace health_agent::api {
namespace {

using vitals::monitor::Method;

std::string_view bearer_token(std::string_view authorization) noexcept {
  constexpr std::string_view kScheme = "bearer ";
  if (!vitals::base::starts_ignoring_case(authorization, kScheme)) return {};
  return authorization.substr(kScheme.size());
}

/// Of `application/json; charset=utf-8` what stands before the parameters.
bool is_json(std::string_view content_type) noexcept {
  return vitals::base::equal_ignoring_case(
      vitals::base::trim(content_type.substr(0, content_type.find(';'))), "application/json");
}

/// Without keys a caller on a loopback address may do everything anyway. What came through a proxy
/// may be from anywhere.
bool is_of_this_machine(const RequestHead& head, const Entry& entry) {
  return !head.through_proxy && head.forwarded_for.empty() &&
         (entry.source == "127.0.0.1" || is_loopback(entry.source));
}

template <class Error, class... Arguments>
std::unique_ptr<const ServiceError> refuse(Arguments&&... arguments) {
  return std::make_unique<const Error>(std::forward<Arguments>(arguments)...);
}

/// A name that came from outside, for an error's text.
std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 100;
  return "\"" + std::string{text.substr(0, kMost)} + (text.size() > kMost ? "…\"" : "\"");
}

}  // namespace

std::optional<Response> Entry::early_answer(std::string_view request_id) const {
  if (ready) return *ready;
  if (refusal == nullptr) return std::nullopt;
  Response response = error_response(*refusal, request_id);
  if (refusal->status() == 405) response.headers.emplace_back("Allow", match.allowed + ", OPTIONS");
  return response;
}

std::string Entry::caller() const {
  return key_name.empty() ? source : key_name + " " + source;
}

Admission::Admission(AdmissionOptions options, const RouteTable& routes)
    : routes_(routes),
      keys_(named(std::move(options.keys))),
      cors_origins_(std::move(options.cors_origins)),
      hosts_(options.allowed_hosts, options.api_host),
      trusted_proxies_(std::move(options.trusted_proxies)),
      telegram_secret_(std::move(options.telegram_secret)),
      metrics_token_(std::move(options.metrics_token)),
      limit_(options.rate_limit_per_minute) {}

std::vector<Admission::Key> Admission::named(std::vector<std::string> keys) {
  std::vector<Key> result;
  for (std::string& key : keys) {
    // The digest of a key that can be guessed would give it away.
    std::string name =
        is_weak(key) ? "weak-" + std::to_string(result.size() + 1) : fingerprint(key);
    result.push_back({std::move(key), std::move(name)});
  }
  return result;
}

Entry Admission::decide(const RequestHead& head) {
  Entry entry;
  entry.source = source_of(head.remote_address, head.forwarded_for, trusted_proxies_);
  Target target = parse_target(head.target);
  // `OPTIONS http://host` asks what `OPTIONS *` does (RFC 9112, 3.2.4).
  if (target.path.empty() && target.fault == nullptr)
    target.path = head.method == Method::kOptions ? "*" : "/";
  const bool server_wide = target.path == "*";
  if (server_wide && head.method != Method::kOptions) target.fault = "the target is no path";
  entry.path = target.path;
  entry.query = target.query;
  if (target.fault == nullptr) entry.match = routes_.find(head.method, target.path);
  const RouteTable::Match& match = entry.match;
  const Access access = match.route != nullptr ? match.route->access : Access::kKeyHolders;

  const bool open = open_or_identify(head, entry);
  const bool update = access == Access::kTelegram && !telegram_secret_.empty() &&
                      vitals::base::equal_in_constant_time(head.telegram_secret, telegram_secret_);
  const bool preflight =
      head.method == Method::kOptions && !head.preflight_method.empty() && may_read(head.origin);
  if (open ? is_of_this_machine(head, entry) : entry.login == Entry::Login::kKey)
    entry.trace = Entry::Trace::kContinue;

  const bool guesses = lacks_metrics_token(head, match);
  if (guesses) entry.login = Entry::Login::kNoMetricsToken;
  const bool unlimited = !limit_.on() || (access == Access::kProbes && !guesses) ||
                         access == Access::kEverybody || update || preflight;
  if (!unlimited) {
    // The names of keys and addresses cannot be mistaken for each other: these hold `.` or `:`.
    const int seconds =
        limit_.take(entry.key_name.empty() ? limited_as(entry.source) : entry.key_name);
    if (seconds > 0) {
      entry.refusal = refuse<RateLimitError>(
          "the rate limit is used up; try again in " + std::to_string(seconds) + " s", seconds);
      return entry;
    }
  }
  if (target.fault != nullptr) {
    entry.refusal = refuse<ValidationError>(target.fault);
    return entry;
  }
  // A page cannot know the secret that an update bears, whatever host it was sent to.
  if (!update) {
    // The target's own host stands in place of the field (RFC 9112, 3.2.2). Browsers name none in
    // the target of a request to a server, so a page cannot choose it.
    if (!target.authority.empty()) {
      entry.refusal = check_host(target.authority, entry);
    } else if (head.host) {
      entry.refusal = check_host(*head.host, entry);
    }
    if (!entry.refusal) entry.refusal = check_browser(head, entry);
    if (entry.refusal) return entry;
  }
  if (server_wide || preflight) {
    entry.ready = options_answer(head, entry);
    return entry;
  }
  if (match.wants_key && !open && entry.login != Entry::Login::kKey) {
    const bool missing = entry.login == Entry::Login::kNone;
    if (missing) entry.login = Entry::Login::kMissing;
    entry.refusal = refuse<AuthenticationError>(
        missing ? "the request has no Authorization: Bearer header" : "the API key is not known");
    return entry;
  }
  if (match.path.empty()) {
    entry.refusal = refuse<RecordNotFoundError>("there is nothing at this path");
  } else if (match.route == nullptr && head.method == Method::kOptions) {
    entry.ready = options_answer(head, entry);
  } else if (match.route == nullptr) {
    entry.refusal = refuse<ValidationError>("this path takes " + match.allowed + " only", 405);
  } else if (access == Access::kTelegram && !update) {
    entry.login = Entry::Login::kUnknownKey;
    entry.refusal =
        refuse<AuthorizationError>("the header X-Telegram-Bot-Api-Secret-Token is not right");
  }
  return entry;
}

bool Admission::lacks_metrics_token(const RequestHead& head, const RouteTable::Match& match) const {
  if (metrics_token_.empty() || match.route == nullptr || !match.route->wants_metrics_token)
    return false;
  // As the handler reads it.
  std::string_view token = bearer_token(head.authorization);
  while (token.starts_with(' ') || token.starts_with('\t'))
    token.remove_prefix(1);
  while (token.ends_with(' ') || token.ends_with('\t'))
    token.remove_suffix(1);
  return !vitals::base::equal_in_constant_time(token, metrics_token_);
}

bool Admission::open_or_identify(const RequestHead& head, Entry& entry) const {
  const std::string_view token = bearer_token(head.authorization);
  const std::lock_guard lock{mutex_};
  if (keys_.empty()) return true;
  if (token.empty()) return false;
  entry.login = Entry::Login::kUnknownKey;
  for (const Key& key : keys_) {
    if (!vitals::base::equal_in_constant_time(token, key.secret)) continue;
    entry.login = Entry::Login::kKey;
    entry.key_name = key.name;
  }
  return false;
}

bool Admission::may_read(std::string_view origin) const {
  // `null` is what every sandboxed frame, file and redirected request calls itself.
  if (origin.empty() || origin == "null") return false;
  return std::any_of(
      cors_origins_.begin(), cors_origins_.end(),
      [origin](const std::string& allowed) { return allowed == "*" || allowed == origin; });
}

std::unique_ptr<const ServiceError> Admission::check_host(std::string_view host,
                                                          const Entry& entry) const {
  constexpr int kMisdirected = 421;
  const bool probe = entry.match.route != nullptr && entry.match.route->access == Access::kProbes;
  switch (hosts_.ask(host)) {
    case AllowedHosts::Answer::kYes:
      return nullptr;
    case AllowedHosts::Answer::kNoPagesName:
      if (probe) return nullptr;
      break;
    case AllowedHosts::Answer::kNo:
      break;
    case AllowedHosts::Answer::kMalformed:
      return refuse<ValidationError>("the Host " + shown(host) + " is no host");
  }
  return refuse<ValidationError>("this service does not answer to the Host " + shown(host) +
                                     "; ALLOWED_HOSTS lists the names that it answers to",
                                 kMisdirected);
}

std::unique_ptr<const ServiceError> Admission::check_browser(const RequestHead& head,
                                                             const Entry& entry) const {
  constexpr int kUnsupportedType = 415;
  const bool other_site = vitals::base::equal_ignoring_case(head.fetch_site, "cross-site");
  // Forms and simple requests are sent without asking; for JSON a browser asks first (CORS).
  if (head.has_body && (!head.origin.empty() || other_site) && !is_json(head.content_type)) {
    return refuse<ValidationError>(
        "a body that a browser sends must have the Content-Type application/json",
        kUnsupportedType);
  }
  // An image or script of another page: it could not read the answer, but take a place or time.
  const bool reads = head.method == Method::kGet || head.method == Method::kHead;
  if (reads && other_site && entry.match.wants_key && !may_read(head.origin) &&
      !vitals::base::equal_ignoring_case(head.fetch_mode, "navigate")) {
    return refuse<AuthorizationError>(
        "a page of another site asks for this, and CORS_ORIGINS does not list it");
  }
  return nullptr;
}

Response Admission::options_answer(const RequestHead& head, const Entry& entry) const {
  Response response;
  response.status = 204;
  response.content_type.clear();
  const RouteTable::Match& match = entry.match;
  // A preflight of a path that is not there is answered as any other: the key comes later.
  const std::string methods =
      (match.allowed.empty() ? std::string{"GET, HEAD, POST, PATCH, DELETE"} : match.allowed) +
      ", OPTIONS";
  response.headers.emplace_back("Allow", methods);
  if (may_read(head.origin)) {
    response.headers.emplace_back("Access-Control-Allow-Methods", methods);
    response.headers.emplace_back(
        "Access-Control-Allow-Headers",
        "Authorization, Content-Type, Idempotency-Key, X-Request-ID, sentry-trace, baggage, "
        "traceparent, tracestate");
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  return response;
}

void Admission::finish_headers(std::string_view origin, Response& response) const {
  response.headers.reserve(response.headers.size() + 5);  // as many as may follow
  if (!origin.empty()) {
    if (may_read(origin)) {
      response.headers.emplace_back("Access-Control-Allow-Origin", origin);
      response.headers.emplace_back("Access-Control-Expose-Headers",
                                    "X-Request-ID, X-Trace-ID, Retry-After, Idempotency-Replayed");
    }
    response.headers.emplace_back("Vary", "Origin");
  }
  const auto has = [&response](std::string_view name) {
    return std::any_of(response.headers.begin(), response.headers.end(),
                       [name](const auto& header) { return header.first == name; });
  };
  if (!has("X-Content-Type-Options"))
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  if (!has("Cache-Control")) response.headers.emplace_back("Cache-Control", "no-store");
}

bool Admission::set_keys(std::vector<std::string> keys) {
  std::vector<Key> fresh = named(std::move(keys));
  const std::lock_guard lock{mutex_};
  if (fresh.empty() && !keys_.empty()) return false;
  keys_ = std::move(fresh);
  return true;
}

}  // namespace health_agent::api
