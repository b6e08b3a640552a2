// tracestate, others' baggage and B3 of any bytes, each part of the input a header: what is
// understood is the same when it is written and read again, and what goes on may stand in a header
// and is bounded.

#include <algorithm>
#include <array>
#include <string>

#include "context/baggage.h"
#include "context/propagation.h"
#include "context/tracestate.h"
#include "fuzz/require.h"
#include "vitals/context/listener.h"
#include "vitals/context/span.h"

namespace {

using namespace vitals::context;          // NOLINT: a program of one file
using namespace vitals::context::detail;  // NOLINT
using vitals::fuzz::require;
using vitals::fuzz::take_part;

bool fit(std::string_view text, std::size_t limit) {
  return text.size() <= limit && is_printable(text);
}

void check_b3(std::string_view text, const IncomingTrace& fields) {
  const auto same = [](const SpanContext& a, const SpanContext& b) {
    return a.trace_id == b.trace_id && a.span_id == b.span_id && a.decision == b.decision &&
           a.debug == b.debug;
  };
  if (const auto parent = parse_b3(text)) {
    require(parent->trace_id || parent->decision != Decision::kNone);
    require(static_cast<bool>(parent->trace_id) == static_cast<bool>(parent->span_id));
    if (parent->trace_id) require(same(*parse_b3(b3_of(*parent)), *parent));
  }
  if (const auto parent = parse_b3_multi(fields); parent && parent->trace_id) {
    TraceHeaders written;
    write_ids(*parent, {.b3_multi = true}, written);
    IncomingTrace again;
    written.for_each([&again](auto name, const auto& value) { again.read_header(name, value); });
    require(same(*parse_b3_multi(again), *parent));
  }
}

void check_tracestate(const HeaderLines& lines) {
  const std::string state = read_tracestate(lines);
  require(fit(state, kMaxTracestateSize));
  require(std::ranges::count(state, '=') <= std::ptrdiff_t{kMaxTracestateMembers});
  require(read_tracestate(state) == state);
}

void check_baggage(const HeaderLines& lines, std::string_view existing) {
  for (const SentrysMembers sentrys : {SentrysMembers::kLeaveOut, SentrysMembers::kKeep}) {
    const std::string members = members_to_pass_on(lines, sentrys);
    require(fit(members, kMaxBaggageSize));
    require(count_members(members) <= kMaxBaggageMembers);
    require(members_to_pass_on(members, sentrys) == members);
    if (members.empty()) continue;
    const std::string together = with_passed_on(existing, members);
    require(fit(together, kMaxBaggageSize));
    require(count_members(together) <= kMaxBaggageMembers);
    for_each_member(together, [&together](std::string_view member) {
      const auto value = value_in_baggage(together, key_of(member));
      require(!value || value->size() <= together.size());
    });
  }
}

class Nobody final : public Listener {
 public:
  Nobody() { require(start_listening(*this, &settings_)); }
  EventId captured(const Capture&) noexcept override { return {}; }
  void finished(const SharedTransaction&) noexcept override {}

 private:
  const Settings settings_{.traces_sample_rate = 0.5,
                           .propagators = {.b3 = true, .b3_multi = true}};
};

void check_all(const IncomingTrace& incoming) {
  [[maybe_unused]] static Nobody& nobody = *new Nobody;
  const Span span = start_transaction({.name = "fuzz"}, incoming);
  const SpanActivation active = span.activate();
  outgoing_trace("https://peer/").for_each([](std::string_view name, const std::string& value) {
    require(fit(value, name == "baggage" ? kMaxBaggageSize : kMaxTracestateSize));
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = vitals::fuzz::text_of(data, size);
  IncomingTrace incoming;
  incoming.traceparent = take_part(input);
  incoming.b3 = take_part(input);
  incoming.x_b3_trace_id = take_part(input);
  incoming.x_b3_span_id = take_part(input);
  incoming.x_b3_sampled = take_part(input);
  incoming.x_b3_flags = take_part(input);
  const std::string_view existing = take_part(input);
  for (int i = 0; i < 2; ++i) {
    incoming.tracestate.add(take_part(input));
    incoming.baggage.add(take_part(input));
  }
  check_b3(incoming.b3, incoming);
  check_tracestate(incoming.tracestate);
  check_baggage(incoming.baggage, existing);
  check_all(incoming);
  return 0;
}
