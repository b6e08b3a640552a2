#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "context/records.h"
#include "context/trace.h"
#include "otlp/encode/attributes.h"
#include "otlp/encode/message.h"
#include "vitals/context/listener.h"
#include "vitals/stack/symbolizer.h"

namespace vitals::otlp::detail {

/// Writes the spans of finished transactions. Keeps its memory from one to the next.
/// Threads: one. Source: opentelemetry/proto/trace/v1/trace.proto.
class SpanEncoder {
 public:
  /// The symbolizer must outlive it.
  SpanEncoder(stack::Symbolizer& symbolizer, bool send_default_pii)
      : symbolizer_(symbolizer), privacy_{send_default_pii} {}

  /// Adds `count` spans of a transaction from the one with the number `first` on.
  template <class Message>
  void write(const context::FinishedTransaction& transaction, std::size_t first, std::size_t count,
             typename Message::List& list);

 private:
  using Record = context::detail::Record;
  static constexpr std::uint32_t kNone = 0xffffffff;
  /// No span has more attributes, events or links than this, the number of all three by default.
  /// Source: OpenTelemetry, "Span Limits".
  static constexpr std::size_t kMost = 128;

  struct Chained {
    Record record;
    std::uint32_t next = kNone;  // of the same span
  };
  struct Chain {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
  };
  struct Attribute {
    std::string_view key;
    ValueView value;
  };
  /// What is said of a span, in the messages' order.
  struct Gathered {
    std::string_view op;
    std::string_view description;
    std::vector<Attribute> attributes;
    std::vector<Record> events;
    std::vector<Record> links;
    std::uint32_t attributes_dropped = 0;
    std::uint32_t events_dropped = 0;
    std::uint32_t links_dropped = 0;
  };

  /// Sorts the records of a transaction by span.
  void sort(std::string_view arena, std::size_t spans);
  void gather(std::uint32_t span);
  void gather_scope(std::string_view records);
  /// Whether it is of a throw that another event of the transaction is of already.
  [[nodiscard]] bool is_told(const Record& event);
  void put(std::string_view key, const ValueView& value);
  [[nodiscard]] ValueView attribute(std::string_view key) const noexcept;
  [[nodiscard]] std::string_view text_attribute(std::string_view key) const noexcept;
  template <class Message>
  void write_span(const context::detail::Trace& trace, const context::detail::RawSpan& raw,
                  std::string_view breadcrumbs, Message& message);
  template <class Message>
  void write_event(std::string_view name, std::string_view packed, typename Message::List& list);
  template <class Message>
  void write_breadcrumbs(std::string_view breadcrumbs, std::int64_t from,
                         typename Message::List& list);
  template <class Message>
  void write_link(const Record& link, typename Message::List& list);

  stack::Symbolizer& symbolizer_;
  Privacy privacy_;
  std::vector<Chained> records_;
  std::vector<Chain> chains_;
  std::vector<std::string_view> ops_;  // of the transaction's spans, each once
  Gathered span_;
  std::vector<std::uint64_t> told_;  // stamps of throws
  std::string name_;
};

}  // namespace vitals::otlp::detail
