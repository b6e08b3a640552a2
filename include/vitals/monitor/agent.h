#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>

#include "vitals/context/span.h"
#include "vitals/monitor/agent_name.h"
#include "vitals/monitor/detail/kept_text.h"
#include "vitals/monitor/state.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// What a call used, in tokens as Sentry counts them: `input_tokens` includes the cached ones,
/// `output_tokens` includes reasoning. `cost_usd` is empty when the model's price is not known:
/// then the call counts as unpriced, never as 0 USD.
struct AgentUsage {
  std::uint64_t input_tokens = 0;         ///< of the question, with those that were cached
  std::uint64_t cached_input_tokens = 0;  ///< of these, what was read from the maker's cache
  std::uint64_t cache_write_tokens = 0;   ///< of these, what was written to it
  std::uint64_t output_tokens = 0;        ///< of the answer, with the reasoning
  std::uint64_t reasoning_tokens = 0;     ///< of these, the reasoning
  std::optional<double> cost_usd{};       ///< in US dollars; unset: the price is not known
  /// The model that answered, as its maker names it; empty is the one that was asked. A view, for
  /// the length of one call.
  std::string_view response_model{};
};

/// One call to an AI agent: `agent_calls_total`, `agent_call_duration_seconds`, tokens, cost, a
/// `gen_ai.chat` span and a breadcrumb. An error until succeed() is called. The span is the
/// thread's current one while the scope lives, so that the HTTP requests of the call are parts of
/// it. When it ends as an error, the tags `model` and `agent_type` stay on the active Sentry scope,
/// so that the event of the exception that flies through it carries them.
///
///     AgentCallScope call{AgentType::kClaude, model};
///     auto reply = client.complete(prompt);      // a throw here is counted, timed and tagged
///     call.succeed({.input_tokens = reply.usage.input,
///                   .output_tokens = reply.usage.output,
///                   .cost_usd = price});
///
/// Threads: the one that made it. Cost: under 1 us; two loads when all is off. Never throws.
/// The agent's name is copied (up to 32 bytes cost no allocation), and `model` (64).
class [[nodiscard(
    "an AgentCallScope measures until it is destroyed; give it a name")]] AgentCallScope {
 public:
  /// Begins now.
  AgentCallScope(AgentName agent, std::string_view model) noexcept {
    if (active()) begin(agent, model);
  }
  ~AgentCallScope() {
    if (running_) end();
  }
  AgentCallScope(const AgentCallScope&) = delete;
  AgentCallScope& operator=(const AgentCallScope&) = delete;

  /// The first piece of a streamed answer is here: `agent_time_to_first_token_seconds`. Later calls
  /// do nothing.
  void first_token() noexcept;

  /// The answer is complete. Without usage only the call itself is counted.
  void succeed(const AgentUsage& usage) noexcept;
  /// The same without its usage.
  void succeed() noexcept {
    succeeded_ = true;
  }

  /// The call failed, and nobody further up will see the exception: captures it as a handled event
  /// with this call's tags. Not for an exception that goes on to the caller: that one is captured
  /// where it ends.
  void fail_handled(const std::exception& error) noexcept;

 private:
  void begin(AgentName agent, std::string_view model) noexcept;
  void end() noexcept;

  bool running_ = false;
  bool succeeded_ = false;
  bool streamed_ = false;
  detail::KeptText<32> type_;
  detail::KeptText<64> model_;
  std::chrono::steady_clock::time_point start_;
  context::Span span_;
  std::optional<context::SpanActivation> span_active_;
};

/// Counts tokens and cost of a call that failed after all: what the model's maker will ask for
/// although there was no answer. For a call that succeeds see AgentCallScope::succeed().
void count_agent_usage(AgentName agent, std::string_view model, const AgentUsage& usage) noexcept;

/// Counts `agent_fallbacks_total{from, to}`: the model that failed, the model that was asked next.
void count_agent_fallback(std::string_view from, std::string_view to) noexcept;

namespace detail {
/// Inside a catch block: AgentCallScope::fail_handled() with what was caught, if that is a
/// std::exception.
void fail_with_current_exception(AgentCallScope& scope) noexcept;
}  // namespace detail

}  // namespace vitals::monitor

#pragma GCC visibility pop
