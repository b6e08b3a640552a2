#include "sentry/dsc.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "context/propagation.h"
#include "privacy/scrub.h"
#include "vitals/base/ascii.h"
#include "vitals/base/percent.h"

namespace vitals::sentry::detail {
namespace {

using context::detail::for_each_member;
using context::detail::key_of;
using context::detail::kSentryPrefix;
using context::detail::MemberList;

/// Adds `sentry-KEY=VALUE` to baggage members, unless the value is empty.
void add_member(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  if (!out.empty()) out += ',';
  out += kSentryPrefix;
  out += key;
  out += '=';
  append_encoded(out, value);
}

std::string rate_text(double rate) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), rate).ptr;
  return {digits.data(), end};
}

std::string_view word_of(bool sampled) noexcept {
  return sampled ? "true" : "false";
}

const std::string* value_of(const DecodedMembers& members, std::string_view key) noexcept {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [key](const auto& member) { return member.first == key; });
  return found == members.end() ? nullptr : &found->second;
}

}  // namespace

std::string sentry_members(std::string_view baggage) {
  MemberList list;
  for_each_member(baggage, [&list](std::string_view member) {
    member = base::trim(member.substr(0, member.find(';')));
    const std::size_t equals = member.find('=');  // one in the properties is none of the member's
    if (!member.starts_with(kSentryPrefix) || equals == kSentryPrefix.size() ||
        equals == std::string_view::npos) {
      return;
    }
    list.add(member);
  });
  return std::move(list).take();
}

std::string foreign_members(std::string_view baggage, std::size_t limit, std::size_t max_members) {
  MemberList list{limit, max_members};
  for_each_member(baggage, [&list](std::string_view member) {
    if (!member.starts_with(kSentryPrefix)) list.add(member);
  });
  return std::move(list).take();
}

std::string with_members(std::string_view existing, std::string_view own) {
  const std::size_t taken = std::min(own.size() + 1, kMaxBaggageSize);
  const std::size_t members = std::min(context::detail::count_members(own), kMaxBaggageMembers);
  std::string text =
      foreign_members(existing, kMaxBaggageSize - taken, kMaxBaggageMembers - members);
  if (!text.empty() && !own.empty()) text += ',';
  return text += own;
}

DecodedMembers decode_members(std::string_view members) {
  DecodedMembers pairs;
  for_each_member(members, [&pairs](std::string_view member) {
    if (!member.starts_with(kSentryPrefix)) return;
    member.remove_prefix(kSentryPrefix.size());
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos) return;
    pairs.emplace_back(std::string{base::trim(member.substr(0, equals))},
                       base::percent_decoded(base::trim(member.substr(equals + 1))));
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
  std::string member{kSentryPrefix};
  member += key;
  member += '=';
  append_encoded(member, value);
  MemberList list{kMaxBaggageSize, std::string_view::npos};  // of those that came there are few
  bool written = false;
  for_each_member(members, [&](std::string_view held) {
    const std::string_view name = key_of(held);
    if (name.substr(std::min(kSentryPrefix.size(), name.size())) != key) {
      list.add(held);
    } else if (!std::exchange(written, true)) {
      list.add(member);
    }
  });
  if (!written) list.add(member);
  return std::move(list).take();
}

std::string sample_rand_text(std::uint32_t millionths) {
  std::string digits = std::to_string(millionths);
  return "0." + std::string(6 - std::min<std::size_t>(6, digits.size()), '0') + digits;
}

std::string make_dsc(const context::TraceFacts& facts, const DscSource& source) {
  std::string out;
  const auto add = [&out](std::string_view key, std::string_view value) {
    add_member(out, key, value);
  };
  add("trace_id", facts.trace_id.hex().view());
  add("public_key", source.public_key);
  if (facts.sample_rate >= 0) add("sample_rate", rate_text(facts.sample_rate));
  add("sample_rand", sample_rand_text(facts.sample_rand));
  if (facts.sampled) add("sampled", word_of(*facts.sampled));
  add("release", source.release);
  add("environment", source.environment);
  add("org_id", source.org_id);
  std::string masked;
  add("transaction", privacy::scrub_text(facts.name, false, masked));
  return out;
}

// Source: Sentry developer documentation, "strictTraceContinuation".
bool DscBaggage::is_from_our_organisation(const DecodedMembers& members) const noexcept {
  bool named = false;
  for (const auto& [key, value] : members) {
    if (key != "org_id" || value.empty()) continue;
    named = true;
    if (!source_.org_id.empty() && value != source_.org_id) return false;
  }
  return !strict_ || named == !source_.org_id.empty();
}

context::Baggage::Continued DscBaggage::read(const context::HeaderLines& baggage,
                                             const context::TraceId& trace_id) {
  Continued continued;
  // A caller of another kind may have passed on the baggage of somebody in front of it.
  continued.members = sentry_members(baggage.size() == 1 ? baggage[0] : baggage.joined());
  const DecodedMembers decoded = decode_members(continued.members);
  continued.ours = is_from_our_organisation(decoded);
  if (!continued.ours) return {.ours = false};
  const auto is_of_another = [&trace_id](const auto& member) {
    return member.first == "trace_id" && member.second != trace_id.hex().view();
  };
  // Mixed up on the way, or made up.
  if (std::any_of(decoded.begin(), decoded.end(), is_of_another)) return {};
  if (const std::string* const text = value_of(decoded, "sample_rand"))
    continued.sample_rand = parse_sample_rand(*text);
  if (const std::string* const text = value_of(decoded, "sample_rate"))
    continued.sample_rate = parse_sample_rate(*text);
  return continued;
}

std::string DscBaggage::write(const context::TraceFacts& facts) {
  return make_dsc(facts, source_);
}

std::string DscBaggage::complete(const std::string& members, const context::TraceFacts& facts,
                                 bool rand_came) {
  // A number that came stays as it was written: others of the trace compare it as well.
  std::string completed =
      rand_came ? members
                : with_member(members, "sample_rand", sample_rand_text(facts.sample_rand));
  // The sampler's word stands from here on; the three have to fit each other.
  if (facts.sample_rate >= 0 && facts.sampled) {
    completed = with_member(completed, "sample_rate", rate_text(facts.sample_rate));
    completed = with_member(completed, "sampled", word_of(*facts.sampled));
  }
  return completed;
}

std::string DscBaggage::merge(std::string_view existing, std::string_view members) {
  return with_members(existing, members);
}

}  // namespace vitals::sentry::detail
