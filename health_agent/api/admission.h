#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "health_agent/address.h"
#include "health_agent/api/http.h"
#include "health_agent/api/rate_limit.h"
#include "health_agent/api/route_table.h"
#include "health_agent/errors.h"
#include "health_agent/hosts.h"

namespace health_agent::api {

/// The head of a request, as far as it decides who may come in: views that need only live for the
/// call, but for `target`, which the Entry refers to. Of a field that came on several lines the
/// first is given; of X-Forwarded-For all of them, joined by commas.
struct RequestHead {
  vitals::monitor::Method method = vitals::monitor::Method::kOther;
  /// What stands between the method and the version, as it is.
  std::string_view target;
  /// Nothing when there is no Host field, as HTTP/1.0 allows.
  std::optional<std::string_view> host;
  std::string_view origin;
  std::string_view content_type;
  std::string_view authorization;
  std::string_view forwarded_for;     ///< X-Forwarded-For
  std::string_view fetch_site;        ///< Sec-Fetch-Site
  std::string_view fetch_mode;        ///< Sec-Fetch-Mode
  std::string_view telegram_secret;   ///< X-Telegram-Bot-Api-Secret-Token
  std::string_view preflight_method;  ///< Access-Control-Request-Method
  /// A body follows: a Content-Length above 0, or a Transfer-Encoding.
  bool has_body = false;
  /// A proxy says that it passes the request on: Forwarded, Via or X-Real-IP is there.
  bool through_proxy = false;
  /// The other end of the connection, an address without its port.
  std::string_view remote_address;
};

/// What was decided about a request. Either it goes on to `match.route`, or early_answer() is its
/// answer and its body is of no interest.
struct Entry {
  /// What the caller showed.
  enum class Login { kNone, kKey, kMissing, kUnknownKey, kNoMetricsToken };
  /// Whether the caller's trace headers, baggage among them, are to be believed. A stranger's would
  /// choose what is sampled and paid for, and go on to the model's vendor.
  enum class Trace { kOwn, kContinue };

  RouteTable::Match match;
  /// Of the target, for the handler: views into RequestHead::target.
  std::string_view path;
  std::string_view query;
  std::string source;    ///< Where it comes from, see source_of().
  std::string key_name;  ///< With Login::kKey only.
  Login login = Login::kNone;
  Trace trace = Trace::kOwn;
  /// Why it may not go on.
  std::unique_ptr<const ServiceError> refusal;
  /// The answer to OPTIONS.
  std::optional<Response> ready;

  /// The answer, when the request does not go on to a route. Its error's class, if it is one, is
  /// `refusal->class_name()`.
  [[nodiscard]] std::optional<Response> early_answer(std::string_view request_id) const;
  /// For Request::caller.
  [[nodiscard]] std::string caller() const;
};

struct AdmissionOptions {
  /// Bearer keys; empty lets everybody in.
  std::vector<std::string> keys{};
  /// Origins as parse_origin() gives them, or `*`.
  std::vector<std::string> cors_origins{};
  /// Empty: see AllowedHosts.
  std::vector<std::string> allowed_hosts{};
  std::string api_host = "127.0.0.1";
  AddressList trusted_proxies{};
  int rate_limit_per_minute = 0;
  /// Empty refuses every update.
  std::string telegram_secret{};
  /// METRICS_TOKEN. A caller that does not show it where a route wants it counts as one without a
  /// key, and is answered by the route's handler.
  std::string metrics_token{};
};

/// The one place that decides who may come in, from the head of a request alone: what its target
/// means, whether this service is meant (ALLOWED_HOSTS), whether a page of somebody else's made a
/// browser send it, the keys, the rate limit, and which web origins may read the answers.
/// Threads: any.
class Admission {
 public:
  /// `routes` must outlive it.
  Admission(AdmissionOptions options, const RouteTable& routes);

  /// Decides. Takes one request off the caller's limit, unless the route is open to everybody:
  /// callers count by key, those without a valid one by address (an IPv6 caller by its /64), so
  /// that guessing keys is limited too. Cost: about 2 us; a short mutex.
  [[nodiscard]] Entry decide(const RequestHead& head);

  /// Adds what every answer bears: what lets a page of `origin` read it, if it is one that may;
  /// `X-Content-Type-Options: nosniff`; and `Cache-Control: no-store` where the handler has not
  /// said otherwise, since answers are about people.
  void finish_headers(std::string_view origin, Response& response) const;

  /// Replaces the keys. False, and nothing is changed, for an empty list while there are keys: what
  /// was closed stays closed.
  bool set_keys(std::vector<std::string> keys);

 private:
  struct Key {
    std::string secret;
    std::string name;
  };

  [[nodiscard]] static std::vector<Key> named(std::vector<std::string> keys);
  /// Whether the route wants METRICS_TOKEN and the request does not show it.
  [[nodiscard]] bool lacks_metrics_token(const RequestHead& head,
                                         const RouteTable::Match& match) const;
  /// Looks at the key, and says whether one is wanted at all.
  [[nodiscard]] bool open_or_identify(const RequestHead& head, Entry& entry) const;
  [[nodiscard]] bool may_read(std::string_view origin) const;
  /// Null when the host is one of ours.
  [[nodiscard]] std::unique_ptr<const ServiceError> check_host(std::string_view host,
                                                               const Entry& entry) const;
  [[nodiscard]] std::unique_ptr<const ServiceError> check_browser(const RequestHead& head,
                                                                  const Entry& entry) const;
  [[nodiscard]] Response options_answer(const RequestHead& head, const Entry& entry) const;

  const RouteTable& routes_;
  mutable std::mutex mutex_;
  std::vector<Key> keys_;
  const std::vector<std::string> cors_origins_;
  const AllowedHosts hosts_;
  const AddressList trusted_proxies_;
  const std::string telegram_secret_;
  const std::string metrics_token_;
  RateLimit limit_;
};

}  // namespace health_agent::api
