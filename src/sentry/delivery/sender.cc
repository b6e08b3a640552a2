#include "sentry/delivery/sender.h"

#include <utility>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/random.h"
#include "sentry/dsc.h"
#include "sentry/event/event_builder.h"
#include "sentry/event/event_json.h"
#include "sentry/event/trim.h"
#include "sentry/grouping/fingerprint_rules.h"
#include "sentry/runtime.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::size_t kMaxItem = 1024 * 1024;
constexpr std::size_t kMaxAttachment = 20 * 1024 * 1024;
constexpr std::size_t kMaxEnvelope = 100 * 1024 * 1024;
constexpr std::size_t kGzipFrom = 1024;
constexpr std::size_t kPlainHeaders = 3;
/// A request's body keeps its memory for the next one, up to so many bytes.
constexpr std::size_t kKeptBody = std::size_t{2} * 1024 * 1024;

Answer judge(int status) noexcept {
  if (status >= 200 && status < 300) return {Cause::kSent, false};
  if (status == 429) return {Cause::kAnswered429, false};
  if (status == 413) return {Cause::kRefusedAsTooLarge, false};
  if (status == 0) return {Cause::kNetworkError, true};
  return {Cause::kSendError, false};
}

}  // namespace

Sender::Sender(Outlet& outlet)
    : outlet_(outlet),
      ignore_(outlet.options()),
      request_{outlet.destinations().url,
               {{"Content-Type", "application/x-sentry-envelope"},
                {"User-Agent", std::string{client_name()}},
                {"X-Sentry-Auth", auth_header(outlet.destinations().public_key)}},
               {}} {}

std::variant<Draft, Cause> Sender::draft(const ErrorItem& item) {
  if (outlet_.limited(Category::kError)) return Cause::kLimited;
  Draft made;
  made.event = build_event(item, outlet_.options(), outlet_.symbolizer());
  if (ignore_.ignores(made.event)) return Cause::kEventProcessor;
  apply_fingerprint_rules(made.event);
  if (!kept_by_hook(outlet_.options().before_send, made.event)) return Cause::kBeforeSend;
  if (base::Random::unit() >= rate_of(made.event)) {
    return Cause::kSampleRate;
  }
  made.dsc = item.dsc;
  return made;
}

std::variant<Draft, Cause> Sender::draft(const FinishedTransaction& item) {
  if (outlet_.limited(Category::kTransaction)) return Cause::kLimited;
  const Options& options = outlet_.options();
  Draft made;
  made.event = build_event(item, options);
  if (ignore_.ignores(made.event)) return Cause::kEventProcessor;
  const std::size_t spans = made.event.spans.size();
  if (!kept_by_hook(options.before_send_transaction, made.event)) return Cause::kBeforeSend;
  const std::size_t left = made.event.spans.size();
  if (left < spans) count(Category::kSpan, Cause::kBeforeSend, spans - left);
  const Trace& trace = TransactionAccess::trace(item);
  const std::string* const frozen = trace.final_baggage();
  made.dsc = frozen != nullptr
                 ? *frozen
                 : make_dsc(trace.facts(), {outlet_.destinations().public_key, options.release,
                                            options.environment, outlet_.destinations().org_id});
  made.spans = static_cast<std::uint32_t>(left) + 1;
  return made;
}

double Sender::rate_of(const Event& event) const noexcept {
  const Options& options = outlet_.options();
  try {
    if (options.errors_sampler) {
      const double rate = options.errors_sampler(event);
      if (context::detail::is_rate(rate)) return rate;
    }
  } catch (...) {
    // By contract a sampler that throws falls back to the rate.
  }
  return runtime.sample_rate.load(std::memory_order_relaxed);
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

std::variant<Envelope, Cause> Sender::seal(const Draft& draft) {
  const Event& event = draft.event;
  const bool error = event.type == Event::Type::kError;
  payload_.clear();
  const std::size_t cut = write_event_within(
      kMaxItem, event, {&outlet_.machine(), outlet_.options().send_default_pii}, payload_);
  if (!error && cut > 0) count(Category::kSpan, Cause::kTooLarge, cut);
  tell(event);
  Envelope envelope;
  envelope.event_id = event.event_id;
  envelope.category = error ? Category::kError : Category::kTransaction;
  envelope.contents[static_cast<std::size_t>(envelope.category)] = 1;
  envelope.contents[static_cast<std::size_t>(Category::kSpan)] =
      error ? 0 : draft.spans - static_cast<std::uint32_t>(cut);
  begin_envelope({event.event_id, outlet_.destinations().dsn, draft.dsc}, envelope.text);
  append_item(error ? "event" : "transaction", {}, payload_, envelope.text);
  attach(event, envelope);
  outlet_.copy_to_spotlight(envelope.text);
  return envelope;
}

void Sender::tell(const Event& event) const noexcept {
  if (!outlet_.options().on_rendered) return;
  try {
    outlet_.options().on_rendered(event, payload_);
  } catch (...) {
    // A listener's failure is not the event's.
  }
}

void Sender::attach(const Event& event, Envelope& envelope) {
  const bool limited = !event.attachments.empty() && outlet_.limited(Category::kAttachment);
  for (const AttachmentRecord& file : event.attachments) {
    if (limited || file.bytes.size() > kMaxAttachment ||
        envelope.text.size() + file.bytes.size() > kMaxEnvelope) {
      count_attachment(limited ? Cause::kLimited : Cause::kTooLarge, file.bytes.size());
      continue;
    }
    std::string members;
    base::JsonWriter writer{members};
    writer.member("filename", file.filename.empty() ? "attachment" : file.filename);
    writer.member("content_type", file.content_type);
    writer.member("attachment_type", "event.attachment");
    append_item("attachment", members, file.bytes, envelope.text);
    ++envelope.contents[static_cast<std::size_t>(Category::kAttachment)];
    bytes_in(envelope.contents, Bulk::kAttachment) += static_cast<std::uint32_t>(file.bytes.size());
  }
}

std::variant<Envelope, Cause> Sender::seal(const ReadyItem& item) {
  if (outlet_.limited(item.category)) return Cause::kLimited;
  if (item.payload.size() > kMaxItem) return Cause::kTooLarge;
  Envelope envelope;
  envelope.category = item.category;
  envelope.contents[static_cast<std::size_t>(item.category)] = item.quantity;
  if (item.category == Category::kLog) {
    bytes_in(envelope.contents, Bulk::kLog) = static_cast<std::uint32_t>(item.payload.size());
  }
  begin_envelope({.dsn = outlet_.destinations().dsn}, envelope.text);
  append_item(item.type, item.header_members, item.payload, envelope.text);
  outlet_.copy_to_spotlight(envelope.text);
  return envelope;
}

Envelope Sender::seal(const Report& report) {
  Envelope envelope;
  begin_envelope({.dsn = outlet_.destinations().dsn}, envelope.text);
  append_item("client_report", {}, report.payload, envelope.text);
  return envelope;
}

void Sender::make_request(Envelope& envelope) {
  riding_.reset();
  if (outlet_.destinations().url.empty()) return;
  const std::size_t size = envelope.text.size();
  riding_ = outlet_.report_to_ride();
  if (riding_) append_item("client_report", {}, riding_->payload, envelope.text);
  stamp(envelope.text, Timestamp{std::chrono::nanoseconds{base::wall_clock()}});
  pack(envelope);
  envelope.text.resize(size);
}

Answer Sender::post(const Envelope& envelope) {
  if (outlet_.destinations().url.empty()) return {Cause::kSent, false};
  const SendResult result = outlet_.post(request_);
  // One with attachments must not stay as large for good.
  if (request_.body.capacity() > kKeptBody) request_.body = {};
  const Answer answer = judge(result.status);
  if (riding_ && answer.cause != Cause::kSent) outlet_.put_back(*riding_);
  riding_.reset();
  if (outlet_.options().debug) say(envelope, result, answer.cause);
  return answer;
}

void Sender::pack(const Envelope& envelope) {
  request_.headers.resize(kPlainHeaders);
  if (envelope.text.size() >= kGzipFrom && gzip_.compress(envelope.text, request_.body)) {
    request_.headers.emplace_back("Content-Encoding", "gzip");
  } else {
    request_.body = envelope.text;
  }
}

void Sender::say(const Envelope& envelope, const SendResult& result, Cause cause) const {
  std::string text{category_name(envelope.category)};
  text += ' ';
  text += envelope.event_id.hex().view();
  text += ' ';
  text += outcome_name(outcome_of(cause));
  text += ", status " + std::to_string(result.status);
  outlet_.say(text, result.error);
}

}  // namespace vitals::sentry::detail
