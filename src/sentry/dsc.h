#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "context/baggage.h"
#include "vitals/context/listener.h"

/// The dynamic sampling context: what a trace's services tell each other in the header `baggage`.
/// Source: W3C Baggage; Sentry developer documentation, "Dynamic Sampling Context".
namespace vitals::sentry::detail {

using context::detail::kMaxBaggageMembers;
using context::detail::kMaxBaggageSize;

/// The `sentry-` members of a baggage header, in order, still encoded and fit to be sent on: what
/// holds characters that a header must not is left out, and what is past 64 members or 8 KiB.
[[nodiscard]] std::string sentry_members(std::string_view baggage);

/// The members that are not Sentry's, under the same rules, at most `limit` bytes.
[[nodiscard]] std::string foreign_members(std::string_view baggage, std::size_t limit,
                                          std::size_t max_members = kMaxBaggageMembers);

/// `existing` with the `own` members in place of any `sentry-` ones it had, in all at most 64 members
/// and 8 KiB; the `own` have the room first.
[[nodiscard]] std::string with_members(std::string_view existing, std::string_view own);

/// Keys (without `sentry-`) and decoded values.
using DecodedMembers = std::vector<std::pair<std::string, std::string>>;
/// Those of what sentry_members() gave.
[[nodiscard]] DecodedMembers decode_members(std::string_view members);

/// `text` so that it may stand as a baggage value: all but unreserved characters as %XX.
void append_encoded(std::string& out, std::string_view text);

/// A sampling number in millionths, if `text` is a decimal number in [0, 1). Of more than six digits
/// the first six, which are below the same rates of six digits.
[[nodiscard]] std::optional<std::uint32_t> parse_sample_rand(std::string_view text) noexcept;
/// A rate, if `text` is a decimal number in [0, 1].
[[nodiscard]] std::optional<double> parse_sample_rate(std::string_view text) noexcept;
/// `members` with the value of `key` (without `sentry-`) replaced, or added at the end.
[[nodiscard]] std::string with_member(std::string_view members, std::string_view key,
                                      std::string_view value);
/// The random number as text: `0.` and six digits.
[[nodiscard]] std::string sample_rand_text(std::uint32_t millionths);

/// What the client adds to a dynamic sampling context.
struct DscSource {
  std::string_view public_key;
  std::string_view release;
  std::string_view environment;
  std::string_view org_id{};
};

/// As baggage members.
[[nodiscard]] std::string make_dsc(const context::TraceFacts& facts, const DscSource& source);

/// Puts it into outgoing headers, and reads that of incoming ones.
class DscBaggage final : public context::Baggage {
 public:
  /// What `source` views must live as long. `strict`: see Options::strict_trace_continuation.
  DscBaggage(const DscSource& source, bool strict) noexcept : source_(source), strict_(strict) {}

  [[nodiscard]] Continued read(const context::HeaderLines& baggage,
                               const context::TraceId& trace_id) override;
  [[nodiscard]] std::string write(const context::TraceFacts& facts) override;
  [[nodiscard]] std::string complete(const std::string& members, const context::TraceFacts& facts,
                                     bool rand_came) override;
  [[nodiscard]] std::string merge(std::string_view existing, std::string_view members) override;

 private:
  [[nodiscard]] bool is_from_our_organisation(const DecodedMembers& members) const noexcept;

  const DscSource source_;
  const bool strict_;
};

}  // namespace vitals::sentry::detail
