#include "vitals/monitor/agent.h"

#include "monitor/clock.h"
#include "monitor/families.h"
#include "vitals/context/capture.h"
#include "vitals/context/detail.h"
#include "vitals/monitor/helpers.h"

namespace vitals::monitor {
namespace {

void count_usage(detail::Families& families, std::string_view type, std::string_view model,
                 const AgentUsage& usage) noexcept {
  track_agent_tokens(type, usage.input_tokens, usage.output_tokens);
  if (usage.cost_usd) {
    families.agent.cost.with(type, model).inc(*usage.cost_usd);
  } else {
    families.agent.unpriced.with(type).inc();
  }
}

}  // namespace

void AgentCallScope::begin(AgentName agent, std::string_view model) noexcept {
  running_ = true;
  type_.keep(agent.type);
  model_.keep(model);
  start_ = std::chrono::steady_clock::now();
  span_ = context::start_span("gen_ai.chat");
  if (!span_) return;
  span_active_.emplace(span_);
  std::array<char, 96> name;
  std::size_t size = std::string_view{"chat "}.copy(name.data(), name.size());
  size += model.copy(name.data() + size, name.size() - size);
  span_.set_name({name.data(), size});
  span_.set_data("gen_ai.operation.name", "chat");
  span_.set_data("gen_ai.provider.name", agent.provider);
  span_.set_data("gen_ai.request.model", model);
}

void AgentCallScope::first_token() noexcept {
  if (!running_ || streamed_) return;
  streamed_ = true;
  const double seconds = detail::seconds_since(start_);
  if (detail::Families* families = detail::families())
    families->agent.first_token.with(type_.view()).observe(seconds);
  span_.set_data("gen_ai.response.time_to_first_token", seconds);
}

void AgentCallScope::succeed(const AgentUsage& usage) noexcept {
  succeeded_ = true;
  if (!running_) return;
  if (detail::Families* families = detail::families())
    count_usage(*families, type_.view(), model_.view(), usage);
  if (!span_) return;
  span_.set_data("gen_ai.response.model",
                 usage.response_model.empty() ? model_.view() : usage.response_model);
  span_.set_data("gen_ai.response.streaming", streamed_);
  span_.set_data("gen_ai.usage.input_tokens", usage.input_tokens);
  span_.set_data("gen_ai.usage.cache_read.input_tokens", usage.cached_input_tokens);
  span_.set_data("gen_ai.usage.cache_creation.input_tokens", usage.cache_write_tokens);
  span_.set_data("gen_ai.usage.output_tokens", usage.output_tokens);
  span_.set_data("gen_ai.usage.total_tokens", usage.input_tokens + usage.output_tokens);
  if (usage.cost_usd) span_.set_data("gen_ai.cost.total_tokens", *usage.cost_usd);
}

void AgentCallScope::fail_handled(const std::exception& error) noexcept {
  succeeded_ = false;
  if (!running_) return;
  context::capture_exception(
      error,
      {.tags = {{"model", model_.view()}, {"agent_type", type_.view()}}, .mechanism = "agent"});
}

void AgentCallScope::end() noexcept {
  span_active_.reset();
  if (detail::Families* families = detail::families()) {
    families->agent.calls.with(type_.view(), succeeded_ ? Outcome::kSuccess : Outcome::kError)
        .inc();
    families->agent.duration.with(type_.view()).observe(detail::seconds_since(start_));
  }
  if (!context::enabled()) return;
  context::add_breadcrumb({.category = "agent",
                           .message = succeeded_ ? "agent answered" : "agent call failed",
                           .level = succeeded_ ? vitals::Level::kInfo : vitals::Level::kError,
                           .data = {{"model", model_.view()}, {"agent_type", type_.view()}}});
  if (!succeeded_) {
    context::set_tag("model", model_.view());
    context::set_tag("agent_type", type_.view());
  }
  if (!span_) return;
  span_.set_status(succeeded_ ? context::SpanStatus::kOk : context::SpanStatus::kInternalError);
  span_.finish();
}

void track_agent_tokens(AgentName agent, std::uint64_t input, std::uint64_t output) noexcept {
  if (detail::Families* families = detail::families()) {
    families->agent.tokens.with(agent.type, TokenType::kInput).inc(input);
    families->agent.tokens.with(agent.type, TokenType::kOutput).inc(output);
  }
}

void count_agent_usage(AgentName agent, std::string_view model, const AgentUsage& usage) noexcept {
  if (detail::Families* families = detail::families())
    count_usage(*families, agent.type, model, usage);
}

void detail::fail_with_current_exception(AgentCallScope& scope) noexcept {
  try {
    throw;
  } catch (const std::exception& error) {
    scope.fail_handled(error);
  } catch (...) {
    // There is nothing of it that an event could show.
  }
}

void count_agent_fallback(std::string_view from, std::string_view to) noexcept {
  if (detail::Families* families = detail::families())
    families->agent.fallbacks.with(from, to).inc();
  context::add_breadcrumb({.category = "agent",
                           .message = "went on to the fallback model",
                           .level = vitals::Level::kWarning,
                           .data = {{"from", from}, {"to", to}}});
}

}  // namespace vitals::monitor
