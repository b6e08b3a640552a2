#include "health_agent/bot/commands.h"

#include <array>

namespace health_agent::bot {
namespace {

constexpr std::array kCommands{
    CommandHelp{"today", "what you have logged today"},
    CommandHelp{"undo", "take back what was logged or changed last"},
    CommandHelp{"timezone", "your time zone, such as /timezone Europe/Berlin"},
    CommandHelp{"forget", "forget our conversation (logged meals stay)"},
    CommandHelp{"help", "what I can do"},
};

/// The first letter of each word as a capital, the others small: how the zones are called.
std::string as_a_name(std::string_view text) {
  std::string name;
  bool first = true;
  for (char c : text) {
    if (c == ' ') c = '_';
    if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!first && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    first = c == '/' || c == '_' || c == '-';
    name += c;
  }
  return name;
}

}  // namespace

std::span<const CommandHelp> commands() noexcept {
  return kCommands;
}

std::string help_text() {
  std::string text =
      "Tell me what you ate, for example \"2 eggs and 150 g of rice for lunch\", and I work out "
      "the "
      "calories and log the meal. You can also just ask. If you edit a message, what it had logged "
      "is changed.\n";
  for (const CommandHelp& command : kCommands)
    text.append("\n/").append(command.name).append(" - ").append(command.what);
  return text;
}

std::optional<TimeZone> zone_meant(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return std::nullopt;
  text = text.substr(begin, text.find_last_not_of(" \t\n") + 1 - begin);
  if (text.size() > kLongest) return std::nullopt;
  if (auto zone = TimeZone::find(text)) return zone;
  const std::string name = as_a_name(text);
  if (auto zone = TimeZone::find(name)) return zone;
  if (name.find('/') != std::string::npos) return std::nullopt;
  for (const char* continent : {"Europe/", "America/", "Asia/", "Africa/", "Australia/", "Pacific/",
                                "Atlantic/", "Indian/"}) {
    if (auto zone = TimeZone::find(continent + name)) return zone;
  }
  return std::nullopt;
}

}  // namespace health_agent::bot
