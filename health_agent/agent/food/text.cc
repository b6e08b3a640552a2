#include "health_agent/agent/food/text.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>

namespace health_agent::agent {

std::string stem_of(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kIrregular{
      {{"loaves", "loaf"}, {"leaves", "leaf"}, {"halves", "half"}, {"knives", "knife"}}};
  for (const auto& [plural, singular] : kIrregular) {
    if (word.ends_with(plural))
      return stem_of(std::string{word.substr(0, word.size() - plural.size())}.append(singular));
  }
  std::string stem{word};
  const auto ends = [&](std::string_view tail) { return stem.ends_with(tail); };
  // `hummus` loses its s as well: a stem is compared with stems only.
  if (stem.size() > 2 && ends("s") && !ends("ss")) stem.pop_back();
  // Only where the e may belong to the plural, so that `wine` does not become `win`.
  if (stem.size() > 3 && (ends("che") || ends("she") || ends("xe") || ends("se") || ends("ze") ||
                          ends("oe") || ends("ie")))
    stem.pop_back();
  if (stem.size() > 2 && ends("y")) stem.back() = 'i';
  return stem;
}

std::string plural_of(std::string_view phrase) {
  std::string plural{phrase};
  const auto ends = [&](std::string_view tail) { return phrase.ends_with(tail); };
  if (phrase.empty() || (ends("s") && !ends("ss"))) return plural;
  if (ends("loaf") || ends("leaf")) {
    plural.pop_back();
    return plural + "ves";
  }
  if (phrase == "half") return "halves";
  if (ends("ss") || ends("sh") || ends("ch") || ends("x") || ends("tomato") || ends("potato"))
    return plural + "es";
  const bool vowel_before =
      phrase.size() > 1 &&
      std::string_view{"aeiou"}.find(phrase[phrase.size() - 2]) != std::string::npos;
  if (ends("y") && !vowel_before) {
    plural.pop_back();
    return plural + "ies";
  }
  return plural + "s";
}

std::int64_t count_words(std::string_view text) noexcept {
  std::int64_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool space = static_cast<unsigned char>(c) <= 0x20;
    if (!space && !inside) ++words;
    inside = !space;
  }
  return words;
}

std::string format_number(double value) {
  if (!std::isfinite(value)) return "?";
  std::array<char, 32> buffer{};
  const int decimals = std::fabs(value) < 1 ? 2 : std::fabs(value) < 100 ? 1 : 0;
  if (std::fabs(value) >= 1e15) {
    std::snprintf(buffer.data(), buffer.size(), "%.3g", value);
    return buffer.data();
  }
  std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
  std::string text{buffer.data()};
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0')
      text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

std::string amount_in_words(double amount, std::string_view thing) {
  const bool abbreviation = thing.size() <= 2 || thing == "fl oz";
  std::string text = format_number(amount);
  return text.append(" ").append(amount <= 1 || abbreviation ? std::string{thing}
                                                             : plural_of(thing));
}

}  // namespace health_agent::agent
