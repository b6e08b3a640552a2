#pragma once

#include <span>
#include <string_view>

namespace health_agent::agent {

/// Messages as users send them, for the demo's crowd: most name a meal that the local agent logs,
/// a few are questions and small talk. Static storage.
[[nodiscard]] std::span<const std::string_view> example_messages() noexcept;

}  // namespace health_agent::agent
