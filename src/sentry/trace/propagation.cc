#include "sentry/trace/propagation.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/percent.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::string_view kPrefix = "sentry-";
constexpr std::size_t kMaxMembers = 64;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

int any_hex_digit(char c) noexcept {
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return hex_digit(c);
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

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

/// Ids at the front of `text`: TRACE-SPAN.
std::optional<ParentSpan> parse_ids(std::string_view text) noexcept {
  if (text.size() < 49 || text[32] != '-') return std::nullopt;
  const auto trace_id = parse_id<TraceId>(text.substr(0, 32));
  const auto span_id = parse_id<SpanId>(text.substr(33, 16));
  if (!trace_id || !span_id) return std::nullopt;
  return ParentSpan{*trace_id, *span_id, Decision::kNone};
}

bool is_printable(std::string_view text) noexcept {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

/// Calls `each(member)` for the members of a baggage header that may be sent on at all.
template <class Each>
void for_each_member(std::string_view baggage, Each each) {
  std::size_t members = 0;
  while (!baggage.empty() && members < kMaxMembers) {
    const std::size_t comma = baggage.find(',');
    const std::string_view member = trim(baggage.substr(0, comma));
    baggage = comma == std::string_view::npos ? std::string_view{} : baggage.substr(comma + 1);
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || equals == 0 || !is_printable(member)) continue;
    ++members;
    each(member);
  }
}

void append_member(std::string& out, std::string_view member, std::size_t limit) {
  const std::size_t comma = out.empty() ? 0 : 1;
  if (out.size() + comma + member.size() > limit) return;
  if (comma != 0) out += ',';
  out += member;
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = any_hex_digit(text[i + 1]);
      const int low = any_hex_digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

}  // namespace

std::optional<ParentSpan> parse_sentry_trace(std::string_view text) noexcept {
  text = trim(text);
  auto parent = parse_ids(text);
  if (!parent || text.size() == 49) return parent;
  if (text.size() != 51 || text[49] != '-') return std::nullopt;
  if (text[50] != '0' && text[50] != '1') return std::nullopt;
  parent->decision = text[50] == '1' ? Decision::kYes : Decision::kNo;
  return parent;
}

std::optional<ParentSpan> parse_traceparent(std::string_view text) noexcept {
  text = trim(text);
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

std::string sentry_members(std::string_view baggage) {
  std::string out;
  for_each_member(baggage, [&out](std::string_view member) {
    member = trim(member.substr(0, member.find(';')));
    const std::size_t equals = member.find('=');  // one in the properties is none of the member's
    if (!member.starts_with(kPrefix) || equals == kPrefix.size() ||
        equals == std::string_view::npos) {
      return;
    }
    append_member(out, member, kMaxBaggageSize);
  });
  return out;
}

std::string foreign_members(std::string_view baggage, std::size_t limit) {
  std::string out;
  for_each_member(baggage, [&out, limit](std::string_view member) {
    if (!member.starts_with(kPrefix)) append_member(out, member, limit);
  });
  return out;
}

std::string with_members(std::string_view existing, std::string_view own) {
  std::string text =
      foreign_members(existing, kMaxBaggageSize - std::min(own.size() + 1, kMaxBaggageSize));
  if (!text.empty() && !own.empty()) text += ',';
  return text += own;
}

DecodedMembers decode_members(std::string_view members) {
  DecodedMembers pairs;
  for_each_member(members, [&pairs](std::string_view member) {
    if (!member.starts_with(kPrefix)) return;
    member.remove_prefix(kPrefix.size());
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos) return;
    pairs.emplace_back(std::string{trim(member.substr(0, equals))},
                       decode(trim(member.substr(equals + 1))));
  });
  return pairs;
}

void append_encoded(std::string& out, std::string_view text) {
  base::append_percent_encoded(out, text, "/@+");
}

std::optional<std::uint32_t> parse_sample_rand(std::string_view text) noexcept {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!(value >= 0.0 && value < 1.0)) return std::nullopt;
  // 0.000249 times a million is a little less than 249, as a double.
  constexpr double kRounding = 1e-6;
  constexpr std::uint32_t kLargest = 999'999;
  return std::min(static_cast<std::uint32_t>(value * 1e6 + kRounding), kLargest);
}

std::optional<double> parse_sample_rate(std::string_view text) noexcept {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!(value >= 0.0 && value <= 1.0)) return std::nullopt;
  return value;
}

std::string with_member(std::string_view members, std::string_view key, std::string_view value) {
  std::string member{kPrefix};
  member += key;
  member += '=';
  append_encoded(member, value);
  std::string out;
  bool written = false;
  for_each_member(members, [&](std::string_view held) {
    const std::string_view name = trim(held.substr(0, held.find('=')));
    if (name.substr(std::min(kPrefix.size(), name.size())) != key) {
      append_member(out, held, kMaxBaggageSize);
    } else if (!std::exchange(written, true)) {
      append_member(out, member, kMaxBaggageSize);
    }
  });
  if (!written) append_member(out, member, kMaxBaggageSize);
  return out;
}

std::string sample_rand_text(std::uint32_t millionths) {
  std::string digits = std::to_string(millionths);
  return "0." + std::string(6 - std::min<std::size_t>(6, digits.size()), '0') + digits;
}

}  // namespace vitals::sentry::detail
