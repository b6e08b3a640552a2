#include "sentry/delivery/sender.h"

#include <cstdio>
#include <utility>

#include "sentry/delivery/envelope.h"
#include "sentry/event_builder.h"
#include "sentry/event_json.h"
#include "sentry/machine.h"
#include "sentry/random.h"
#include "sentry/runtime.h"

namespace vitals::sentry::detail {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxItem = 1024 * 1024;
constexpr std::size_t kGzipFrom = 1024;
constexpr std::chrono::seconds kSpotlightPause{30};
constexpr CurlTransportOptions kSpotlightLimits{.timeout = std::chrono::milliseconds{1000},
                                                .connect_timeout = std::chrono::milliseconds{300}};

SendResult send_safely(Transport& transport, const SendRequest& request) {
  try {
    return transport.send(request);
  } catch (const std::exception& exception) {
    return {.status = 0, .error = exception.what()};
  } catch (...) {
    return {.status = 0, .error = "the transport threw"};
  }
}

Delivery judge(int status) noexcept {
  if (status >= 200 && status < 300) return {Outcome::kSent, false};
  if (status == 429) return {Outcome::kRateLimited, false};
  if (status == 413) return {Outcome::kTooLarge, false};
  return {Outcome::kNetwork, status == 0};
}

}  // namespace

Sender::Sender(const Options& options, Destinations destinations)
    : options_(options),
      destinations_(std::move(destinations)),
      transport_(options.transport),
      spotlight_(destinations_.spotlight.empty() ? nullptr : make_curl_transport(kSpotlightLimits)),
      machine_(machine_contexts()) {}

Delivery Sender::deliver(const ErrorItem& item) {
  if (limits_.limited(Category::kError, Clock::now())) return {Outcome::kRateLimited, false};
  Event event = build_event(item, options_);
  if (!kept_by_hook(options_.before_send, event)) return {Outcome::kBeforeSend, false};
  if (random_unit() >= runtime.sample_rate.load(std::memory_order_relaxed)) {
    return {Outcome::kSampled, false};
  }
  return post(event, item.dsc, Category::kError);
}

Delivery Sender::deliver(const TransactionItem& item) {
  if (limits_.limited(Category::kTransaction, Clock::now())) return {Outcome::kRateLimited, false};
  Event event = build_event(item, options_);
  if (!kept_by_hook(options_.before_send_transaction, event)) return {Outcome::kBeforeSend, false};
  return post(event, item.trace->final_dsc(), Category::kTransaction);
}

bool Sender::kept_by_hook(const std::function<bool(Event&)>& hook, Event& event) const {
  if (!hook) return true;
  try {
    return hook(event);
  } catch (...) {
    say("a hook threw, the event is dropped");
    return false;
  }
}

Delivery Sender::post(const Event& event, std::string_view dsc, Category category) {
  payload_.clear();
  write_event(event, {machine_, options_.send_default_pii}, payload_);
  if (payload_.size() > kMaxItem) return {Outcome::kTooLarge, false};
  write_envelope({.event_id = event.event_id,
                  .dsn = destinations_.dsn,
                  .dsc = dsc,
                  .item_type = category == Category::kError ? "event" : "transaction",
                  .payload = payload_,
                  .sent_at = Timestamp{std::chrono::nanoseconds{wall_clock()}}},
                 envelope_);
  if (spotlight_) copy_to_spotlight();
  if (destinations_.url.empty()) return {Outcome::kSent, false};

  const SendResult result = post_to_server();
  limits_.update(result.status, result.rate_limits, result.retry_after, Clock::now());
  const Delivery delivery = judge(result.status);
  if (options_.debug) {
    std::string text{category_name(category)};
    text += ' ';
    text += event.event_id.hex().view();
    text += ' ';
    text += outcome_name(delivery.outcome);
    text += ", status " + std::to_string(result.status);
    say(text, result.error);
  }
  return delivery;
}

SendResult Sender::post_to_server() {
  SendRequest request{destinations_.url,
                      {{"Content-Type", "application/x-sentry-envelope"},
                       {"User-Agent", std::string{client_name()}},
                       {"X-Sentry-Auth", auth_header(destinations_.public_key)}},
                      {}};
  if (envelope_.size() >= kGzipFrom && gzip_.compress(envelope_, request.body)) {
    request.headers.emplace_back("Content-Encoding", "gzip");
  } else {
    request.body = envelope_;
  }
  return send_safely(*transport_, request);
}

void Sender::copy_to_spotlight() {
  if (Clock::now() < spotlight_pause_) return;
  const SendRequest request{
      destinations_.spotlight, {{"Content-Type", "application/x-sentry-envelope"}}, envelope_};
  const SendResult result = send_safely(*spotlight_, request);
  if (result.status != 0) return;
  // A developer's tool that is not running must not hold up what is meant for the server.
  spotlight_pause_ = Clock::now() + kSpotlightPause;
  say("Spotlight does not answer, left alone for 30 s:", result.error);
}

void Sender::cancel() noexcept {
  if (transport_) transport_->cancel();
  if (spotlight_) spotlight_->cancel();
}

void Sender::say(std::string_view what, std::string_view detail) const {
  if (!options_.debug) return;
  std::string line = "vitals sentry: ";
  line += what;
  if (!detail.empty()) {
    line += ' ';
    line += detail;
  }
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace vitals::sentry::detail
