#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "sentry/delivery/gzip.h"
#include "sentry/delivery/rate_limits.h"
#include "sentry/items.h"
#include "vitals/sentry/client.h"
#include "vitals/sentry/options.h"

namespace vitals::sentry::detail {

/// Where envelopes go: the server and, if asked for, a Spotlight beside it.
struct Destinations {
  std::string url;         // empty: no server
  std::string dsn;         // without a secret
  std::string public_key;  // empty: no server
  std::string spotlight;   // empty: none
};

/// What became of one item.
struct Delivery {
  Outcome outcome = Outcome::kNetwork;
  bool server_away = false;  // no answer at all: the queue should wait
};

/// Turns one item into an event, an envelope and a request, and knows what to make of the answer.
/// Belongs to the client's thread alone, but for cancel().
class Sender {
 public:
  Sender(const Options& options, Destinations destinations);

  [[nodiscard]] Delivery deliver(const ErrorItem& item);
  [[nodiscard]] Delivery deliver(const TransactionItem& item);
  void cancel() noexcept;
  /// Says something on stderr when Options::debug is set.
  void say(std::string_view what, std::string_view detail = {}) const;

 private:
  [[nodiscard]] bool kept_by_hook(const std::function<bool(Event&)>& hook, Event& event) const;
  [[nodiscard]] Delivery post(const Event& event, std::string_view dsc, Category category);
  [[nodiscard]] SendResult post_to_server();
  void copy_to_spotlight();

  const Options& options_;
  const Destinations destinations_;
  const std::shared_ptr<Transport> transport_;
  const std::shared_ptr<Transport> spotlight_;
  const std::string machine_;
  std::chrono::steady_clock::time_point spotlight_pause_{};
  RateLimits limits_;
  Gzip gzip_;
  // Kept for their capacity.
  std::string payload_;
  std::string envelope_;
};

}  // namespace vitals::sentry::detail
