#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "sentry/delivery/envelope.h"
#include "sentry/delivery/gzip.h"
#include "sentry/delivery/rate_limits.h"
#include "sentry/items.h"
#include "sentry/stack/symbolizer.h"
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

/// What all senders of a client share: where to, by what, and what the server has asked for.
/// Threads: any.
class Outlet {
 public:
  Outlet(const Options& options, Destinations destinations);

  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] const Destinations& destinations() const noexcept { return destinations_; }
  [[nodiscard]] std::string_view machine() const noexcept { return machine_; }
  [[nodiscard]] Symbolizer& symbolizer() noexcept { return symbolizer_; }
  [[nodiscard]] bool limited(Category category) const noexcept;

  /// Posts to the server, and takes in what its answer says of limits.
  [[nodiscard]] SendResult post(const SendRequest& request);
  /// Posts a copy to Spotlight where there is one.
  void copy_to_spotlight(const std::string& envelope);
  void cancel() noexcept;
  /// Says something on stderr when Options::debug is set.
  void say(std::string_view what, std::string_view detail = {}) const;

 private:
  const Options& options_;
  const Destinations destinations_;
  const std::shared_ptr<Transport> transport_;
  const std::shared_ptr<Transport> spotlight_;
  const std::string machine_;
  std::atomic<std::chrono::steady_clock::time_point> spotlight_pause_{};
  RateLimits limits_;
  Symbolizer symbolizer_;
};

/// Turns one item into an event, an envelope and a request, and knows what to make of the answer.
/// Threads: one each.
class Sender {
 public:
  explicit Sender(Outlet& outlet) : outlet_(outlet) {}

  [[nodiscard]] Delivery deliver(const ErrorItem& item);
  [[nodiscard]] Delivery deliver(const TransactionItem& item);
  [[nodiscard]] Delivery deliver(const ReadyItem& item);

 private:
  [[nodiscard]] bool kept_by_hook(const std::function<bool(Event&)>& hook, Event& event) const;
  [[nodiscard]] Delivery post(const Event& event, std::string_view dsc, Category category);
  [[nodiscard]] Delivery send_envelope(const EnvelopeParts& parts, Category category);
  [[nodiscard]] SendRequest make_request();

  Outlet& outlet_;
  Gzip gzip_;
  // Kept for their capacity.
  std::string payload_;
  std::string envelope_;
};

}  // namespace vitals::sentry::detail
