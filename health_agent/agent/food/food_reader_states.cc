#include "health_agent/agent/food/food_reader.h"

#include <utility>

namespace health_agent::agent {
namespace {

/// A state, by the words that say it, and what it hardly changes.
struct FoodState {
  std::string_view name;
  std::array<std::string_view, 5> words;
  bool (*unchanged)(const NutritionFacts& food);
};

bool is_done_already(const NutritionFacts& food) {
  return food.fat >= 7 && food.carbs >= 8;
}

constexpr std::array kStates{
    FoodState{"dried",
              {"dried", "dehydrated", "desiccated", "dessicated"},
              [](const NutritionFacts& food) {
                return food.kcal >= 300 || (food.kcal >= 200 && food.protein < 15) ||
                       food.kcal <= 5;
              }},
    FoodState{"breaded", {"breaded", "battered", "crumbed"}, is_done_already},
    FoodState{"fried",
              {"fried", "deepfried"},
              [](const NutritionFacts& food) { return food.fat >= 7 && food.carbs < 45; }},
    FoodState{"candied",
              {"candied", "crystallised", "crystallized", "glace"},
              [](const NutritionFacts& food) { return food.kcal >= 400; }},
    FoodState{"glazed", {"glazed"}, [](const NutritionFacts& food) { return food.kcal >= 100; }},
    FoodState{"sweetened",
              {"sweetened", "sugared"},
              [](const NutritionFacts& food) { return food.carbs >= 7 || food.kcal >= 200; }},
    FoodState{"buttered", {"buttered"}, [](const NutritionFacts& food) { return food.fat >= 10; }},
    FoodState{"loaded", {"loaded"}, [](const NutritionFacts& food) { return food.fat >= 14; }},
    FoodState{
        "powdered", {"powdered"}, [](const NutritionFacts& food) { return food.kcal >= 300; }},
    FoodState{"in oil", {}, [](const NutritionFacts& food) { return food.fat >= 9; }},
    FoodState{"in syrup", {}, [](const NutritionFacts& food) { return food.kcal >= 200; }}};

const FoodState* state_of(std::string_view word) {
  const auto found = std::ranges::find_if(
      kStates, [&](const FoodState& state) { return is_among(word, state.words); });
  return found == kStates.end() || word.empty() ? nullptr : &*found;
}

/// "stir-fried beef" takes up little fat.
bool fries_lightly(std::string_view word) {
  static constexpr std::array<std::string_view, 4> kWays{"stir", "pan", "air", "shallow"};
  return is_among(word, kWays);
}

}  // namespace

void FoodReader::hear_state(const Token& token) {
  if (fries_lightly(token.text) && text_at(at_) == "fried") ++at_;
  const FoodState* const state = state_of(token.text);
  if (state == nullptr) return;
  const bool alone = !quantity_.count && unknown_.empty();
  const bool behind = last_ != kNowhere && (joined_ || alone) && at_ <= food_end_ + 2 &&
                      table_.longest_match(tokens_, at_).tokens == 0 && !raw_food_follows();
  if (behind) return state_last(std::string{state->name});
  state_ = state->name;
}

bool FoodReader::done_with(const FoodMatch& match) {
  // What lends its taste, and what makes another food of it
  static constexpr std::array<std::string_view, 10> kTastes{
      "infused", "flavoured", "flavored", "based", "flavour",
      "flavor",  "roasted",   "smoked",   "cured", "marinated"};
  static constexpr std::array<std::string_view, 10> kDone{"battered", "glazed", "coated", "crusted",
                                                          "stuffed",  "filled", "dipped", "covered",
                                                          "wrapped",  "breaded"};
  const std::size_t participle = at_ + match.tokens;
  const bool done = is_among(text_at(participle), kDone);
  if (!done && !is_among(text_at(participle), kTastes)) return false;
  std::size_t food = participle + 1;
  while (food < tokens_.size() && tokens_[food].kind == TokenKind::kWord &&
         role_of(text_at(food)) == WordRole::kDescribes &&
         table_.longest_match(tokens_, food).tokens == 0)
    ++food;
  if (table_.longest_match(tokens_, food).tokens == 0) return false;
  at_ = participle + 1;
  if (!done) return true;
  const FoodState* const state = state_of(text_at(participle));
  state_ = state != nullptr ? std::string{state->name}
                            : std::string{match.name} + " " + tokens_[participle].text;
  return true;
}

bool FoodReader::lies_in() {
  const bool weighed = quantity_.unit != nullptr && number_at_ == food_end_;
  const bool adjacent = at_ <= food_end_ + 1 || (at_ == food_end_ + 2 && unknown_.empty());
  if (last_ == kNowhere || !(adjacent || weighed)) return false;
  static constexpr std::array<std::string_view, 16> kKinds{
      "light",  "heavy", "extra", "virgin", "olive",  "sunflower", "vegetable", "rapeseed",
      "canola", "its",   "their", "own",    "spring", "sugar",     "beer",      "fruit"};
  static constexpr std::array<std::string_view, 5> kCrusts{"batter", "breadcrumbs", "breadcrumb",
                                                           "panko", "crumbs"};
  static constexpr std::array<std::string_view, 4> kWeak{"brine", "water", "juice", "vinegar"};
  constexpr std::size_t kMostKinds = 4;
  std::size_t at = at_;
  while (at < at_ + kMostKinds && is_among(text_at(at), kKinds))
    ++at;
  const std::string_view in = text_at(at);
  const bool crust = is_among(in, kCrusts);
  const bool rich = in == "oil" || in == "syrup";
  if (!crust && !rich && !is_among(in, kWeak)) return false;
  at_ = at + 1;
  if (!weighed) food_end_ = drafts_[last_].end = at_;
  if (crust) state_last("breaded");
  if (rich) state_last("in " + std::string{in});
  return true;
}

bool FoodReader::shares_state(const FoodDraft& stated, const FoodDraft& other) {
  // What is poured, and what is rich, hardly stands for its dried form.
  constexpr double kFresh = 100;
  const auto has_state = [](const FoodDraft& draft) {
    return draft.food->name.starts_with("dried ") || draft.name.starts_with("dried ") ||
           draft.food->name.starts_with("candied ");
  };
  return has_state(stated) && !has_state(other) && other.food->kcal < kFresh &&
         other.food->density == 0;
}

void FoodReader::state_last(const std::string& state) {
  FoodDraft& draft = drafts_[last_];
  const bool behind = state.starts_with("in ");
  const auto with_state = [&](std::string_view name) {
    return behind ? std::string{name} + " " + state : state + " " + std::string{name};
  };
  if (draft.kcal) return;
  const std::string said = with_state(draft.name);
  if (become(said)) return;
  if (become(with_state(draft.food->name))) {
    draft.as_written = said;
    return;
  }
  const auto known = std::ranges::find(kStates, std::string_view{state}, &FoodState::name);
  // "chocolate covered almonds" have what almonds have
  constexpr double kRich = 400;
  const bool same =
      known != kStates.end() ? known->unchanged(*draft.food) : draft.food->kcal >= kRich;
  if (same || draft.name.find(state) != std::string_view::npos) return;
  draft.as_written = said;
  changed_ = state;
  doubt_last();
  changed_.clear();
}

}  // namespace health_agent::agent
