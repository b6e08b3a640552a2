#include "otlp/encode/spans.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "otlp/encode/semantics.h"
#include "otlp/encode/stack_text.h"
#include "privacy/scrub.h"
#include "vitals/base/ascii.h"

namespace vitals::otlp::detail {
namespace {

using context::FinishedTransaction;
using context::SpanKind;
using context::detail::RawSpan;
using context::detail::Recording;
using context::detail::Section;
using context::detail::Trace;
using context::detail::TransactionAccess;

/// Breadcrumbs are timed by the kernel's last tick, which is so old at most.
constexpr std::int64_t kCoarse = 10'000'000;

std::uint64_t nanoseconds(Timestamp time) noexcept {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

/// Source: opentelemetry/proto/trace/v1/trace.proto, Span.SpanKind.
std::uint32_t number_of(SpanKind kind) noexcept {
  switch (kind) {
    case SpanKind::kUnset:
    case SpanKind::kInternal:
      return 1;
    case SpanKind::kServer:
      return 2;
    case SpanKind::kClient:
      return 3;
    case SpanKind::kProducer:
      return 4;
    case SpanKind::kConsumer:
      return 5;
  }
  return 0;
}

template <std::size_t N>
context::Id<N> parse_id(std::string_view hex) noexcept {
  context::Id<N> id;
  for (std::size_t i = 0; i < N; ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(base::hex_digit(hex[2 * i]) * 16 +
                                            base::hex_digit(hex[2 * i + 1]));
  }
  return id;
}

}  // namespace

void SpanEncoder::sort(std::string_view arena, std::size_t spans) {
  records_.clear();
  chains_.assign(spans, {});
  ops_.clear();
  while (!arena.empty()) {
    std::uint32_t span = 0;
    std::memcpy(&span, arena.data(), sizeof span);
    arena.remove_prefix(sizeof span);
    const Record record = context::detail::take_record(arena);
    if (span >= spans) continue;
    if (record.section == Section::kOp &&
        std::ranges::find(ops_, record.value.as_string()) == ops_.end())
      ops_.push_back(record.value.as_string());
    const auto place = static_cast<std::uint32_t>(records_.size());
    records_.push_back({record});
    Chain& chain = chains_[span];
    (chain.first == kNone ? chain.first : records_[chain.last].next) = place;
    chain.last = place;
  }
}

bool SpanEncoder::is_told(const Record& event) {
  std::string_view attributes = event.value.as_string();
  static_cast<void>(context::detail::take_event_time(attributes));
  while (!attributes.empty()) {
    const Record record = context::detail::take_record(attributes);
    if (record.section != Section::kStamp) continue;
    const std::uint64_t stamp = record.value.as_uint();
    if (std::ranges::find(told_, stamp) != told_.end()) return true;
    told_.push_back(stamp);
  }
  return false;
}

void SpanEncoder::put(std::string_view key, const ValueView& value) {
  for (Attribute& held : span_.attributes) {
    if (held.key == key) {
      held.value = value;
      return;
    }
  }
  if (span_.attributes.size() < kMost) {
    span_.attributes.push_back({key, value});
  } else {
    ++span_.attributes_dropped;
  }
}

ValueView SpanEncoder::attribute(std::string_view key) const noexcept {
  for (const Attribute& held : span_.attributes)
    if (held.key == key) return held.value;
  return {};
}

std::string_view SpanEncoder::text_attribute(std::string_view key) const noexcept {
  const ValueView value = attribute(key);
  return value.type() == ValueView::Type::kString ? value.as_string() : std::string_view{};
}

void SpanEncoder::gather(std::uint32_t span) {
  span_.op = span_.description = {};
  span_.attributes.clear();
  span_.events.clear();
  span_.links.clear();
  span_.attributes_dropped = span_.events_dropped = span_.links_dropped = 0;
  const auto keep = [](std::vector<Record>& records, std::uint32_t& dropped, const Record& record) {
    if (records.size() < kMost) {
      records.push_back(record);
    } else {
      ++dropped;
    }
  };
  for (std::uint32_t at = chains_[span].first; at != kNone; at = records_[at].next) {
    const Record& record = records_[at].record;
    switch (record.section) {
      case Section::kOp:
        span_.op = record.value.as_string();
        break;
      case Section::kDescription:
        span_.description = record.value.as_string();
        break;
      case Section::kData:
      case Section::kMeasurement:
        put(record.key, record.value);
        break;
      case Section::kEvent:
        if (!is_told(record)) keep(span_.events, span_.events_dropped, record);
        break;
      case Section::kLink:
        keep(span_.links, span_.links_dropped, record);
        break;
      default:
        break;
    }
  }
}

void SpanEncoder::gather_scope(std::string_view records) {
  while (!records.empty()) {
    const Record record = context::detail::take_record(records);
    if (record.section == Section::kTag) put(record.key, record.value);
    if (record.section != Section::kUser) continue;
    if (record.key == "id") put("user.id", record.value);
    if (!privacy_.send_default_pii) continue;
    if (record.key == "username") put("user.name", record.value);
    if (record.key == "email") put("user.email", record.value);
    if (record.key == "ip_address") put("client.address", record.value);
  }
}

template <class Message>
void SpanEncoder::write_event(std::string_view name, std::string_view packed,
                              typename Message::List& list) {
  list.add([&](Message& event) {
    const std::int64_t time = context::detail::take_event_time(packed);
    event.fixed64({1, "timeUnixNano"}, static_cast<std::uint64_t>(time));
    event.text({2, "name"}, name);
    event.list({3, "attributes"}, [&](auto& attributes) {
      for (std::string_view rest = packed; !rest.empty();) {
        const Record record = context::detail::take_record(rest);
        if (record.section == Section::kData)
          add_scrubbed<Message>(attributes, record.key, record.value, privacy_);
      }
      const std::string stack = stack_text(packed, symbolizer_, privacy_.send_default_pii);
      if (!stack.empty()) add_attribute<Message>(attributes, "exception.stacktrace", stack);
    });
  });
}

template <class Message>
void SpanEncoder::write_breadcrumbs(std::string_view breadcrumbs, std::int64_t from,
                                    typename Message::List& list) {
  while (!breadcrumbs.empty()) {
    const context::BreadcrumbRecord crumb = context::detail::take_breadcrumb(breadcrumbs);
    // A fork goes on with its parent's, which are no part of this transaction.
    const std::int64_t time = crumb.timestamp.time_since_epoch().count();
    if (time + kCoarse < from) continue;
    // The scopes of vitals::monitor leave one of each query and call, which is a span here.
    if (std::ranges::find(ops_, crumb.category) != ops_.end()) continue;
    list.add([&](Message& event) {
      event.fixed64({1, "timeUnixNano"}, static_cast<std::uint64_t>(std::max(time, from)));
      event.text({2, "name"}, crumb.category.empty() ? "breadcrumb" : crumb.category);
      event.list({3, "attributes"}, [&](auto& attributes) {
        const auto add = [&](std::string_view key, std::string_view text) {
          if (!text.empty()) add_scrubbed<Message>(attributes, key, text, privacy_);
        };
        add("message", crumb.message);
        add("level", to_string(crumb.level));
        add("type", crumb.type);
        for (const auto& [key, value] : crumb.data)
          add_scrubbed<Message>(attributes, key, context::detail::view_of(value), privacy_);
      });
    });
  }
}

template <class Message>
void SpanEncoder::write_link(const Record& link, typename Message::List& list) {
  if (link.key.size() != 32 + 16 + 1) return;
  list.add([&](Message& message) {
    message.id({1, "traceId"}, parse_id<16>(link.key.substr(0, 32)).bytes);
    message.id({2, "spanId"}, parse_id<8>(link.key.substr(32, 16)).bytes);
    if (const std::string_view type = link.value.as_string(); !type.empty()) {
      message.list({4, "attributes"}, [&](auto& attributes) {
        add_attribute<Message>(attributes, "sentry.link.type", type);
      });
    }
    message.fixed32({6, "flags"}, link.key.back() == '1' ? 1 : 0);
  });
}

template <class Message>
void SpanEncoder::write_span(const Trace& trace, const RawSpan& raw, std::string_view breadcrumbs,
                             Message& message) {
  const Recording& recording = *trace.recording();
  const SpanKind kind = raw.kind == SpanKind::kUnset ? context::kind_of(span_.op) : raw.kind;
  const bool is_root = &raw == recording.spans.data();
  message.id({1, "traceId"}, trace.trace_id().bytes);
  message.id({2, "spanId"}, raw.span_id.bytes);
  if (!trace.tracestate().empty()) message.text({3, "traceState"}, trace.tracestate());
  if (raw.parent_span_id) message.id({4, "parentSpanId"}, raw.parent_span_id.bytes);
  // The flag "sampled", that it is known whether the parent is remote, and whether it is.
  message.fixed32({16, "flags"}, is_root && raw.parent_span_id ? 0x301 : 0x101);
  std::string_view name = span_.description;
  if (!is_root || span_.op.starts_with("queue.")) {
    name = span_name({.op = span_.op,
                      .description = span_.description,
                      .method = text_attribute("http.request.method"),
                      .url_template = text_attribute("url.template"),
                      .operation = text_attribute("db.operation.name"),
                      .collection = text_attribute("db.collection.name")},
                     name_);
  }
  std::string masked;
  message.text({5, "name"}, privacy::scrub_text(name, privacy_.send_default_pii, masked));
  message.small({6, "kind"}, number_of(kind));
  message.fixed64({7, "startTimeUnixNano"}, nanoseconds(recording.wall(raw.start)));
  message.fixed64({8, "endTimeUnixNano"}, nanoseconds(recording.wall(raw.end)));
  const bool failed = is_failure(raw.status, kind);
  message.list({9, "attributes"}, [&](auto& attributes) {
    if (!span_.op.empty()) add_attribute<Message>(attributes, "sentry.op", span_.op);
    if (const std::string_view key = description_attribute(span_.op);
        !key.empty() && !span_.description.empty() && name != span_.description) {
      add_scrubbed<Message>(attributes, key, span_.description, privacy_);
    }
    for (const Attribute& each : span_.attributes)
      add_scrubbed<Message>(attributes, each.key, each.value, privacy_);
    if (failed && attribute("error.type").type() == ValueView::Type::kNull) {
      const ValueView status = attribute("http.response.status_code");
      const bool by_status = status.type() == ValueView::Type::kInt;
      add_attribute<Message>(
          attributes, "error.type",
          by_status ? std::string_view{std::to_string(status.as_int())} : to_string(raw.status));
    }
  });
  if (span_.attributes_dropped > 0)
    message.small({10, "droppedAttributesCount"}, span_.attributes_dropped);
  if (!span_.events.empty() || !breadcrumbs.empty()) {
    message.list({11, "events"}, [&](auto& events) {
      write_breadcrumbs<Message>(breadcrumbs, recording.start_wall, events);
      for (const Record& event : span_.events)
        write_event<Message>(event.key, event.value.as_string(), events);
    });
  }
  if (span_.events_dropped > 0) message.small({12, "droppedEventsCount"}, span_.events_dropped);
  if (!span_.links.empty()) {
    message.list({13, "links"}, [&](auto& links) {
      for (const Record& link : span_.links)
        write_link<Message>(link, links);
    });
  }
  if (span_.links_dropped > 0) message.small({14, "droppedLinksCount"}, span_.links_dropped);
  if (failed) {
    message.message({15, "status"}, [&](Message& status) {
      status.text({2, "message"}, to_string(raw.status));
      status.small({3, "code"}, 2);
    });
  }
}

template <class Message>
void SpanEncoder::write(const FinishedTransaction& transaction, std::size_t first,
                        std::size_t count, typename Message::List& list) {
  const Trace& trace = TransactionAccess::trace(transaction);
  const Recording& recording = *trace.recording();
  sort(recording.arena.view(), recording.spans.size());
  told_.clear();
  const std::size_t end = std::min(recording.spans.size(), first + count);
  for (std::size_t i = first; i < end; ++i) {
    gather(static_cast<std::uint32_t>(i));
    std::string_view breadcrumbs;
    if (i == 0) {
      span_.description = transaction.name();
      gather_scope(TransactionAccess::scope(transaction));
      breadcrumbs = TransactionAccess::breadcrumbs(transaction);
    }
    list.add(
        [&](Message& message) { write_span(trace, recording.spans[i], breadcrumbs, message); });
  }
}

template void SpanEncoder::write<ProtobufMessage>(const FinishedTransaction&, std::size_t,
                                                  std::size_t, ProtobufMessage::List&);
template void SpanEncoder::write<JsonMessage>(const FinishedTransaction&, std::size_t, std::size_t,
                                              JsonMessage::List&);

}  // namespace vitals::otlp::detail
