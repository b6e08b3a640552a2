#include "health_agent/bot/commands.h"

#include <array>

namespace health_agent::bot {
namespace {

constexpr std::array kCommands{
    CommandHelp{"today", "what you have logged today, and what is left of your goals"},
    CommandHelp{"undo", "take back what was logged or changed last"},
    CommandHelp{"timezone", "your time zone, such as /timezone Europe/Berlin"},
    CommandHelp{"forget", "forget our conversation (logged meals stay)"},
    CommandHelp{"help", "what I can do"},
};

}  // namespace

std::span<const CommandHelp> commands() noexcept {
  return kCommands;
}

std::string help_text() {
  std::string text =
      "Tell me what you ate, for example \"2 eggs and 150 g of rice for lunch\", and I work out "
      "the "
      "calories and log the meal. You can also just ask, and set goals: \"my goal is 2000 "
      "calories\". If you edit a message, what it had logged "
      "is changed.\n";
  for (const CommandHelp& command : kCommands)
    text.append("\n/").append(command.name).append(" - ").append(command.what);
  return text;
}

}  // namespace health_agent::bot
