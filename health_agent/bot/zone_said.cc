#include "health_agent/bot/zone_said.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "vitals/base/ascii.h"

namespace health_agent::bot {
namespace {

using Words = std::span<const std::string_view>;

/// Words around a place that say that one lives there.
constexpr std::array<std::string_view, 9> kPlainly{
    "live", "living", "based", "located", "reside", "residing", "timezone", "zone", "tz"};
/// Words around a place that say nothing.
constexpr std::array<std::string_view, 37> kAround{
    "i",   "i'm",  "im",        "am",     "we",    "we're", "are",   "my",  "our", "the",
    "in",  "at",   "near",      "from",   "is",    "it",    "it's",  "its", "be",  "to",
    "set", "use",  "currently", "now",    "here",  "hi",    "hello", "hey", "ok",  "okay",
    "yes", "well", "please",    "thanks", "thank", "you",   "city"};
/// The last of them before a place, and before what else somebody is (`I'm Sofia`).
constexpr std::array<std::string_view, 9> kBeforePlace{"in", "at",       "near", "from", "is",
                                                       "to", "timezone", "zone", "tz"};
constexpr std::array<std::string_view, 7> kBeforeName{"i", "i'm", "im", "am", "we", "we're", "are"};
/// Zones whose names are eaten, drunk or kept as feasts, too.
constexpr std::array<std::string_view, 9> kAlsoFood{
    "turkey", "madeira", "cayenne", "curacao", "cocos", "lima", "muscat", "easter", "christmas"};
constexpr std::string_view kMarks = " \t\r\n.,:;!?\"'()";

bool is_one_of(std::string_view word, Words words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kMarks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kMarks) + 1 - begin);
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at))
    text.replace(at, what.size(), by);
  return text;
}

/// Small letters, single blanks for all space, straight apostrophes.
std::string simple(std::string_view text) {
  std::string made = vitals::base::lower(text);
  for (char& c : made)
    if (c == '\t' || c == '\r' || c == '\n') c = ' ';
  made = replaced(replaced(std::move(made), "\xE2\x80\x99", "'"), "  ", " ");
  return replaced(std::move(made), "time zone", "timezone");
}

/// Words without the marks around them.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (const auto word = trimmed(text.substr(0, end)); !word.empty()) words.push_back(word);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

/// The first letter of each word as a capital, the others small: how the zones are called.
std::string as_a_name(std::string_view text) {
  std::string name;
  bool first = true;
  for (char c : text) {
    if (c == ' ') c = '_';
    if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!first) c = vitals::base::lower(c);
    first = c == '/' || c == '_' || c == '-';
    name += c;
  }
  return name;
}

/// `UTC+2` is what the zones call `Etc/GMT-2`.
std::optional<TimeZone> zone_of_offset(std::string_view text) {
  const std::string small = replaced(simple(text), " ", "");
  std::string_view rest = small;
  if (!rest.starts_with("utc") && !rest.starts_with("gmt")) return std::nullopt;
  rest.remove_prefix(3);
  if (rest.ends_with(":00")) rest.remove_suffix(3);
  if (rest.size() < 2 || rest.size() > 3 || (rest[0] != '+' && rest[0] != '-')) return std::nullopt;
  std::string_view hours = rest.substr(1);
  if (hours.size() == 2 && hours[0] == '0') hours.remove_prefix(1);
  return TimeZone::find((rest[0] == '+' ? "Etc/GMT-" : "Etc/GMT+") + std::string{hours});
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
bool may_be_place(Words words) {
  constexpr std::array<std::string_view, 6> kNone{"a", "an", "and", "or", "with", "your"};
  if (words.empty() || words.size() > 3) return false;
  return std::all_of(words.begin(), words.end(), [&](std::string_view word) {
    return !is_one_of(word, kNone) && std::all_of(word.begin(), word.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80 || c == '-' ||
             c == '.' || c == '/' || c == '_';
    });
  });
}

}  // namespace

std::optional<TimeZone> zone_meant(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  constexpr std::size_t kAbbreviation = 4;
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return std::nullopt;
  text = text.substr(begin, text.find_last_not_of(" \t\n") + 1 - begin);
  if (text.size() > kLongest) return std::nullopt;
  if (auto zone = TimeZone::find(text)) return zone;
  if (auto zone = zone_of_offset(text)) return zone;
  const std::string name = as_a_name(text);
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
  const std::vector<std::string_view> said = words_of(made);
  Words place{said};
  std::string_view before;
  bool begins_plainly = false;
  bool ends_plainly = false;
  for (; !place.empty(); place = place.subspan(1)) {
    const bool plainly = is_one_of(place.front(), kPlainly);
    begins_plainly = begins_plainly || plainly;
    if (!plainly && !is_one_of(place.front(), kAround)) break;
    before = place.front();
  }
  for (; !place.empty(); place = place.first(place.size() - 1)) {
    const bool plainly = is_one_of(place.back(), kPlainly);
    ends_plainly = ends_plainly || plainly;
    if (!plainly && place.back() != "time" && !is_one_of(place.back(), kAround)) break;
  }
  if (place.empty() || is_one_of(before, kBeforeName)) return std::nullopt;

  // With the marks between its words, which a name has none of.
  const auto* const begin = place.front().data();
  const std::string_view name{
      begin, static_cast<std::size_t>(place.back().data() + place.back().size() - begin)};
  ZoneAnswer answer{.zone = zone_meant(name), .plain = begins_plainly || ends_plainly};
  const bool unknown = begins_plainly && is_one_of(before, kBeforePlace) && may_be_place(place);
  if (!answer.zone && !unknown) return std::nullopt;
  if (answer.zone && name.find('/') != std::string_view::npos) answer.plain = true;
  if (!answer.plain && is_one_of(name, kAlsoFood)) return std::nullopt;
  return answer;
}

}  // namespace health_agent::bot
