#include "health_agent/agent/food_parser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "health_agent/agent/numbers.h"
#include "health_agent/agent/portion.h"
#include "health_agent/agent/sentence.h"
#include "health_agent/agent/words.h"

namespace health_agent::agent {
namespace {

constexpr std::size_t kMaxUnknownWords = 3;
constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

/// Foods that take the word before them into their name: a strawberry smoothie is no strawberry.
constexpr std::array<std::string_view, 46> kDishes{
    "yogurt",   "yoghurt",  "smoothie", "omelette", "omelet",    "salad",      "soup",
    "sandwich", "cake",     "pie",      "juice",    "pizza",     "burger",     "curry",
    "pasta",    "cream",    "muffin",   "pancake",  "wrap",      "stew",       "cookie",
    "bar",      "pudding",  "shake",    "latte",    "milkshake", "cheesecake", "cereal",
    "oatmeal",  "porridge", "taco",     "burrito",  "noodle",    "quesadilla", "risotto",
    "donut",    "scone",    "kebab",    "sushi",    "casserole", "crumble",    "waffle",
    "crepe",    "lasagna",  "ravioli",  "dumpling"};

bool is_dish(std::string_view stem) {
  static const auto* const stems = [] {
    auto* made = new std::array<std::string, kDishes.size()>;
    std::ranges::transform(kDishes, made->begin(),
                           [](std::string_view dish) { return stem_of(dish); });
    return made;
  }();
  return std::ranges::find(*stems, stem) != stems->end();
}

/// Reads from left to right: numbers, units and unknown words gather in an item until a food or a
/// separator ends it.
class Parser {
 public:
  Parser(std::string_view message, const NutritionTable& table)
      : tokens_(tokenize(message)),
        table_(table),
        sentence_(tokens_.empty() ? nullptr : tokens_.data(),
                  message.find('?') != std::string_view::npos) {
    out_.too_many = message.size() > kMaxTextBytes;
  }

  ParsedMessage run() {
    while (at_ < tokens_.size())
      step();
    end_item();
    weigh_all();
    const bool nothing = out_.foods.empty() && out_.unknown.empty() && out_.refused.empty();
    if (nothing && !sentence_.asks_or_wishes()) only_word_is_unknown();
    out_.meal = sentence_.meal();
    out_.several_meals = sentence_.several_meals();
    out_.yesterday = sentence_.yesterday();
    out_.ate = sentence_.eaten();
    return std::move(out_);
  }

 private:
  void step() {
    const Token& token = tokens_[at_];
    if (token.kind != TokenKind::kWord && token.kind != TokenKind::kNumber) return mark(token);
    const FoodMatch match = table_.longest_match(tokens_, at_);
    // A unit needs a number before it or an "of" behind it.
    const UnitMatch unit = unit_at(tokens_, at_);
    const bool of = is_of(tokens_, at_ + unit.tokens);
    const bool is_unit = unit.unit != nullptr && (quantity_.count || of);
    // "roll of sushi" is no bread, "clove of garlic" is a name; a number alone is no name.
    if (match.tokens > 1 ||
        (match.tokens == 1 && token.kind == TokenKind::kWord && !(is_unit && of)))
      return food(match);
    if (const SpokenNumber number = number_here(); number.tokens > 0) return count(number);
    if (is_unit) return take_unit(unit);
    word(token);
  }

  // --- separators ---

  void mark(const Token& token) {
    ++at_;
    switch (token.kind) {
      case TokenKind::kOpen:
        // "1 cup (240 ml) of milk": the food is still to come.
        held_ = quantity_.count && quantity_.unit != nullptr && unknown_.empty();
        if (!held_) end_item();
        in_brackets_ = true;
        break;
      case TokenKind::kClose:
        if (!held_) end_item();
        held_ = false;
        in_brackets_ = false;
        break;
      case TokenKind::kColon:
        colon();
        break;
      default:
        if (is_abbreviation_point(token)) break;
        end_item();
        sentence_.end_clause();
        if (token.kind == TokenKind::kBreak) last_ = kNowhere;
        break;
    }
  }

  /// "Lunch: rice", "rice: 150 g"; but "at 12:30" is a time.
  void colon() {
    const bool digits_follow = at_ < tokens_.size() && tokens_[at_].kind == TokenKind::kNumber;
    if (quantity_.count && quantity_.unit == nullptr && digits_follow) {
      ++at_;
      quantity_ = {};
      return;
    }
    end_item();
    labelled_ = true;
  }

  /// "3 tbsp. olive oil"; but not "rice 150 g. Chicken"
  [[nodiscard]] bool is_abbreviation_point(const Token& point) const {
    if (point.text != "." || !quantity_.count || quantity_.unit == nullptr) return false;
    if (at_ < 2 || at_ == tokens_.size()) return false;
    const bool last_is_open = last_ != kNowhere && !drafts_[last_].quantity.count;
    return !last_is_open && tokens_[at_].kind == TokenKind::kWord &&
           tokens_[at_ - 2].text.size() <= 4 && find_unit(tokens_[at_ - 2]) != nullptr;
  }

  /// What was said between two separators is complete: a quantity without a food belongs to the
  /// food before it, or to one that is not known.
  void end_item() {
    const bool stands = !sentence_.denied() && !sentence_.aside();
    const bool number = quantity_.count && !quantity_.article;
    if (!unknown_.empty()) {
      const bool listed = sentence_.speaks_of_eating() || !drafts_.empty() || !out_.unknown.empty();
      const bool like_a_food = unknown_.size() <= kMaxUnknownWords && !sentence_.chat();
      if (stands && (quantity_.is_said() || (listed && like_a_food)))
        add_to(out_.unknown, words(unknown_));
    } else if (number && attach_to_last()) {
      // said after its food: "rice (150 g)"
    } else if (stands && quantity_.count && quantity_.unit != nullptr && !sentence_.chat()) {
      add_to(out_.unknown,
             amount_in_words(*quantity_.count * quantity_.each, quantity_.unit->name) +
                 " of something");
    }
    begin_item();
    joined_ = false;
  }

  void begin_item() {
    quantity_ = {};
    unknown_.clear();
    with_ = false;
    labelled_ = false;
    times_ = false;
  }

  bool attach_to_last() {
    if (last_ == kNowhere) return false;
    Quantity& last = drafts_[last_].quantity;
    if (!last.count || last.article) {
      if (quantity_.unit == nullptr && !in_brackets_ && !labelled_ && !times_) return false;
      last.count = quantity_.count;
      if (quantity_.unit != nullptr) last.unit = quantity_.unit;
      last.each = quantity_.each;
      return true;
    }
    if (!in_brackets_ || !quantity_.is_weighed()) return false;
    // "2 chicken breasts (300 g)" is their weight together, "(150 g each)" that of one.
    last.count = each_said_ ? *last.count * *quantity_.count : *quantity_.count;
    last.unit = quantity_.unit;
    last.each = quantity_.each;
    return true;
  }

  // --- quantities ---

  [[nodiscard]] SpokenNumber number_here() const {
    // "a quarter pounder" is one of them, not a quarter.
    const bool article = tokens_[at_].text == "a" || tokens_[at_].text == "an";
    if (article && table_.longest_match(tokens_, at_ + 1).tokens > 1) return {1, 1, true};
    return number_at(tokens_, at_);
  }

  void count(const SpokenNumber& number) {
    if (!unknown_.empty() && !number.article) end_item();
    at_ += number.tokens;
    each_said_ = false;
    sentence_.hear_food();
    const UnitMatch next = unit_at(tokens_, at_);
    const bool name_follows =
        at_ < tokens_.size() && tokens_[at_].after_hyphen && next.unit == nullptr;
    if (name_follows) return;  // "3-cheese pizza", "two-egg omelette"
    quantity_.add(number, next.unit != nullptr && is_measure(*next.unit));
  }

  void take_unit(const UnitMatch& match) {
    at_ += match.tokens;
    quantity_.add(*match.unit);
    const SpokenNumber part = part_after_unit(tokens_, at_);
    if (part.tokens == 0 || !quantity_.count) return;
    *quantity_.count += part.value;
    quantity_.article = false;
    at_ += part.tokens;
  }

  // --- foods ---

  void food(const FoodMatch& match) {
    at_ += match.tokens;
    sentence_.hear_food();
    if (sentence_.denied()) return begin_item();
    const Token& head = tokens_[at_ - 1];
    const bool adjacent =
        joined_ && last_ != kNowhere && !quantity_.count && quantity_.unit == nullptr;
    if (adjacent && !drafts_[last_].plural && is_dish(head.stem)) {
      rename_last(match, head.plural);
    } else {
      add_draft(match, head.plural);
    }
    begin_item();
    joined_ = true;
    if (last_ != kNowhere && drafts_[last_].quantity.unit == nullptr) unit_after(drafts_[last_]);
  }

  /// "a dragonfruit smoothie", where the table has both but no such smoothie
  void rename_last(const FoodMatch& match, bool plural) {
    FoodDraft& draft = drafts_[last_];
    draft.as_written = std::string{draft.name} + " " + std::string{match.name};
    draft.food = match.food;
    draft.name = match.name;
    draft.plural = plural;
  }

  void add_draft(const FoodMatch& match, bool plural) {
    if (drafts_.size() == kMaxFoods) {
      out_.too_many = true;
      last_ = kNowhere;
      return;
    }
    FoodDraft draft;
    draft.food = match.food;
    draft.name = match.name;
    draft.quantity = quantity_;
    draft.plural = plural;
    draft.splash = with_ && last_ != kNowhere && is_drink(*drafts_[last_].food);
    const bool described = !unknown_.empty() && unknown_.size() <= kMaxUnknownWords;
    if (described && !sentence_.chat() && !sentence_.aside())
      draft.as_written = words(unknown_) + " " + std::string{match.name};
    drafts_.push_back(std::move(draft));
    last_ = drafts_.size() - 1;
  }

  static bool is_drink(const NutritionFacts& food) {
    const std::string_view usual = food.units.front().unit;
    return food.density > 0 && (usual == "cup" || usual == "glass" || usual == "can");
  }

  /// "2 pizza slices", "a chocolate bar".
  void unit_after(FoodDraft& draft) {
    const UnitMatch match = unit_at(tokens_, at_);
    if (match.unit == nullptr || is_measure(*match.unit)) return;
    if (is_of(tokens_, at_ + 1) || table_.longest_match(tokens_, at_).tokens > 0) return;
    draft.quantity.unit = match.unit;
    at_ += match.tokens;
  }

  void weigh_all() {
    for (const FoodDraft& draft : drafts_) {
      if (std::optional<ParsedFood> weighed = weigh(draft)) {
        out_.foods.push_back(std::move(*weighed));
      } else {
        add_to(out_.refused, describe(draft));
      }
    }
  }

  // --- other words ---

  void word(const Token& token) {
    const WordRole role = role_of(token.text);
    const std::size_t here = at_++;
    if (role != WordRole::kDescribes && role != WordRole::kGlue) joined_ = false;
    switch (role) {
      case WordRole::kUnknown:
        if (find_unit(token) == nullptr) unknown_.push_back(here);
        break;
      case WordRole::kGlue:
        each_said_ = each_said_ || token.text == "each";
        times_ = times_ || token.text == "x" || token.text == "times";
        break;
      case WordRole::kChat:
        quantity_ = {};
        break;
      case WordRole::kAside:
        end_item();
        skip_number();
        break;
      case WordRole::kWith:
        end_item();
        sentence_.end_denial();
        with_ = true;
        break;
      case WordRole::kBut:
        end_item();
        sentence_.end_clause();
        break;
      case WordRole::kAnd:
      case WordRole::kNegate:
        end_item();
        break;
      case WordRole::kEat:
      case WordRole::kEating:
        unknown_.clear();
        break;
      default:
        if (const double factor = size_factor(role); factor != 1) quantity_.size = factor;
        break;
    }
    sentence_.hear(token, role, here);
  }

  /// "at 8", "in 2019"; but not "from 2 cups of rice"
  void skip_number() {
    if (at_ >= tokens_.size() || tokens_[at_].kind != TokenKind::kNumber) return;
    const std::size_t next = at_ + number_at(tokens_, at_).tokens;
    if (unit_at(tokens_, next).unit == nullptr) at_ = next;
  }

  // --- what is not known ---

  [[nodiscard]] std::string words(std::span<const std::size_t> at) const {
    std::string text;
    for (const std::size_t index : at.first(std::min(at.size(), kMaxUnknownWords)))
      text.append(text.empty() ? "" : " ").append(tokens_[index].text);
    return text;
  }

  static void add_to(std::vector<std::string>& list, std::string text) {
    if (list.size() < kMaxUnknown && std::ranges::find(list, text) == list.end())
      list.push_back(std::move(text));
  }

  /// A message that is nothing but a word or three, none of them known: a food, most likely.
  void only_word_is_unknown() {
    std::vector<std::size_t> strangers;
    for (std::size_t i = 0; i < tokens_.size() && strangers.size() <= kMaxUnknownWords; ++i) {
      if (tokens_[i].kind != TokenKind::kWord) continue;
      const WordRole role = role_of(tokens_[i].text);
      if (role == WordRole::kChat || role == WordRole::kAside || role == WordRole::kNegate) return;
      if (role == WordRole::kUnknown && number_at(tokens_, i).tokens == 0 &&
          find_unit(tokens_[i]) == nullptr)
        strangers.push_back(i);
    }
    if (!strangers.empty() && strangers.size() <= kMaxUnknownWords)
      add_to(out_.unknown, words(strangers));
  }

  std::vector<Token> tokens_;
  const NutritionTable& table_;
  Sentence sentence_;
  ParsedMessage out_;
  std::vector<FoodDraft> drafts_;
  std::size_t at_ = 0;

  // The item that is being read.
  Quantity quantity_;
  std::vector<std::size_t> unknown_;
  bool with_ = false;
  bool labelled_ = false;  // after a colon
  bool times_ = false;     // after an `x`

  std::size_t last_ = kNowhere;  // the last food, as long as something may still be said about it
  bool joined_ = false;          // nothing but fillers since the last food
  bool in_brackets_ = false;
  bool held_ = false;  // the brackets stand inside a quantity
  bool each_said_ = false;
};

}  // namespace

ParsedMessage parse_food(std::string_view message, const NutritionTable& table) {
  return Parser{message, table}.run();
}

std::string_view usual_meal(std::int64_t unix_seconds) noexcept {
  const std::int64_t hour = ((unix_seconds / 3600) % 24 + 24) % 24;
  if (hour >= 4 && hour < 11) return "breakfast";
  if (hour >= 11 && hour < 15) return "lunch";
  if (hour >= 17 && hour < 22) return "dinner";
  return "snack";
}

}  // namespace health_agent::agent
