#include "context/propagation.h"

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
std::optional<ParentSpan> parse_ids(std::string_view text) noexcept {
  if (text.size() < 49 || text[32] != '-') return std::nullopt;
  const auto trace_id = parse_id<TraceId>(text.substr(0, 32));
  const auto span_id = parse_id<SpanId>(text.substr(33, 16));
  if (!trace_id || !span_id) return std::nullopt;
  return ParentSpan{*trace_id, *span_id, Decision::kNone};
}

}  // namespace

std::optional<ParentSpan> parse_sentry_trace(std::string_view text) noexcept {
  text = base::trim(text);
  auto parent = parse_ids(text);
  if (!parent || text.size() == 49) return parent;
  if (text.size() != 51 || text[49] != '-') return std::nullopt;
  if (text[50] != '0' && text[50] != '1') return std::nullopt;
  parent->decision = text[50] == '1' ? Decision::kYes : Decision::kNo;
  return parent;
}

std::optional<ParentSpan> parse_traceparent(std::string_view text) noexcept {
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
  return parent;
}

}  // namespace vitals::context::detail
