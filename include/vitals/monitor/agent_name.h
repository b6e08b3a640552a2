#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string_view>

#include "vitals/metrics/label.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// The agents of health-agent, as `agent_type` counts them: claude, gpt4, local.
enum class AgentType : std::uint8_t { kClaude, kGpt4, kLocal };

/// The words of AgentType as label and tag values. Static storage.
[[nodiscard]] constexpr std::string_view to_string(AgentType type) noexcept;

/// Who answers: any bounded word, such as the family of models (`gemini`, `llama`), or one of
/// AgentType. A view, for the length of one call.
struct AgentName {
  /// One of health-agent's, with the maker that traces name.
  constexpr AgentName(AgentType agent) noexcept;
  /// `provider_name` is what a trace says of whom is asked (`gcp.gemini`, `aws.bedrock`); the type
  /// when it is empty. Source: OpenTelemetry, "Semantic conventions for generative AI".
  template <std::convertible_to<std::string_view> Text>
  constexpr AgentName(const Text& agent, std::string_view provider_name = {}) noexcept
      : type(agent), provider(provider_name.empty() ? type : provider_name) {}

  std::string_view type;      ///< as the label `agent_type` has it
  std::string_view provider;  ///< as the span's `gen_ai.provider.name` has it
};

}  // namespace vitals::monitor

/// For labels of families of your own: `enum_label<AgentType>("agent_type")`.
template <>
struct vitals::metrics::LabelValues<vitals::monitor::AgentType> {
  /// In the order of the enum.
  static constexpr std::array<std::string_view, 3> kValues{"claude", "gpt4", "local"};
};

namespace vitals::monitor {

constexpr std::string_view to_string(AgentType type) noexcept {
  return metrics::to_string(type);
}

constexpr AgentName::AgentName(AgentType agent) noexcept
    : type(to_string(agent)),
      provider(agent == AgentType::kClaude ? "anthropic"
               : agent == AgentType::kGpt4 ? "openai"
                                           : "local") {}

}  // namespace vitals::monitor

#pragma GCC visibility pop
