#include "sentry/event/streamed.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/json_writer.h"
#include "privacy/scrub.h"
#include "sentry/items/attributes.h"
#include "vitals/base/ascii.h"
#include "vitals/version.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::size_t kMaxItem = 1024 * 1024;
/// Of the item's braces and header.
constexpr std::size_t kItemRoom = kMaxItem - 4096;
/// What is in the JSON of each span beside texts and attributes of its own: names and braces.
constexpr std::size_t kSpanFrame = 640;
/// How much longer a text becomes as JSON, at most, and a record as an attribute.
constexpr std::size_t kGrowth = 6;

constexpr std::string_view kLifecycle = "sentry.trace_lifecycle";
constexpr std::string_view kSegmentId = "sentry.segment.id";
constexpr std::string_view kSegmentName = "sentry.segment.name";
constexpr std::string_view kOp = "sentry.op";
constexpr std::string_view kKind = "sentry.kind";
constexpr std::string_view kOrigin = "sentry.origin";
constexpr std::string_view kPlatform = "sentry.platform";
constexpr std::string_view kOsName = "os.name";
constexpr std::string_view kStatusMessage = "sentry.status.message";
constexpr std::string_view kHeader = "http.request.header.";
constexpr std::string_view kFlag = "flag.evaluation.";

/// Whether the client writes this name, so that nobody else may.
bool is_reserved(std::string_view name) noexcept {
  return (is_common_attribute(name) && name != kServerAttribute) || name == kLifecycle ||
         name == kSegmentId || name == kSegmentName || name == kOp || name == kKind ||
         name == kOrigin || name == kPlatform || name == kOsName;
}

const Value* find_field(const Fields& fields, std::string_view name) noexcept {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [name](const auto& field) { return field.first == name; });
  return found == fields.end() ? nullptr : &found->second;
}

/// What was said of the span itself stands before what the scope says.
void add_missing(Fields& fields, std::string_view name, Value value) {
  if (name.empty() || find_field(fields, name) != nullptr) return;
  fields.emplace_back(std::string{name}, std::move(value));
}

void add_text(Fields& fields, std::string_view name, const std::string& text) {
  if (!text.empty()) add_missing(fields, name, text);
}

std::string_view word_of(context::SpanKind kind) noexcept {
  switch (kind) {
    case context::SpanKind::kServer:
      return "server";
    case context::SpanKind::kClient:
      return "client";
    case context::SpanKind::kProducer:
      return "producer";
    case context::SpanKind::kConsumer:
      return "consumer";
    case context::SpanKind::kUnset:
    case context::SpanKind::kInternal:
      break;
  }
  return "internal";
}

/// Who gave up has not failed.
bool is_failed(std::string_view status) noexcept {
  return !status.empty() && status != "ok" && status != "cancelled";
}

/// What the protocol knows two words of, in one of them; the finer word is an attribute.
void put_status(StreamedSpan& span, const std::string& status) {
  span.status = is_failed(status) ? "error" : "ok";
  if (!status.empty() && status != "ok") add_missing(span.attributes, kStatusMessage, status);
}

/// The scope's attributes and user, which each span bears.
Fields fields_of_all(const Event& event, const FinishedTransaction& transaction) {
  Fields fields;
  for (std::string_view rest = TransactionAccess::scope(transaction); !rest.empty();) {
    const Record record = take_record(rest);
    if (record.section == Section::kAttribute) put(fields, record.key, record.value);
  }
  add_text(fields, "user.id", event.user.id);
  add_text(fields, "user.name", event.user.username);
  add_text(fields, "user.email", event.user.email);
  add_text(fields, "user.ip_address", event.user.ip_address);
  return fields;
}

void add_fields(Fields& fields, const Fields& more) {
  for (const auto& [name, value] : more)
    add_missing(fields, name, value);
}

void add_request(Fields& fields, const RequestRecord& request) {
  add_text(fields, "http.request.method", request.method);
  add_text(fields, "url.full", request.url);
  add_text(fields, "url.query", request.query);
  add_text(fields, "http.request.body.data", request.body);
  for (const auto& [name, value] : request.headers) {
    std::string key{kHeader};
    for (const char c : name)
      key += base::lower(c);
    add_text(fields, key, value);
  }
}

void add_machine(Fields& fields, const MachineContexts& machine) {
  const auto add = [&](std::string_view context, std::string_view field, std::string_view name) {
    for (const auto& [known, values] : machine) {
      if (known != context) continue;
      if (const Value* const value = find_field(values, field)) add_missing(fields, name, *value);
    }
  };
  add("os", "version", "os.version");
  add("runtime", "name", "process.runtime.name");
  add("runtime", "version", "process.runtime.version");
}

/// All that a transaction says of the whole.
void add_whole(StreamedSpan& span, const Event& event, const MachineContexts& machine) {
  Fields& fields = span.attributes;
  for (const auto& [name, value] : event.tags)
    add_missing(fields, name, value);
  add_request(fields, event.request);
  add_fields(fields, event.extra);
  for (const auto& [context, values] : event.contexts) {
    for (const auto& [field, value] : values) {
      std::string name = context;
      add_missing(fields, name.append(1, '.').append(field), value);
    }
  }
  for (const auto& [name, result] : event.flags)
    add_missing(fields, std::string{kFlag} + name, result);
  add_text(fields, "sentry.segment.name.source", event.transaction_source);
  // As earlier servers know it.
  add_text(fields, "sentry.span.source", event.transaction_source);
  add_text(fields, "sentry.dist", event.dist);
  add_text(fields, kServerAttribute, event.server_name);
  if (event.spans_dropped > 0) add_missing(fields, "spans_dropped", event.spans_dropped);
  add_machine(fields, machine);
}

StreamedSpan part_of(SpanRecord&& part, const TraceId& trace_id, const RawSpan& raw,
                     const Fields& all) {
  StreamedSpan span;
  span.trace_id = trace_id;
  span.span_id = part.span_id;
  span.parent_span_id = part.parent_span_id;
  span.name = part.description.empty() ? part.op : std::move(part.description);
  span.op = std::move(part.op);
  const bool unset = raw.kind == context::SpanKind::kUnset;
  span.kind = word_of(unset ? context::kind_of(span.op) : raw.kind);
  span.start = part.start;
  span.end = part.end;
  span.attributes = std::move(part.data);
  put_status(span, part.status);
  add_fields(span.attributes, all);
  span.links = std::move(part.links);
  return span;
}

/// A header's values are a list to the protocol.
void write_header(base::JsonWriter& json, std::string_view name, std::string_view value, bool pii) {
  json.key(name).begin_object().key("value").begin_array();
  json.string(privacy::scrub_header(name.substr(kHeader.size()), value, pii));
  json.end_array().member("type", "array").end_object();
}

void write_own(base::JsonWriter& json, const StreamedSpan& span, bool pii) {
  std::string scratch;
  for (const auto& [name, held] : span.attributes) {
    const ValueView value = view_of(held);
    // Sent with personal data only, as in a transaction.
    const bool personal = name == "user.name" || name == "user.email" || name == "user.ip_address";
    if (name.empty() || is_reserved(name) || (personal && !pii)) continue;
    if (name == "http.request.body.data") {
      if (pii) write_typed(json, name, privacy::scrub_body(value.as_string()), "string");
    } else if (name.starts_with(kHeader) && value.type() == ValueView::Type::kString) {
      write_header(json, name, value.as_string(), pii);
    } else {
      write_attribute(json, name, value, pii, scratch);
    }
  }
  for (const MeasurementRecord& one : span.measurements) {
    if (one.name.empty() || find_field(span.attributes, one.name) != nullptr) continue;
    write_attribute(json, one.name, one.value, pii, scratch, one.unit);
  }
}

void write_span_links(base::JsonWriter& json, const std::vector<LinkRecord>& links) {
  if (links.empty()) return;
  json.key("links").begin_array();
  for (const LinkRecord& link : links) {
    json.begin_object().member("trace_id", link.trace_id.hex().view());
    json.member("span_id", link.span_id.hex().view()).key("sampled").boolean(link.sampled);
    if (!link.type.empty()) {
      json.key("attributes").begin_object();
      write_typed(json, "sentry.link.type", link.type, "string");
      json.end_object();
    }
    json.end_object();
  }
  json.end_array();
}

/// Takes what a hook has taken out of the transaction itself from wherever it was.
void forget(Event& event, std::string_view name) {
  const auto is_it = [name](const auto& field) { return field.first == name; };
  std::erase_if(event.tags, is_it);
  std::erase_if(event.data, is_it);
  std::erase_if(event.extra, is_it);
  for (auto& [context, fields] : event.contexts) {
    const std::string prefix = context + '.';
    if (!name.starts_with(prefix)) continue;
    std::erase_if(fields, [name = name.substr(prefix.size())](const auto& field) {
      return field.first == name;
    });
  }
  if (name.starts_with(kFlag)) {
    std::erase_if(event.flags, [name = name.substr(kFlag.size())](const auto& flag) {
      return flag.first == name;
    });
  }
  if (name.starts_with(kHeader)) {
    std::erase_if(event.request.headers, [name = name.substr(kHeader.size())](const auto& header) {
      return base::equal_ignoring_case(header.first, name);
    });
  }
  const std::pair<std::string_view, std::string*> texts[] = {
      {"user.id", &event.user.id},
      {"user.name", &event.user.username},
      {"user.email", &event.user.email},
      {"user.ip_address", &event.user.ip_address},
      {"http.request.method", &event.request.method},
      {"url.full", &event.request.url},
      {"url.query", &event.request.query},
      {"http.request.body.data", &event.request.body},
      {kServerAttribute, &event.server_name}};
  for (const auto& [known, text] : texts) {
    if (known == name) text->clear();
  }
}

}  // namespace

std::string span_attributes(const Options& options, const MachineContexts& machine) {
  std::string text;
  base::JsonWriter json{text};
  json.begin_object();
  const auto add = [&json](std::string_view name, std::string_view value) {
    if (!value.empty()) write_typed(json, name, value, "string");
  };
  add(kLifecycle, "stream");
  add(kEnvironmentAttribute, options.environment);
  add(kReleaseAttribute, options.release);
  add(kSdkNameAttribute, "vitals.cpp");
  add(kSdkVersionAttribute, VITALS_VERSION);
  add(kOrigin, "manual");
  add(kPlatform, "native");
  for (const auto& [context, fields] : machine) {
    const Value* const name = context == "os" ? find_field(fields, "name") : nullptr;
    if (name != nullptr) add(kOsName, view_of(*name).as_string());
  }
  return text.substr(1);
}

std::vector<SpanRange> parts_of(const FinishedTransaction& transaction, const Options& options,
                                std::size_t common) {
  const Recording& recording = *TransactionAccess::trace(transaction).recording();
  const std::string_view scope = TransactionAccess::scope(transaction);
  const auto size = static_cast<std::uint32_t>(transaction.size());
  // A hook may put something in: half of the room is its own.
  const std::size_t room = options.before_send_span ? kItemRoom / 2 : kItemRoom;
  const std::size_t frame = kSpanFrame + common + kGrowth * transaction.name().size();
  const std::size_t whole = kGrowth * scope.size() + 1024 + kGrowth * options.server_name.size();
  const std::size_t most =
      size * (frame + kGrowth * scope.size()) + whole + kGrowth * recording.arena.size();
  if (size <= kMaxStreamedSpans && most <= room) return {{0, size}};

  std::size_t of_all = frame;  // what each span has, with what the scope gives to each
  for (std::string_view rest = scope; !rest.empty();) {
    const std::size_t before = rest.size();
    const Record record = take_record(rest);
    if (record.section == Section::kAttribute || record.section == Section::kUser)
      of_all += kGrowth * (before - rest.size());
  }
  std::vector<std::size_t> bytes(size, of_all);
  bytes.front() += whole;
  for (std::string_view rest = recording.arena.view(); !rest.empty();) {
    std::uint32_t index = 0;
    std::memcpy(&index, rest.data(), sizeof index);
    const std::size_t before = rest.size();
    rest.remove_prefix(sizeof index);
    static_cast<void>(take_record(rest));
    if (index < size) bytes[index] += kGrowth * (before - rest.size());
  }
  std::vector<SpanRange> parts{{0, 0}};
  std::size_t held = 0;
  for (std::uint32_t index = 0; index < size; ++index) {
    const bool full = held + bytes[index] > room || parts.back().size() == kMaxStreamedSpans;
    if (full && parts.back().size() > 0) {
      parts.push_back({index, index});
      held = 0;
    }
    held += bytes[index];
    parts.back().last = index + 1;
  }
  return parts;
}

StreamedSpan segment_of(const Event& event, const FinishedTransaction& transaction,
                        const MachineContexts& machine) {
  const RawSpan& raw = TransactionAccess::trace(transaction).recording()->spans.front();
  StreamedSpan span;
  span.trace_id = event.trace_id;
  span.span_id = event.span_id;
  span.parent_span_id = event.parent_span_id;
  span.is_segment = true;
  span.name = event.transaction;
  span.op = event.op;
  const bool unset = raw.kind == context::SpanKind::kUnset;
  span.kind = word_of(unset ? context::kind_of(event.op) : raw.kind);
  span.start = event.start;
  span.end = event.timestamp;
  span.attributes = event.data;
  put_status(span, event.status);
  add_fields(span.attributes, fields_of_all(event, transaction));
  add_whole(span, event, machine);
  span.measurements = event.measurements;
  span.links = event.links;
  return span;
}

std::vector<StreamedSpan> take_parts(Event&& event, const FinishedTransaction& transaction,
                                     SpanRange range) {
  const Recording& recording = *TransactionAccess::trace(transaction).recording();
  const Fields all = fields_of_all(event, transaction);
  std::vector<StreamedSpan> spans;
  spans.reserve(event.spans.size());
  std::uint32_t index = range.first_part();
  for (SpanRecord& part : event.spans)
    spans.push_back(part_of(std::move(part), event.trace_id, recording.spans[index++], all));
  return spans;
}

void apply_changes(Event& event, SpanRecord* part, const StreamedSpan& before,
                   const StreamedSpan& after) {
  Fields& data = part == nullptr ? event.data : part->data;
  std::string& name = part == nullptr ? event.transaction : part->description;
  std::string& status = part == nullptr ? event.status : part->status;
  if (before.name != after.name) name = after.name;
  if (before.status != after.status) status = after.status == "error" ? "unknown_error" : "ok";
  (part == nullptr ? event.op : part->op) = after.op;
  (part == nullptr ? event.links : part->links) = after.links;
  if (part == nullptr) event.measurements = after.measurements;
  for (const auto& [field, value] : before.attributes) {
    const Value* const left = find_field(after.attributes, field);
    if (left != nullptr && *left == value) continue;
    if (part == nullptr) {
      forget(event, field);
    } else {
      std::erase_if(data, [&name = field](const auto& held) { return held.first == name; });
    }
  }
  for (const auto& [field, value] : after.attributes) {
    const Value* const held = find_field(before.attributes, field);
    if (held == nullptr || !(*held == value)) put(data, field, view_of(value));
  }
}

void write_streamed_span(const StreamedSpan& span, const StreamFrame& frame, Whole whole,
                         std::string& out) {
  const bool pii = frame.send_default_pii;
  std::string masked;
  base::JsonWriter json{out};
  json.begin_object().member("trace_id", span.trace_id.hex().view());
  json.member("span_id", span.span_id.hex().view());
  if (span.parent_span_id) json.member("parent_span_id", span.parent_span_id.hex().view());
  const std::string_view name = cut(span.name, kMaxValueSize);
  json.key("name").string(name.empty() ? "unnamed" : privacy::scrub_text(name, pii, masked));
  json.member("status", span.status == "error" ? "error" : "ok");
  json.key("is_segment").boolean(span.is_segment);
  // As the protocol has it, and below as the attribute by which later servers search.
  json.member("kind", cut(span.kind, kMaxKeySize));
  json.key("start_timestamp").timestamp(span.start).key("end_timestamp").timestamp(span.end);
  json.key("attributes").begin_object();
  if (whole == Whole::kYes) write_own(json, span, pii);
  const auto add = [&json](std::string_view key, std::string_view text) {
    if (!text.empty()) write_typed(json, key, text, "string");
  };
  add(kOp, cut(span.op, kMaxKeySize));
  add(kKind, cut(span.kind, kMaxKeySize));
  add(kSegmentId, frame.segment_id.hex().view());
  const std::string_view segment = cut(frame.segment_name, kMaxValueSize);
  add(kSegmentName, segment.empty() ? "unnamed" : privacy::scrub_text(segment, pii, masked));
  json.raw(frame.common).end_object();
  if (whole == Whole::kYes) write_span_links(json, span.links);
  json.end_object();
}

}  // namespace vitals::sentry::detail
