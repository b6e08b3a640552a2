#include "sentry/delivery/packer.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/random.h"
#include "sentry/delivery/envelope.h"
#include "sentry/dsc.h"
#include "sentry/event/event_builder.h"
#include "sentry/event/event_json.h"
#include "sentry/event/streamed.h"
#include "sentry/event/trim.h"
#include "sentry/grouping/fingerprint_rules.h"
#include "sentry/runtime.h"

namespace vitals::sentry::detail {
namespace {

using delivery::SendRequest;
using delivery::SendResult;
using delivery::detail::Cargo;
using delivery::detail::Parcel;
using delivery::detail::Step;
using delivery::detail::Twice;
using delivery::detail::Verdict;

constexpr std::size_t kMaxItem = 1024 * 1024;
constexpr std::size_t kMaxAttachment = 20 * 1024 * 1024;
constexpr std::size_t kMaxEnvelope = 100 * 1024 * 1024;
constexpr std::size_t kGzipFrom = 1024;
constexpr std::size_t kPlainHeaders = 3;
/// A request's body keeps its memory for the next one, up to so many bytes.
constexpr std::size_t kKeptBody = std::size_t{2} * 1024 * 1024;

Cause cause_of_status(int status) noexcept {
  if (status >= 200 && status < 300) return Cause::kSent;
  if (status == 429) return Cause::kAnswered429;
  if (status == 413) return Cause::kRefusedAsTooLarge;
  return status == 0 ? Cause::kNetworkError : Cause::kSendError;
}

/// Counts what is not to be sent.
template <class Item>
Step step_of(const Item& item, std::optional<Cause> refused) noexcept {
  if (!refused) return Step::kReady;
  item.count(*refused);
  const Outcome outcome = outcome_of(*refused);
  return outcome == Outcome::kSampled || outcome == Outcome::kBeforeSend ? Step::kLeftOut
                                                                         : Step::kLost;
}

}  // namespace

EnvelopePacker::EnvelopePacker(SentryPolicy& policy)
    : policy_(policy),
      ignore_(policy.options()),
      request_{.url = policy.destinations().url,
               .headers = {{"Content-Type", "application/x-sentry-envelope"},
                           {"User-Agent", std::string{client_name()}},
                           {"X-Sentry-Auth", auth_header(policy.destinations().public_key)}},
               .wanted = {"x-sentry-rate-limits", "retry-after"}} {}

Step EnvelopePacker::open(std::size_t lane, const Cargo& cargo) {
  draft_ = {};
  switch (lane) {
    case kErrors: {
      const auto& item = static_cast<const ErrorItem&>(cargo);
      return step_of(item, draft(item));
    }
    case kTransactions: {
      const auto& item = static_cast<const TransactionItem&>(cargo);
      return step_of(item, draft(item));
    }
    default:
      return Step::kReady;
  }
}

Step EnvelopePacker::pack(std::size_t lane, const Cargo& cargo, Parcel& parcel) {
  if (lane != kItems) {
    Step step = Step::kReady;
    if (draft_.streamed.empty()) {
      write(draft_, parcel);
    } else {
      step = write_spans(draft_, parcel);
    }
    draft_ = {};
    return step;
  }
  const auto& item = static_cast<const ReadyItem&>(cargo);
  return step_of(item, write(item, parcel));
}

template <class Captured>
bool EnvelopePacker::kept_by_hook(const std::function<bool(Captured&)>& hook,
                                  Captured& captured) const {
  if (!hook) return true;
  try {
    return hook(captured);
  } catch (...) {
    policy_.say("a hook threw, the event is dropped");
    return false;
  }
}

std::optional<Cause> EnvelopePacker::draft(const ErrorItem& item) {
  if (policy_.limited(Category::kError)) return Cause::kLimited;
  Event& event = draft_.event;
  event = build_event(item, policy_.options(), policy_.symbolizer());
  if (ignore_.ignores(event)) return Cause::kEventProcessor;
  apply_fingerprint_rules(event);
  if (!kept_by_hook(policy_.options().before_send, event)) return Cause::kBeforeSend;
  if (base::Random::unit() >= rate_of(event)) return Cause::kSampleRate;
  draft_.dsc = item.dsc;
  return std::nullopt;
}

std::optional<Cause> EnvelopePacker::draft(const TransactionItem& item) {
  if (item.lifecycle == TraceLifecycle::kStream) return draft_spans(item);
  if (policy_.limited(Category::kTransaction)) return Cause::kLimited;
  const Options& options = policy_.options();
  Event& event = draft_.event;
  event = build_event(*item.transaction, options, item.range);
  if (ignore_.ignores(event)) return Cause::kEventProcessor;
  const std::size_t spans = event.spans.size();
  if (!kept_by_hook(options.before_send_transaction, event)) return Cause::kBeforeSend;
  const std::size_t left = event.spans.size();
  if (left < spans) count(Category::kSpan, Cause::kBeforeSend, spans - left);
  draft_.dsc = dsc_of(item);
  draft_.spans = static_cast<std::uint32_t>(left) + 1;
  return std::nullopt;
}

std::string EnvelopePacker::dsc_of(const TransactionItem& item) const {
  const Trace& trace = TransactionAccess::trace(*item.transaction);
  const std::string* const frozen = trace.final_baggage();
  // A caller that says nothing of its trace is passed on as it came, but the server takes no spans
  // without.
  if (frozen != nullptr && (!frozen->empty() || item.lifecycle == TraceLifecycle::kStatic))
    return *frozen;
  const Options& options = policy_.options();
  return make_dsc(trace.facts(), {policy_.destinations().public_key, options.release,
                                  options.environment, policy_.destinations().org_id});
}

bool EnvelopePacker::ask_for_span(StreamedSpan& span) const {
  const TraceId trace_id = span.trace_id;
  const SpanId span_id = span.span_id;
  const SpanId parent_span_id = span.parent_span_id;
  const bool is_segment = span.is_segment;
  const bool kept = kept_by_hook(policy_.options().before_send_span, span);
  span.trace_id = trace_id;
  span.span_id = span_id;
  span.parent_span_id = parent_span_id;
  span.is_segment = is_segment;
  return kept;
}

std::optional<StreamedSpan> EnvelopePacker::ask_for_segment(const TransactionItem& item,
                                                            StreamedSpan segment) const {
  if (!item.segment) {
    if (!ask_for_span(segment)) return std::nullopt;
    return segment;
  }
  const std::lock_guard hold{item.segment->mutex};
  if (!std::exchange(item.segment->asked, true) && ask_for_span(segment))
    item.segment->span = std::move(segment);
  return item.segment->span;
}

void EnvelopePacker::ask_for_parts(std::vector<StreamedSpan> parts) {
  if (!policy_.options().before_send_span) {
    for (StreamedSpan& part : parts)
      draft_.streamed.push_back(std::move(part));
    return;
  }
  std::vector<SpanRecord> shown;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    StreamedSpan before;
    if (draft_.shown) before = parts[i];
    if (!ask_for_span(parts[i])) {
      ++refused;
      continue;
    }
    if (draft_.shown) {
      apply_changes(draft_.event, &draft_.event.spans[i], before, parts[i]);
      shown.push_back(std::move(draft_.event.spans[i]));
    }
    draft_.streamed.push_back(std::move(parts[i]));
  }
  draft_.event.spans = std::move(shown);
  // Else none is left, which is counted as such.
  if (refused > 0 && !draft_.streamed.empty()) count(Category::kSpan, Cause::kBeforeSend, refused);
}

std::optional<Cause> EnvelopePacker::draft_spans(const TransactionItem& item) {
  if (policy_.limited(Category::kSpan)) return Cause::kLimited;
  const Options& options = policy_.options();
  Event event = build_event(*item.transaction, options, item.range);
  if (ignore_.ignores(event)) return Cause::kEventProcessor;
  StreamedSpan segment = segment_of(event, *item.transaction, policy_.machine());
  draft_.shown = options.on_rendered && item.range.first == 0;
  if (draft_.shown) draft_.event = event;
  draft_.event.event_id = event.event_id;
  std::optional<StreamedSpan> left = ask_for_segment(item, segment);
  if (!left) return Cause::kBeforeSend;
  draft_.segment_name = left->name;
  draft_.segment_id = left->span_id;
  if (item.range.first == 0) {
    if (draft_.shown && options.before_send_span)
      apply_changes(draft_.event, nullptr, segment, *left);
    draft_.streamed.push_back(*std::move(left));
  }
  ask_for_parts(take_parts(std::move(event), *item.transaction, item.range));
  if (draft_.streamed.empty()) return Cause::kBeforeSend;
  draft_.dsc = dsc_of(item);
  return std::nullopt;
}

double EnvelopePacker::rate_of(const Event& event) const noexcept {
  const Options& options = policy_.options();
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

void EnvelopePacker::write(const Draft& draft, Parcel& parcel) {
  const Event& event = draft.event;
  const bool error = event.type == Event::Type::kError;
  payload_.clear();
  const std::size_t cut = write_event_within(
      kMaxItem, event, {&policy_.machine(), policy_.options().send_default_pii}, payload_);
  if (!error && cut > 0) count(Category::kSpan, Cause::kTooLarge, cut);
  tell(event);
  const Category category = error ? Category::kError : Category::kTransaction;
  std::copy(event.event_id.bytes.begin(), event.event_id.bytes.end(), parcel.id.begin());
  parcel.kind = static_cast<std::uint8_t>(category);
  parcel.twice = Twice::kOnce;
  count_in(parcel.contents, category) = 1;
  count_in(parcel.contents, Category::kSpan) =
      error ? 0 : draft.spans - static_cast<std::uint32_t>(cut);
  begin_envelope({event.event_id, policy_.destinations().dsn, draft.dsc}, parcel.text);
  append_item(error ? "event" : "transaction", {}, payload_, parcel.text);
  attach(event, parcel);
  policy_.copy_to_spotlight(parcel.text);
}

Step EnvelopePacker::write_spans(const Draft& draft, Parcel& parcel) {
  const bool pii = policy_.options().send_default_pii;
  payload_.clear();
  if (draft.shown) {
    write_event_within(kMaxItem, draft.event, {&policy_.machine(), pii}, payload_);
    tell(draft.event);
  }
  const StreamFrame frame{.common = policy_.span_attributes(),
                          .segment_name = draft.segment_name,
                          .segment_id = draft.segment_id,
                          .send_default_pii = pii};
  constexpr std::string_view kEnd = "]}";
  payload_ = "{\"items\":[";
  std::uint32_t written = 0;
  for (const StreamedSpan& span : draft.streamed) {
    // What is too large was made so by a hook, and gives way.
    for (const Whole whole : {Whole::kYes, Whole::kNo}) {
      const std::size_t before = payload_.size();
      if (written > 0) payload_ += ',';
      write_streamed_span(span, frame, whole, payload_);
      if (payload_.size() + kEnd.size() <= kMaxItem) {
        ++written;
        break;
      }
      payload_.resize(before);
    }
  }
  payload_ += kEnd;
  const auto lost = static_cast<std::uint32_t>(draft.streamed.size()) - written;
  if (lost > 0) count(Category::kSpan, Cause::kTooLarge, lost);
  if (written == 0) return Step::kLost;
  // For a person who looks for a fault; the server knows a span by its own id.
  std::copy(draft.event.event_id.bytes.begin(), draft.event.event_id.bytes.end(),
            parcel.id.begin());
  parcel.kind = static_cast<std::uint8_t>(Category::kSpan);
  parcel.twice = Twice::kHarmless;
  count_in(parcel.contents, Category::kSpan) = written;
  begin_envelope({.dsn = policy_.destinations().dsn, .dsc = draft.dsc}, parcel.text);
  append_item("span", container_members(written, "span.v2"), payload_, parcel.text);
  policy_.copy_to_spotlight(parcel.text);
  return Step::kReady;
}

void EnvelopePacker::tell(const Event& event) const noexcept {
  if (!policy_.options().on_rendered) return;
  try {
    policy_.options().on_rendered(event, payload_);
  } catch (...) {
    // A listener's failure is not the event's.
  }
}

void EnvelopePacker::attach(const Event& event, Parcel& parcel) {
  const bool limited = !event.attachments.empty() && policy_.limited(Category::kAttachment);
  for (const AttachmentRecord& file : event.attachments) {
    if (limited || file.bytes.size() > kMaxAttachment ||
        parcel.text.size() + file.bytes.size() > kMaxEnvelope) {
      count_attachment(limited ? Cause::kLimited : Cause::kTooLarge, file.bytes.size());
      continue;
    }
    std::string members;
    base::JsonWriter writer{members};
    writer.member("filename", file.filename.empty() ? "attachment" : file.filename);
    writer.member("content_type", file.content_type);
    writer.member("attachment_type", "event.attachment");
    append_item("attachment", members, file.bytes, parcel.text);
    ++count_in(parcel.contents, Category::kAttachment);
    bytes_in(parcel.contents, Bulk::kAttachment) += static_cast<std::uint32_t>(file.bytes.size());
  }
}

std::optional<Cause> EnvelopePacker::write(const ReadyItem& item, Parcel& parcel) {
  if (policy_.limited(item.category)) return Cause::kLimited;
  if (item.payload.size() > kMaxItem) return Cause::kTooLarge;
  parcel.kind = static_cast<std::uint8_t>(item.category);
  // A check-in has an id inside; of logs a line that is there twice is better than one that is lost;
  // sessions and metrics are counted.
  if (item.category == Category::kMonitor) parcel.twice = Twice::kOnce;
  if (item.category == Category::kLog) parcel.twice = Twice::kHarmless;
  count_in(parcel.contents, item.category) = item.quantity;
  if (const auto bulk = payload_bulk(item.category)) {
    bytes_in(parcel.contents, *bulk) = static_cast<std::uint32_t>(item.payload.size());
  }
  begin_envelope({.dsn = policy_.destinations().dsn}, parcel.text);
  append_item(item.type, item.header_members, item.payload, parcel.text);
  policy_.copy_to_spotlight(parcel.text);
  return std::nullopt;
}

const SendRequest* EnvelopePacker::address(Parcel& parcel) {
  riding_.reset();
  if (policy_.destinations().url.empty()) return nullptr;
  const std::size_t size = parcel.text.size();
  riding_ = policy_.let_ride(parcel.text);
  stamp(parcel.text, Timestamp{std::chrono::nanoseconds{base::wall_clock()}});
  compress(parcel.text);
  parcel.text.resize(size);
  return &request_;
}

Verdict EnvelopePacker::judge(const Parcel& parcel, const SendResult& result) noexcept {
  // One with attachments must not stay as large for good.
  if (request_.body.capacity() > kKeptBody) request_.body = {};
  const Cause cause = cause_of_status(result.status);
  try {
    policy_.learn(result);
    if (policy_.options().debug) say(parcel, result, cause);
  } catch (const std::bad_alloc&) {
    // No memory to read what it says of limits: the next answer says it again.
  }
  if (riding_ && cause == Cause::kSent) riding_->arrived();
  riding_.reset();
  if (cause == Cause::kNetworkError) return Verdict::kAway;
  count_contents(parcel.contents, cause);
  return cause == Cause::kSent ? Verdict::kDelivered : Verdict::kRefused;
}

void EnvelopePacker::compress(const std::string& envelope) {
  request_.headers.resize(kPlainHeaders);
  if (envelope.size() >= kGzipFrom && gzip_.compress(envelope, request_.body)) {
    request_.headers.emplace_back("Content-Encoding", "gzip");
  } else {
    request_.body = envelope;
  }
}

void EnvelopePacker::say(const Parcel& parcel, const SendResult& result, Cause cause) const {
  EventId id;
  std::copy(parcel.id.begin(), parcel.id.end(), id.bytes.begin());
  const bool known = parcel.kind < kCategories;  // it may come from a file
  std::string text{known ? to_string(static_cast<Category>(parcel.kind)) : "unknown"};
  text += ' ';
  text += id.hex().view();
  text += ' ';
  text += to_string(outcome_of(cause));
  text += ", status " + std::to_string(result.status);
  policy_.say(text, result.error);
}

}  // namespace vitals::sentry::detail
