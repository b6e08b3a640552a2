#pragma once

#include <span>
#include <string>
#include <string_view>

namespace health_agent::bot {

/// A command that the bot knows, as its help and Telegram's menu show it. Static storage.
struct CommandHelp {
  std::string_view name;  ///< Without the slash.
  std::string_view what;
};

/// All that the menu shows; `start` is Telegram's own button.
[[nodiscard]] std::span<const CommandHelp> commands() noexcept;

/// What the bot can do, with its commands, a line each.
[[nodiscard]] std::string help_text();

}  // namespace health_agent::bot
