#include "context/propagation.h"

#include <algorithm>
#include <array>

#include "vitals/base/ascii.h"

namespace vitals::context::detail {
namespace {

/// In lower case alone, as the trace headers want it.
int hex_digit(char c) noexcept {
  return base::is_upper(c) ? -1 : base::hex_digit(c);
}

template <class IdType>
std::optional<IdType> parse_id(std::string_view text) noexcept {
  IdType id;
  if (text.size() != 2 * id.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    const int high = hex_digit(text[2 * i]);
    const int low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  if (!id) return std::nullopt;
  return id;
}

/// Ids at the front of `text`: TRACE-SPAN.
std::optional<SpanContext> parse_ids(std::string_view text) noexcept {
  if (text.size() < 49 || text[32] != '-') return std::nullopt;
  const auto trace_id = parse_id<TraceId>(text.substr(0, 32));
  const auto span_id = parse_id<SpanId>(text.substr(33, 16));
  if (!trace_id || !span_id) return std::nullopt;
  return SpanContext{.trace_id = *trace_id, .span_id = *span_id};
}

/// The part of a text up to its next dash, where the rest then begins.
std::string_view take_part(std::string_view& text) noexcept {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::string_view part = text.substr(0, text.find('-'));
  text.remove_prefix(part.size());
  return part;
}

bool is_hex(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return hex_digit(c) >= 0; });
}

bool read_b3_state(std::string_view text, SpanContext& into) noexcept {
  if (text != "0" && text != "1" && text != "d") return false;
  into.decision = text == "0" ? Decision::kNo : Decision::kYes;
  into.debug = text == "d";
  return true;
}

bool read_b3_ids(std::string_view trace_id, std::string_view span_id, SpanContext& into) noexcept {
  std::array<char, 32> padded{};
  if (trace_id.size() == 16) {
    padded.fill('0');
    std::ranges::copy(trace_id, padded.begin() + 16);
    trace_id = {padded.data(), padded.size()};
  }
  const auto trace = parse_id<TraceId>(trace_id);
  const auto span = parse_id<SpanId>(span_id);
  if (!trace || !span) return false;
  into.trace_id = *trace;
  into.span_id = *span;
  return true;
}

/// Zero: nothing was decided.
char b3_state_of(const SpanContext& span) noexcept {
  if (span.decision == Decision::kNone) return '\0';
  if (span.decision == Decision::kNo) return '0';
  return span.debug ? 'd' : '1';
}

/// `TRACE-SPAN`, without an allocation.
class IdsText {
 public:
  explicit IdsText(const SpanContext& span) noexcept {
    std::ranges::copy(span.trace_id.hex().chars, chars_.begin());
    chars_[32] = '-';
    std::ranges::copy(span.span_id.hex().chars, chars_.begin() + 33);
  }
  /// With what stands around it.
  [[nodiscard]] std::string within(std::string_view before, std::string_view behind) const {
    std::string text;
    text.reserve(before.size() + chars_.size() + behind.size());
    text += before;
    text += std::string_view{chars_.data(), chars_.size()};
    text += behind;
    return text;
  }

 private:
  std::array<char, 49> chars_;
};

std::string sentry_trace_text(const IdsText& ids, const SpanContext& span) {
  if (span.decision == Decision::kNone) return ids.within("", "");
  return ids.within("", span.decision == Decision::kYes ? "-1" : "-0");
}

std::string traceparent_text(const IdsText& ids, const SpanContext& span) {
  constexpr std::array<std::string_view, 4> kFlags{"-00", "-01", "-02", "-03"};
  return ids.within("00-",
                    kFlags[(span.decision == Decision::kYes ? 1U : 0U) + (span.random ? 2U : 0U)]);
}

std::string b3_text(const IdsText& ids, const SpanContext& span) {
  const std::array<char, 2> state{'-', b3_state_of(span)};
  return ids.within("", {state.data(), state[1] != '\0' ? state.size() : 0});
}

}  // namespace

std::optional<SpanContext> parse_sentry_trace(std::string_view text) noexcept {
  text = base::trim(text);
  auto parent = parse_ids(text);
  if (!parent || text.size() == 49) return parent;
  if (text.size() != 51 || text[49] != '-') return std::nullopt;
  if (text[50] != '0' && text[50] != '1') return std::nullopt;
  parent->decision = text[50] == '1' ? Decision::kYes : Decision::kNo;
  return parent;
}

std::optional<SpanContext> parse_traceparent(std::string_view text) noexcept {
  text = base::trim(text);
  if (text.size() < 55 || text[2] != '-' || text[52] != '-') return std::nullopt;
  const int version_high = hex_digit(text[0]);
  const int version_low = hex_digit(text[1]);
  if (version_high < 0 || version_low < 0) return std::nullopt;
  const int version = version_high * 16 + version_low;
  if (version == 0xff) return std::nullopt;
  // A later version may say more behind the flags; version 0 ends with them.
  if (text.size() > 55 && (version == 0 || text[55] != '-')) return std::nullopt;
  auto parent = parse_ids(text.substr(3, 49));
  const int flags_high = hex_digit(text[53]);
  const int flags_low = hex_digit(text[54]);
  if (!parent || flags_high < 0 || flags_low < 0) return std::nullopt;
  parent->decision = (flags_low & 1) != 0 ? Decision::kYes : Decision::kNo;
  parent->random = (flags_low & 2) != 0;
  return parent;
}

std::optional<SpanContext> parse_b3(std::string_view text) noexcept {
  text = base::trim(text);
  SpanContext parent;
  if (read_b3_state(text, parent)) return parent;
  const std::string_view trace_id = take_part(text);
  const std::string_view span_id = take_part(text);
  if (!read_b3_ids(trace_id, span_id, parent)) return std::nullopt;
  if (text.empty()) return parent;
  text.remove_prefix(1);
  std::string_view rest = text;
  if (const std::string_view state = take_part(rest); state.size() == 1) {
    if (!read_b3_state(state, parent)) return std::nullopt;
    if (rest.empty()) return parent;
    text = rest.substr(1);
  }
  // The parent of the caller's span is checked, and of no use here.
  if (text.size() != 16 || !is_hex(text)) return std::nullopt;
  return parent;
}

std::optional<SpanContext> parse_b3_multi(const IncomingTrace& fields) noexcept {
  SpanContext parent;
  const std::string_view sampled = base::trim(fields.x_b3_sampled);
  if (base::equal_ignoring_case(sampled, "true")) {
    parent.decision = Decision::kYes;
  } else if (base::equal_ignoring_case(sampled, "false")) {
    parent.decision = Decision::kNo;
  } else {
    read_b3_state(sampled, parent);
  }
  if (base::trim(fields.x_b3_flags) == "1") read_b3_state("d", parent);
  const std::string_view trace_id = base::trim(fields.x_b3_trace_id);
  const std::string_view span_id = base::trim(fields.x_b3_span_id);
  if (trace_id.empty() && span_id.empty()) {
    return parent.decision != Decision::kNone ? std::optional{parent} : std::nullopt;
  }
  if (!read_b3_ids(trace_id, span_id, parent)) return std::nullopt;
  return parent;
}

std::string sentry_trace_of(const SpanContext& span) {
  return sentry_trace_text(IdsText{span}, span);
}

std::string traceparent_of(const SpanContext& span) {
  return traceparent_text(IdsText{span}, span);
}

std::string b3_of(const SpanContext& span) {
  return b3_text(IdsText{span}, span);
}

void write_ids(const SpanContext& span, const Propagators& wanted, TraceHeaders& headers) {
  const IdsText ids{span};
  if (wanted.sentry) headers.sentry_trace = sentry_trace_text(ids, span);
  if (wanted.tracecontext) headers.traceparent = traceparent_text(ids, span);
  if (wanted.b3) headers.b3 = b3_text(ids, span);
  if (!wanted.b3_multi) return;
  headers.x_b3_trace_id = span.trace_id.str();
  headers.x_b3_span_id = span.span_id.str();
  const char state = b3_state_of(span);
  // "Debug" is a "yes" by itself.
  if (state == 'd') headers.x_b3_flags = '1';
  if (state == '0' || state == '1') headers.x_b3_sampled = state;
}

}  // namespace vitals::context::detail
