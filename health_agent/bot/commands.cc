#include "health_agent/bot/commands.h"

#include <algorithm>
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

/// How somebody begins who says where they live.
constexpr std::array<std::string_view, 16> kPlainly{
    "i live in ",        "i am living in ",  "i'm living in ",   "i am based in ",
    "i'm based in ",     "we live in ",      "my time zone is ", "my timezone is ",
    "the time zone is ", "the timezone is ", "time zone is ",    "timezone is ",
    "time zone: ",       "timezone: ",       "time zone ",       "timezone "};
/// How somebody begins who was asked.
constexpr std::array<std::string_view, 10> kAsked{"i am in ",  "i'm in ", "im in ",   "i am from ",
                                                  "i'm from ", "in ",     "live in ", "living in ",
                                                  "it is ",    "it's "};
constexpr std::array<std::string_view, 6> kEnds{" please", " time zone", " timezone",
                                                " time",   " now",       " here"};
/// Zones whose names are eaten, drunk or kept as feasts, too.
constexpr std::array<std::string_view, 9> kAlsoFood{
    "turkey", "madeira", "cayenne", "curacao", "cocos", "lima", "muscat", "easter", "christmas"};

template <std::size_t Size>
bool take_one_of(const std::array<std::string_view, Size>& beginnings, std::string_view& text) {
  for (const std::string_view begin : beginnings) {
    if (!text.starts_with(begin)) continue;
    text.remove_prefix(begin.size());
    return true;
  }
  return false;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kAround = " \t\r\n.,;!?\"'()";
  const std::size_t begin = text.find_first_not_of(kAround);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kAround) + 1 - begin);
}

/// Small letters, one space between words, straight apostrophes.
std::string simple(std::string_view text) {
  constexpr std::string_view kCurled = "\xE2\x80\x99";
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (text.substr(i).starts_with(kCurled)) {
      c = '\'';
      i += kCurled.size() - 1;
    }
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '\t' || c == '\r' || c == '\n') c = ' ';
    if (c != ' ' || (!made.empty() && made.back() != ' ')) made += c;
  }
  return made;
}

/// `, Germany`: only words with a capital, so that nothing that was eaten is taken for one.
bool is_country(std::string_view text) {
  bool begins = true;
  bool named = false;
  for (const char c : trimmed(text)) {
    const bool capital = c >= 'A' && c <= 'Z';
    if (c != ' ' && !capital && (begins || c < 'a' || c > 'z')) return false;
    named = named || capital;
    begins = c == ' ';
  }
  return named;
}

/// Whether this can be a place that no zone is called like: up to three words of letters.
bool may_be_place(std::string_view text) {
  constexpr std::array<std::string_view, 5> kNone{"a ", "an ", "the ", "my ", "our "};
  std::string_view rest = text;
  if (rest.empty() || take_one_of(kNone, rest)) return false;
  int words = 1;
  for (const char c : text) {
    if (c == ' ') ++words;
    const bool letter = (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
    if (!letter && c != ' ' && c != '-' && c != '.' && c != ',' && c != '/' && c != '_')
      return false;
  }
  return words <= 3 && text.find(" and ") == std::string_view::npos;
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
  constexpr std::size_t kAbbreviation = 4;
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return std::nullopt;
  text = text.substr(begin, text.find_last_not_of(" \t\n") + 1 - begin);
  if (text.size() > kLongest) return std::nullopt;
  if (auto zone = TimeZone::find(text)) return zone;
  std::string name = as_a_name(text);
  if (auto zone = TimeZone::find(name)) return zone;
  if (text.size() <= kAbbreviation) {  // CET
    std::string capitals{text};
    for (char& c : capitals)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (auto zone = TimeZone::find(capitals)) return zone;
  }
  if (name.find('/') != std::string::npos) return std::nullopt;
  for (const char* continent : {"Europe/", "America/", "Asia/", "Africa/", "Australia/", "Pacific/",
                                "Atlantic/", "Indian/"}) {
    if (auto zone = TimeZone::find(continent + name)) return zone;
  }
  return std::nullopt;
}

std::optional<ZoneAnswer> zone_answer(std::string_view text) {
  constexpr std::size_t kLongest = 100;
  text = trimmed(text);
  if (text.size() > kLongest) return std::nullopt;
  const std::size_t comma = text.find_first_of(",(");
  if (comma != std::string_view::npos && is_country(text.substr(comma)))
    text = text.substr(0, comma);
  const std::string made = simple(text);
  std::string_view place = made;
  ZoneAnswer answer;
  answer.plain = take_one_of(kPlainly, place);
  const bool alone = !answer.plain && !take_one_of(kAsked, place);
  for (const std::string_view end : kEnds)
    if (place.ends_with(end)) place.remove_suffix(end.size());
  place = trimmed(place);
  const bool eaten = std::find(kAlsoFood.begin(), kAlsoFood.end(), place) != kAlsoFood.end();
  if (place.empty() || (alone && eaten)) return std::nullopt;

  answer.zone = zone_meant(place);
  if (answer.zone && place.find('/') != std::string_view::npos) answer.plain = true;
  if (!answer.zone && !(answer.plain && may_be_place(place))) return std::nullopt;
  return answer;
}

}  // namespace health_agent::bot
