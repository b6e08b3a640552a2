#include "health_agent/agent/food/quantity.h"

#include "health_agent/agent/food/words.h"

namespace health_agent::agent {

void Quantity::add(const SpokenNumber& number, bool before_measure) {
  if (number.article && count) return;  // "such a 200 g"
  if (count && before_measure && unit == nullptr) {
    each = number.value;  // "2 x 330 ml", "a 200 g steak"
    return;
  }
  // Two numbers without a measure, or "1 cup (240 ml) of milk": the later one counts.
  article = number.article && !before_measure;
  count = number.value;
  unit = nullptr;
  each = 1;
}

void Quantity::add(const Unit& said) {
  if (!is_weighed()) unit = &said;  // the can of "two 330 ml cans" says nothing more
}

UnitMatch unit_at(std::span<const Token> tokens, std::size_t at) {
  static constexpr Unit kFluidOunce{"fl oz", UnitKind::kVolume, 29.57, 0};
  if (at >= tokens.size()) return {};
  if (tokens[at].text == "fl" || tokens[at].text == "fluid") {
    const UnitMatch ounce = unit_at(tokens, at + 1);
    const bool fluid = ounce.tokens == 1 && ounce.unit->name == "oz";
    return fluid ? UnitMatch{&kFluidOunce, 2} : UnitMatch{};
  }
  const Unit* const unit = find_unit(tokens[at]);
  return unit != nullptr ? UnitMatch{unit, 1} : UnitMatch{};
}

bool is_of(std::span<const Token> tokens, std::size_t at) {
  return at < tokens.size() && tokens[at].kind == TokenKind::kWord &&
         role_of(tokens[at].text) == WordRole::kOf;
}

SpokenNumber part_after_unit(std::span<const Token> tokens, std::size_t at) {
  if (!is_of(tokens, at + 3) || tokens[at].text != "and" || tokens[at + 1].text != "a") return {};
  if (tokens[at + 2].text == "half") return {0.5, 3, false};
  if (tokens[at + 2].text == "quarter") return {0.25, 3, false};
  return {};
}

}  // namespace health_agent::agent
