#include "otlp/encode/logs.h"

#include <array>
#include <string>
#include <string_view>

#include "context/log_attributes.h"
#include "otlp/encode/stack_text.h"
#include "privacy/scrub.h"

namespace vitals::otlp::detail {
namespace {

struct Severity {
  std::uint32_t number;
  std::string_view text;
};

Severity severity_of(context::LogLevel level) noexcept {
  constexpr std::array<Severity, 6> kSeverities{
      {{1, "TRACE"}, {5, "DEBUG"}, {9, "INFO"}, {13, "WARN"}, {17, "ERROR"}, {21, "FATAL"}}};
  return kSeverities[static_cast<std::size_t>(level)];
}

}  // namespace

template <class Message>
void write_log(const LogItem& item, stack::Symbolizer& symbolizer, Privacy& privacy,
               typename Message::List& list) {
  const std::string_view body = item.bytes.view().substr(0, item.body_size);
  const std::string_view attributes = item.bytes.view().substr(item.body_size);
  const Severity severity = severity_of(item.level);
  list.add([&](Message& record) {
    record.fixed64({1, "timeUnixNano"}, static_cast<std::uint64_t>(item.timestamp));
    record.fixed64({11, "observedTimeUnixNano"}, static_cast<std::uint64_t>(item.observed));
    record.small({2, "severityNumber"}, severity.number);
    record.text({3, "severityText"}, severity.text);
    std::string masked;
    record.message({5, "body"}, [&](Message& any) {
      any.text({1, "stringValue"}, privacy::scrub_text(body, privacy.send_default_pii, masked));
    });
    record.list({6, "attributes"}, [&](auto& pairs) {
      for (const auto& [key, value] : context::detail::log_attributes(attributes))
        add_scrubbed<Message>(pairs, key, context::detail::view_of(value), privacy);
      if (!item.exception) return;
      const std::string stack = stack_text(attributes, symbolizer, privacy.send_default_pii);
      if (!stack.empty()) add_attribute<Message>(pairs, "exception.stacktrace", stack);
    });
    if (item.sampled) record.fixed32({8, "flags"}, 1);
    if (item.trace_id) record.id({9, "traceId"}, item.trace_id.bytes);
    if (item.span_id) record.id({10, "spanId"}, item.span_id.bytes);
    if (item.exception) record.text({12, "eventName"}, "exception");
  });
}

template void write_log<ProtobufMessage>(const LogItem&, stack::Symbolizer&, Privacy&,
                                         ProtobufMessage::List&);
template void write_log<JsonMessage>(const LogItem&, stack::Symbolizer&, Privacy&,
                                     JsonMessage::List&);

}  // namespace vitals::otlp::detail
