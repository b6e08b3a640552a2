#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>

#include "vitals/context/span.h"
#include "vitals/metrics/label.h"
#include "vitals/monitor/detail/kept_text.h"
#include "vitals/monitor/state.h"

namespace vitals::monitor {

/// Who answers, as `agent_type` counts it: claude, gpt4, local.
enum class AgentType : std::uint8_t { kClaude, kGpt4, kLocal };

/// The words of AgentType as label and tag values. Static storage.
[[nodiscard]] std::string_view to_string(AgentType type) noexcept;

/// What a call used, in tokens as Sentry counts them: `input_tokens` includes the cached ones,
/// `output_tokens` includes reasoning. `cost_usd` is empty when the model's price is not known:
/// then the call counts as unpriced, never as 0 USD.
struct AgentUsage {
  std::uint64_t input_tokens = 0;
  std::uint64_t cached_input_tokens = 0;
  std::uint64_t cache_write_tokens = 0;
  std::uint64_t output_tokens = 0;
  std::uint64_t reasoning_tokens = 0;
  std::optional<double> cost_usd{};
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
/// `model` is copied: up to 64 bytes cost no allocation.
class [[nodiscard(
    "an AgentCallScope measures until it is destroyed; give it a name")]] AgentCallScope {
 public:
  AgentCallScope(AgentType type, std::string_view model) noexcept {
    if (active()) begin(type, model);
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
  void succeed() noexcept {
    succeeded_ = true;
  }

  /// The call failed, and nobody further up will see the exception: captures it as a handled event
  /// with this call's tags. Not for an exception that goes on to the caller: that one is captured
  /// where it ends.
  void fail_handled(const std::exception& error) noexcept;

 private:
  void begin(AgentType type, std::string_view model) noexcept;
  void end() noexcept;

  bool running_ = false;
  bool succeeded_ = false;
  bool streamed_ = false;
  AgentType type_ = AgentType::kLocal;
  detail::KeptText<64> model_;
  std::chrono::steady_clock::time_point start_;
  context::Span span_;
  std::optional<context::SpanActivation> span_active_;
};

/// Counts tokens and cost of a call that failed after all: what the model's maker will ask for
/// although there was no answer. For a call that succeeds see AgentCallScope::succeed().
void count_agent_usage(AgentType type, std::string_view model, const AgentUsage& usage) noexcept;

/// Counts `agent_fallbacks_total{from, to}`: the model that failed, the model that was asked next.
void count_agent_fallback(std::string_view from, std::string_view to) noexcept;

namespace detail {
/// Inside a catch block: AgentCallScope::fail_handled() with what was caught, if that is a
/// std::exception.
void fail_with_current_exception(AgentCallScope& scope) noexcept;
}  // namespace detail

}  // namespace vitals::monitor

/// For labels of families of your own: `enum_label<AgentType>("agent_type")`.
template <>
struct vitals::metrics::LabelValues<vitals::monitor::AgentType> {
  static constexpr std::array<std::string_view, 3> kValues{"claude", "gpt4", "local"};
};
