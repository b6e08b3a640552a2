#include "sentry/delivery/sender.h"

#include <cstdio>
#include <utility>

#include "base/random.h"
#include "sentry/delivery/envelope.h"
#include "sentry/event_builder.h"
#include "sentry/fingerprint_rules.h"
#include "sentry/machine.h"
#include "sentry/runtime.h"
#include "sentry/trim.h"

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

Outlet::Outlet(const Options& options, Destinations destinations)
    : options_(options),
      destinations_(std::move(destinations)),
      transport_(options.transport),
      spotlight_(destinations_.spotlight.empty() ? nullptr : make_curl_transport(kSpotlightLimits)),
      machine_(machine_contexts()),
      symbolizer_(options_) {}

bool Outlet::limited(Category category) const noexcept {
  return limits_.limited(category, Clock::now());
}

SendResult Outlet::post(const SendRequest& request) {
  SendResult result = send_safely(*transport_, request);
  limits_.update(result.status, result.rate_limits, result.retry_after, Clock::now());
  return result;
}

void Outlet::copy_to_spotlight(const std::string& envelope) {
  if (!spotlight_ || Clock::now() < spotlight_pause_.load(std::memory_order_relaxed)) return;
  const SendRequest request{
      destinations_.spotlight, {{"Content-Type", "application/x-sentry-envelope"}}, envelope};
  const SendResult result = send_safely(*spotlight_, request);
  if (result.status != 0) return;
  // A developer's tool that is not running must not hold up what is meant for the server.
  spotlight_pause_.store(Clock::now() + kSpotlightPause, std::memory_order_relaxed);
  say("Spotlight does not answer, left alone for 30 s:", result.error);
}

void Outlet::cancel() noexcept {
  if (transport_) transport_->cancel();
  if (spotlight_) spotlight_->cancel();
}

void Outlet::say(std::string_view what, std::string_view detail) const {
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

Delivery Sender::deliver(const ErrorItem& item) {
  if (outlet_.limited(Category::kError)) return {Outcome::kRateLimited, false};
  Event event = build_event(item, outlet_.options(), outlet_.symbolizer());
  apply_fingerprint_rules(event);
  if (!kept_by_hook(outlet_.options().before_send, event)) return {Outcome::kBeforeSend, false};
  if (base::Random::unit() >= runtime.sample_rate.load(std::memory_order_relaxed)) {
    return {Outcome::kSampled, false};
  }
  return post(event, item.dsc, Category::kError);
}

Delivery Sender::deliver(const TransactionItem& item) {
  if (outlet_.limited(Category::kTransaction)) return {Outcome::kRateLimited, false};
  Event event = build_event(item, outlet_.options());
  if (!kept_by_hook(outlet_.options().before_send_transaction, event))
    return {Outcome::kBeforeSend, false};
  const Options& options = outlet_.options();
  const std::string dsc = item.trace->final_dsc(
      {outlet_.destinations().public_key, options.release, options.environment});
  return post(event, dsc, Category::kTransaction);
}

bool Sender::kept_by_hook(const std::function<bool(Event&)>& hook, Event& event) const {
  if (!hook) return true;
  try {
    return hook(event);
  } catch (...) {
    outlet_.say("a hook threw, the event is dropped");
    return false;
  }
}

Delivery Sender::post(const Event& event, std::string_view dsc, Category category) {
  payload_.clear();
  write_event_within(kMaxItem, event, {outlet_.machine(), outlet_.options().send_default_pii},
                     payload_);
  return send_envelope({.event_id = event.event_id,
                        .dsn = outlet_.destinations().dsn,
                        .dsc = dsc,
                        .item_type = category == Category::kError ? "event" : "transaction",
                        .payload = payload_,
                        .sent_at = Timestamp{std::chrono::nanoseconds{wall_clock()}}},
                       category);
}

Delivery Sender::deliver(const ReadyItem& item) {
  if (outlet_.limited(item.category)) return {Outcome::kRateLimited, false};
  return send_envelope({.dsn = outlet_.destinations().dsn,
                        .item_type = item.type,
                        .item_members = item.header_members,
                        .payload = item.payload,
                        .sent_at = Timestamp{std::chrono::nanoseconds{wall_clock()}}},
                       item.category);
}

Delivery Sender::send_envelope(const EnvelopeParts& parts, Category category) {
  if (parts.payload.size() > kMaxItem) return {Outcome::kTooLarge, false};
  write_envelope(parts, envelope_);
  outlet_.copy_to_spotlight(envelope_);
  if (outlet_.destinations().url.empty()) return {Outcome::kSent, false};

  const SendResult result = outlet_.post(make_request());
  const Delivery delivery = judge(result.status);
  if (outlet_.options().debug) {
    std::string text{category_name(category)};
    text += ' ';
    text += parts.event_id.hex().view();
    text += ' ';
    text += outcome_name(delivery.outcome);
    text += ", status " + std::to_string(result.status);
    outlet_.say(text, result.error);
  }
  return delivery;
}

SendRequest Sender::make_request() {
  SendRequest request{outlet_.destinations().url,
                      {{"Content-Type", "application/x-sentry-envelope"},
                       {"User-Agent", std::string{client_name()}},
                       {"X-Sentry-Auth", auth_header(outlet_.destinations().public_key)}},
                      {}};
  if (envelope_.size() >= kGzipFrom && gzip_.compress(envelope_, request.body)) {
    request.headers.emplace_back("Content-Encoding", "gzip");
  } else {
    request.body = envelope_;
  }
  return request;
}

}  // namespace vitals::sentry::detail
