#include "health_agent/agent/food_parser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "health_agent/agent/numbers.h"
#include "health_agent/agent/portion.h"
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

std::string_view meal_of(WordRole role) {
  switch (role) {
    case WordRole::kBreakfast:
    case WordRole::kMorning:
      return "breakfast";
    case WordRole::kLunch:
    case WordRole::kNoon:
      return "lunch";
    case WordRole::kDinner:
    case WordRole::kEvening:
      return "dinner";
    case WordRole::kSnack:
      return "snack";
    default:
      return {};
  }
}

class Parser {
 public:
  Parser(std::string_view message, const NutritionTable& table)
      : question_mark_(message.find('?') != std::string_view::npos),
        cut_(message.size() > kMaxTextBytes),
        tokens_(tokenize(message)),
        table_(table) {}

  ParsedMessage run() {
    while (at_ < tokens_.size())
      step();
    end_item();
    weigh_all();
    out_.too_many = out_.too_many || cut_;
    if (out_.meal.empty()) out_.meal = meal_by_time_;
    if (out_.foods.empty() && out_.unknown.empty() && out_.refused.empty() && !wish_ &&
        !asks_first_)
      only_word_is_unknown();
    const bool asks = wish_ || question_mark_ || begins_with_a_verb();
    out_.ate = !asks_first_ && (ate_ || !asks);
    return std::move(out_);
  }

 private:
  /// "is a banana healthy", without its question mark
  [[nodiscard]] bool begins_with_a_verb() const {
    constexpr std::array<std::string_view, 6> kVerbs{"is", "are", "do", "does", "would", "should"};
    return !tokens_.empty() && std::ranges::find(kVerbs, tokens_.front().text) != kVerbs.end();
  }

  void step() {
    const Token& token = tokens_[at_];
    if (token.kind != TokenKind::kWord && token.kind != TokenKind::kNumber) return mark(token);
    const FoodMatch match = table_.longest_match(tokens_, at_);
    const Unit* const unit = unit_here();
    if (match.tokens > 1 || (match.tokens == 1 && !(unit != nullptr && of_follows())))
      if (token.kind == TokenKind::kWord || match.tokens > 1) return food(match);
    if (const SpokenNumber number = number_here(); number.tokens > 0) return count(number);
    if (unit != nullptr) return take_unit(*unit);
    word(token);
  }

  // --- separators ---

  void mark(const Token& token) {
    ++at_;
    switch (token.kind) {
      case TokenKind::kOpen:
        // "1 cup (240 ml) of milk": the food is still to come.
        held_ = count_.has_value() && unit_ != nullptr && unknown_.empty();
        if (!held_) end_item();
        in_brackets_ = true;
        break;
      case TokenKind::kClose:
        if (!held_) end_item();
        held_ = false;
        in_brackets_ = false;
        break;
      case TokenKind::kColon:
        // "Lunch: rice", "rice: 150 g", "at 12:30".
        if (count_ && unit_ == nullptr && at_ < tokens_.size() &&
            tokens_[at_].kind == TokenKind::kNumber) {
          ++at_;
          forget_quantity();
          break;
        }
        end_item();
        labelled_ = true;
        break;
      default:
        if (is_abbreviation_point(token)) break;
        end_item();
        end_clause();
        if (token.kind == TokenKind::kBreak) last_ = kNowhere;
        break;
    }
  }

  /// "3 tbsp. olive oil"; but not "rice 150 g. Chicken"
  [[nodiscard]] bool is_abbreviation_point(const Token& point) const {
    if (point.text != "." || !count_ || unit_ == nullptr || at_ < 2 || at_ == tokens_.size())
      return false;
    const bool last_is_open = last_ != kNowhere && !drafts_[last_].count;
    return !last_is_open && tokens_[at_].kind == TokenKind::kWord &&
           tokens_[at_ - 2].text.size() <= 4 && find_unit(tokens_[at_ - 2]) != nullptr;
  }

  /// What was said between two separators is complete: a quantity without a food belongs to the
  /// food before it, or to one that is not known.
  void end_item() {
    const bool quantity = (count_ && !article_) || unit_ != nullptr;
    const bool only_fillers = unknown_.empty();
    if (only_fillers && count_ && !article_ && attach_to_last()) {
      // said after its food: "rice (150 g)"
    } else if (!only_fillers && !negated_ && !aside_) {
      const bool listed = ate_ || eating_ || !drafts_.empty() || !out_.unknown.empty();
      const bool short_enough = unknown_.size() <= kMaxUnknownWords;
      if (quantity || (listed && short_enough && !chat_)) add_unknown();
    } else if (only_fillers && unit_ != nullptr && count_ && !chat_ && !aside_ && !negated_) {
      add_to(out_.unknown, amount_in_words(*count_ * each_, unit_->name) + " of something");
    }
    forget_quantity();
    unknown_.clear();
    labelled_ = false;
    with_ = false;
    joined_ = false;
    times_ = false;
  }

  /// A comma or a full stop: what was denied or told in passing ends too.
  void end_clause() {
    negated_ = false;
    chat_ = false;
    aside_ = false;
  }

  void forget_quantity() {
    count_.reset();
    unit_ = nullptr;
    each_ = 1;
    size_ = 1;
    article_ = false;
  }

  bool attach_to_last() {
    if (last_ == kNowhere) return false;
    FoodDraft& draft = drafts_[last_];
    const bool weight =
        unit_ != nullptr && (unit_->kind == UnitKind::kMass || unit_->kind == UnitKind::kVolume);
    const bool bound = in_brackets_ || labelled_ || times_;
    if (!draft.count || said_article_) {
      if (unit_ == nullptr && !bound) return false;
      draft.count = *count_;
      draft.unit = unit_ != nullptr ? unit_ : draft.unit;
      draft.each = each_;
      return true;
    }
    if (!in_brackets_ || !weight) return false;
    // "2 chicken breasts (300 g)" is their weight together, "(150 g each)" that of one.
    draft.count = each_said_ ? *draft.count * *count_ : *count_;
    draft.unit = unit_;
    draft.each = each_;
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
    spoke_ = true;
    if (at_ < tokens_.size() && tokens_[at_].after_hyphen && unit_here(true) == nullptr) {
      return;  // "3-cheese pizza", "two-egg omelette"
    }
    if (number.article && count_) return;  // "half a", "such a 200 g"
    const Unit* const next = unit_here(true);
    const bool measured =
        next != nullptr && (next->kind == UnitKind::kMass || next->kind == UnitKind::kVolume);
    if (count_ && measured && unit_ == nullptr) {
      each_ = number.value;  // "2 x 330 ml", "a 200 g steak"
      return;
    }
    if (count_ && measured) {
      // "1 cup (240 ml) of milk"
      count_ = number.value;
      unit_ = nullptr;
      return;
    }
    count_ = number.value;
    article_ = number.article;
    unit_ = nullptr;
    each_ = 1;
  }

  /// The unit that stands at `at_`; a single letter is one only after a number.
  const Unit* unit_here(bool after_number = false) {
    unit_tokens_ = 1;
    if (at_ >= tokens_.size()) return nullptr;
    const Token& token = tokens_[at_];
    if ((token.text == "fl" || token.text == "fluid") && at_ + 1 < tokens_.size()) {
      const Unit* const ounce = find_unit(tokens_[at_ + 1]);
      if (ounce == nullptr || ounce->name != "oz") return nullptr;
      unit_tokens_ = 2;
      static const Unit* const fluid = fluid_ounce();
      return fluid;
    }
    const Unit* const unit = find_unit(token);
    if (unit == nullptr) return nullptr;
    const bool counted = after_number || count_.has_value();
    return counted || of_follows() ? unit : nullptr;
  }

  [[nodiscard]] bool of_follows() const {
    return at_ + 1 < tokens_.size() && tokens_[at_ + 1].kind == TokenKind::kWord &&
           role_of(tokens_[at_ + 1].text) == WordRole::kOf;
  }

  void take_unit(const Unit& unit) {
    at_ += unit_tokens_;
    // "two 330 ml cans of cola": the can says nothing more.
    const bool weighed =
        unit_ != nullptr && (unit_->kind == UnitKind::kMass || unit_->kind == UnitKind::kVolume);
    if (!weighed) unit_ = &unit;
    // "a cup and a half of milk"
    if (count_ && at_ + 2 < tokens_.size() && tokens_[at_].text == "and") {
      const bool article = tokens_[at_ + 1].text == "a";
      const std::size_t part = at_ + (article ? 2 : 1);
      const double extra = tokens_[part].text == "half"      ? 0.5
                           : tokens_[part].text == "quarter" ? 0.25
                                                             : 0;
      const bool belongs =
          part + 1 < tokens_.size() && role_of(tokens_[part + 1].text) == WordRole::kOf;
      if (extra > 0 && article && belongs) {
        *count_ += extra;
        at_ = part + 1;
      }
    }
  }

  // --- foods ---

  void food(const FoodMatch& match) {
    at_ += match.tokens;
    spoke_ = true;
    const Token& last_token = tokens_[at_ - 1];
    if (negated_) {
      forget_quantity();
      unknown_.clear();
      return;
    }
    const bool adjacent = joined_ && last_ != kNowhere && !count_ && unit_ == nullptr;
    if (adjacent && !drafts_[last_].plural && is_dish(last_token.stem)) {
      // "a strawberry smoothie", where the table knows no such smoothie
      drafts_[last_].food = match.food;
      drafts_[last_].as_written = std::string{drafts_[last_].name} + " " + std::string{match.name};
      drafts_[last_].name = match.name;
      drafts_[last_].plural = last_token.plural;
    } else {
      add_draft(match);
    }
    FoodDraft* const draft = last_ == kNowhere ? nullptr : &drafts_[last_];
    forget_quantity();
    unknown_.clear();
    with_ = false;
    joined_ = true;
    if (draft != nullptr && draft->unit == nullptr) unit_after(*draft);
  }

  void add_draft(const FoodMatch& match) {
    if (drafts_.size() == kMaxFoods) {
      out_.too_many = true;
      last_ = kNowhere;
      return;
    }
    FoodDraft draft;
    draft.food = match.food;
    draft.name = match.name;
    draft.count = count_;
    draft.unit = unit_;
    draft.each = each_;
    draft.size = size_;
    draft.plural = tokens_[at_ - 1].plural;
    if (count_ && article_) draft.plural = false;
    draft.splash = with_ && last_ != kNowhere && is_drink(*drafts_[last_].food);
    if (!unknown_.empty() && unknown_.size() <= kMaxUnknownWords && !chat_ && !aside_)
      draft.as_written = words(unknown_) + " " + std::string{match.name};
    said_article_ = article_;
    drafts_.push_back(std::move(draft));
    last_ = drafts_.size() - 1;
  }

  static bool is_drink(const NutritionFacts& food) {
    const std::string_view usual = food.units.front().unit;
    return food.density > 0 && (usual == "cup" || usual == "glass" || usual == "can");
  }

  /// "2 pizza slices", "a chocolate bar".
  void unit_after(FoodDraft& draft) {
    if (at_ >= tokens_.size()) return;
    const Unit* const unit = find_unit(tokens_[at_]);
    const bool packed =
        unit != nullptr && unit->kind != UnitKind::kMass && unit->kind != UnitKind::kVolume;
    if (!packed || of_follows() || table_.longest_match(tokens_, at_).tokens > 0) return;
    draft.unit = unit;
    ++at_;
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
    ++at_;
    if (role != WordRole::kDescribes && role != WordRole::kGlue) joined_ = false;
    if (token.text == "each") each_said_ = true;
    if (token.text == "x" || token.text == "times") times_ = true;
    if (!spoke_ && role == WordRole::kAsk) asks_first_ = true;
    switch (role) {
      case WordRole::kUnknown:
        if (find_unit(token) == nullptr) unknown_.push_back(at_ - 1);
        break;
      case WordRole::kChat:
        chat_ = true;
        forget_quantity();
        break;
      case WordRole::kAside:
        end_item();
        aside_ = true;
        skip_number();
        break;
      case WordRole::kAnd:
        end_item();
        break;
      case WordRole::kWith:
        end_item();
        negated_ = false;
        with_ = true;
        break;
      case WordRole::kBut:
        end_item();
        end_clause();
        break;
      case WordRole::kEat:
      case WordRole::kEating:
        eat(role);
        break;
      case WordRole::kWish:
        wish_ = true;
        break;
      case WordRole::kNegate:
        end_item();
        negated_ = true;
        negated_at_ = at_ - 1;
        break;
      case WordRole::kYesterday:
        out_.yesterday = true;
        break;
      case WordRole::kMorning:
      case WordRole::kNoon:
      case WordRole::kEvening:
        if (meal_by_time_.empty()) meal_by_time_ = meal_of(role);
        if (role == WordRole::kEvening && at_ >= 2 && tokens_[at_ - 2].text == "last")
          out_.yesterday = true;
        break;
      case WordRole::kBreakfast:
      case WordRole::kLunch:
      case WordRole::kDinner:
      case WordRole::kSnack:
        meal(meal_of(role));
        break;
      default:
        if (const double factor = size_factor(role); factor != 1) size_ = factor;
        break;
    }
  }

  void meal(std::string_view named) {
    aside_ = false;
    if (out_.meal.empty()) {
      out_.meal = named;
    } else if (out_.meal != named) {
      out_.several_meals = true;
    }
  }

  void eat(WordRole role) {
    // "did not eat" stays denied, "no time, so I had" does not.
    if (negated_ && negated_at_ + 2 < at_) negated_ = false;
    spoke_ = true;
    if (!negated_) {
      ate_ = ate_ || role == WordRole::kEat;
      eating_ = true;
    }
    chat_ = false;
    aside_ = false;
    unknown_.clear();
  }

  /// "at 8", "in 2019"
  void skip_number() {
    if (at_ >= tokens_.size() || tokens_[at_].kind != TokenKind::kNumber) return;
    const SpokenNumber number = number_at(tokens_, at_);
    const std::size_t next = at_ + number.tokens;
    if (next < tokens_.size() && find_unit(tokens_[next]) != nullptr) return;
    at_ = next;
  }

  // --- what is not known ---

  [[nodiscard]] std::string words(std::span<const std::size_t> at) const {
    std::string text;
    for (const std::size_t index : at.first(std::min(at.size(), kMaxUnknownWords)))
      text.append(text.empty() ? "" : " ").append(tokens_[index].text);
    return text;
  }

  void add_unknown() { add_to(out_.unknown, words(unknown_)); }

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

  static const Unit* fluid_ounce() {
    static constexpr Unit kFluidOunce{"fl oz", UnitKind::kVolume, 29.57, 0};
    return &kFluidOunce;
  }

  bool question_mark_;
  bool cut_;
  std::vector<Token> tokens_;
  const NutritionTable& table_;
  ParsedMessage out_;
  std::vector<FoodDraft> drafts_;
  std::size_t at_ = 0;

  // The item that is being read.
  std::optional<double> count_;
  const Unit* unit_ = nullptr;
  double each_ = 1;
  double size_ = 1;
  bool article_ = false;
  std::vector<std::size_t> unknown_;

  std::size_t last_ = kNowhere;  // the last food, as long as something may still be said about it
  std::size_t unit_tokens_ = 1;
  std::size_t negated_at_ = 0;
  bool joined_ = false;        // nothing but fillers since the last food
  bool said_article_ = false;  // the last food's count was only `a`
  bool in_brackets_ = false;
  bool held_ = false;      // the brackets stand inside a quantity
  bool labelled_ = false;  // after a colon
  bool times_ = false;     // after an `x`
  bool each_said_ = false;
  bool with_ = false;

  // What the sentence is about.
  bool negated_ = false;
  bool chat_ = false;
  bool aside_ = false;
  bool ate_ = false;
  bool eating_ = false;
  bool wish_ = false;
  bool asks_first_ = false;
  bool spoke_ = false;  // of a food, a number or a meal had: a later "how" is no question first
  std::string_view meal_by_time_;
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
