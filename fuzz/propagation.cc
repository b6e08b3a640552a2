// sentry-trace, traceparent and baggage of any bytes: what is understood is the same when it is
// written and read again, and what is passed on may stand in a header.

#include "context/propagation.h"

#include <algorithm>
#include <string>

#include "fuzz/require.h"
#include "sentry/dsc.h"

namespace {

using namespace vitals::context::detail;  // NOLINT: a program of one file
using namespace vitals::sentry::detail;   // NOLINT
using vitals::fuzz::require;

bool same(const SpanContext& a, const SpanContext& b) {
  return a.trace_id == b.trace_id && a.span_id == b.span_id && a.decision == b.decision &&
         a.random == b.random;
}

void check_headers(std::string_view text) {
  if (const auto parent = parse_sentry_trace(text)) {
    const std::string again = sentry_trace_of(*parent);
    const auto read = parse_sentry_trace(again);
    require(read && same(*read, *parent));
    require(text.find(again) != std::string_view::npos);
  }
  if (const auto parent = parse_traceparent(text)) {
    require(parent->decision != Decision::kNone);
    const auto read = parse_traceparent(traceparent_of(*parent));
    require(read && same(*read, *parent));
  }
}

void check_baggage(std::string_view text) {
  const auto fit = [](std::string_view members) {
    return members.size() <= kMaxBaggageSize &&
           std::all_of(members.begin(), members.end(),
                       [](char c) { return c >= 0x20 && c <= 0x7e; });
  };
  const std::string ours = sentry_members(text);
  require(fit(ours));
  require(sentry_members(ours) == ours);
  require(foreign_members(ours, kMaxBaggageSize).empty());
  const std::string others = foreign_members(text, kMaxBaggageSize);
  require(fit(others));
  require(sentry_members(others).empty());
  require(foreign_members(others, kMaxBaggageSize) == others);
  for (const auto& [key, value] : decode_members(ours))
    require(value.size() <= ours.size() && key.size() <= ours.size());
}

void check_encoding(std::string_view text) {
  if (text.size() > 1000) return;
  std::string member{"sentry-release="};
  append_encoded(member, text);
  require(sentry_members(member) == member);
  const auto pairs = decode_members(member);
  require(pairs.size() == 1 && pairs.front().first == "release" && pairs.front().second == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = vitals::fuzz::text_of(data, size);
  check_headers(text);
  check_baggage(text);
  check_encoding(text);
  if (const auto rand = parse_sample_rand(text)) {
    require(*rand < 1'000'000);
    const auto again = parse_sample_rand(sample_rand_text(*rand));
    require(again && (*again == *rand || *again + 1 == *rand));
  }
  return 0;
}
