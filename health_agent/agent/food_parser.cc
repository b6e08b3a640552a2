#include "health_agent/agent/food_parser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "health_agent/agent/moment.h"
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

/// Words before "free" that change nothing of the energy.
constexpr std::array<std::string_view, 14> kHarmlessFree{
    "gluten", "dairy", "lactose", "egg",   "nut",      "peanut",  "soy",
    "cage",   "wheat", "grain",   "guilt", "caffeine", "hormone", "gmo"};

/// What is told by its energy, not by its weight, in grams of one of them.
constexpr std::array<std::string_view, 14> kNutrients{
    "protein", "proteins", "carbs", "carb",   "carbohydrates", "carbohydrate", "fat",
    "fats",    "fiber",    "fibre", "sugars", "caffeine",      "sodium",       "alcohol"};

template <std::size_t N>
bool is_among(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, word) != words.end();
}

/// Said after "without A and ...": a thing that is left out together with the A.
bool is_condiment(const NutritionFacts& food) {
  const std::string_view usual = food.units.front().unit;
  return food.grams_of("splash") > 0 || usual == "tablespoon" || usual == "teaspoon" ||
         usual == "pinch" || usual == "leaf";
}

/// Reads from left to right: numbers, units and unknown words gather in an item until a food or a
/// separator ends it.
class Parser {
 public:
  Parser(std::string_view message, const NutritionTable& table)
      : tokens_(tokenize(message)), table_(table), sentence_(tokens_) {
    out_.too_many = message.size() > kMaxTextBytes;
  }

  ParsedMessage run() {
    while (at_ < tokens_.size())
      step();
    end_item();
    fill_settings();
    weigh_all();
    // "flarn and toast": the toast says that the flarn is a food
    if (!out_.foods.empty())
      for (std::string& name : perhaps_)
        add_to(out_.unknown, std::move(name));
    const bool nothing = out_.foods.empty() && out_.mentioned.empty() && out_.unknown.empty() &&
                         out_.refused.empty() && out_.unclear.empty();
    if (nothing && !sentence_.asks_or_wishes()) only_word_is_unknown();
    out_.meal = meals_.empty() ? meal_by_time_ : meals_.front();
    out_.several_meals = meals_.size() > 1;
    out_.ate = !out_.foods.empty();
    return std::move(out_);
  }

 private:
  void step() {
    const Token& token = tokens_[at_];
    if (const MomentMatch moment = moment_at(tokens_, at_); moment.tokens > 0) return time(moment);
    if (token.kind != TokenKind::kWord && token.kind != TokenKind::kNumber) return mark(token);
    const FoodMatch match = table_.longest_match(tokens_, at_);
    if (free_of(match)) return;
    // A unit needs a number before it or an "of" behind it.
    const UnitMatch unit = unit_at(tokens_, at_);
    const bool of = is_of(tokens_, at_ + unit.tokens);
    const bool is_unit = unit.unit != nullptr && (quantity_.count || of);
    // "roll of sushi" is no bread, "clove of garlic" is a name; a number alone is no name.
    if (match.tokens > 1 ||
        (match.tokens == 1 && token.kind == TokenKind::kWord && !(is_unit && of)))
      return food(match);
    if (energy()) return;
    if (const SpokenNumber number = number_here(); number.tokens > 0) return count(number);
    if (is_unit) return take_unit(unit);
    word(token);
  }

  [[nodiscard]] std::string_view text_at(std::size_t at) const {
    return at < tokens_.size() ? std::string_view{tokens_[at].text} : std::string_view{};
  }

  // --- separators ---

  void mark(const Token& token) {
    ++at_;
    switch (token.kind) {
      case TokenKind::kOpen:
        // "1 cup (240 ml) of milk": the food is still to come.
        held_ =
            quantity_.count && !quantity_.article && unknown_.empty() && number_at_ != food_end_;
        if (!held_) end_item();
        in_brackets_ = true;
        lists_parts_ = food_end_ + 1 == at_;
        break;
      case TokenKind::kClose:
        if (!held_) end_item();
        held_ = false;
        in_brackets_ = false;
        lists_parts_ = false;
        break;
      case TokenKind::kColon:
        end_item();
        labelled_ = true;
        if (at_ < tokens_.size()) sentence_.keep_over_lines();
        break;
      case TokenKind::kClock:
        break;
      case TokenKind::kComma:
        end_item();
        sentence_.end_clause();
        break;
      default:
        if (is_abbreviation_point(token)) break;
        end_item();
        end_sentence();
        break;
    }
  }

  void end_sentence() {
    sentence_.begin(at_);
    last_ = kNowhere;
    ++sentence_count_;
    group_start_ = drafts_.size();
    forward_.clock.reset();
    forward_.part = DayPart::kNone;
    if (!meal_is_label_) forward_meal_ = {};
  }

  /// "3 tbsp. olive oil"; but not "rice 150 g. Chicken"
  [[nodiscard]] bool is_abbreviation_point(const Token& point) const {
    if (point.text != "." || !quantity_.count || quantity_.unit == nullptr) return false;
    if (at_ < 2 || at_ == tokens_.size()) return false;
    if (compound_follows()) return true;
    const bool last_is_open = last_ != kNowhere && !drafts_[last_].quantity.count;
    return !last_is_open && tokens_[at_].kind == TokenKind::kWord &&
           tokens_[at_ - 2].text.size() <= 4 && find_unit(tokens_[at_ - 2]) != nullptr;
  }

  /// What was said between two separators is complete: a quantity without a food belongs to the
  /// food before it, or to one that is not known.
  void end_item() {
    const bool stands = !sentence_.denied() && !sentence_.aside();
    const bool number = quantity_.count && !quantity_.article;
    const bool eaten = sentence_.stance(number) == Stance::kEaten;
    if (!changed_.empty() && last_ != kNowhere && unknown_.empty()) {
      drafts_[last_].as_written = changed_ + " " + std::string{drafts_[last_].name};
      doubt_last();
    }
    if (!unknown_.empty()) {
      const bool listed = sentence_.speaks_of_eating() || !drafts_.empty() || !out_.unknown.empty();
      const bool like_a_food = unknown_.size() <= kMaxUnknownWords && !sentence_.chat();
      if (stands && eaten && (quantity_.is_said() || (listed && like_a_food)))
        add_to(out_.unknown, words(unknown_));
      else if (stands && eaten && like_a_food && !labels_place())
        add_to(perhaps_, words(unknown_));
    } else if (number && (eat_of_last() || attach_to_last())) {
      // said after its food: "rice (150 g)"
    } else if (stands && eaten && quantity_.count && quantity_.unit != nullptr &&
               !sentence_.chat()) {
      add_to(out_.unknown,
             amount_in_words(*quantity_.count * quantity_.each, quantity_.unit->name) +
                 " of something");
    } else if (stands && eaten && number && !sentence_.chat()) {
      add_to(out_.unclear, format_number(*quantity_.count));
    } else if (them_ && !quantity_.count) {
      eat_them();
    }
    begin_item();
    joined_ = false;
  }

  /// "Starbucks: a latte"
  [[nodiscard]] bool labels_place() const {
    return at_ > 0 && at_ <= tokens_.size() && tokens_[at_ - 1].kind == TokenKind::kColon;
  }

  void begin_item() {
    quantity_ = {};
    kcal_.reset();
    unknown_.clear();
    changed_.clear();
    with_ = false;
    labelled_ = false;
    times_ = false;
    vague_ = false;
    whole_ = false;
    raw_ = false;
    them_ = false;
    or_ = false;
  }

  bool attach_to_last() {
    if (last_ == kNowhere) return false;
    Quantity& last = drafts_[last_].quantity;
    if (!last.count || last.article) {
      const bool directly =
          (number_at_ == food_end_ || them_) && !last.count && last.unit == nullptr;
      if (quantity_.unit == nullptr && !in_brackets_ && !labelled_ && !times_ && !directly)
        return false;
      last.count = quantity_.count;
      last.article = false;
      if (quantity_.unit != nullptr) last.unit = quantity_.unit;
      last.each = quantity_.each;
      return true;
    }
    if (quantity_.unit == nullptr && number_at_ == food_end_ && shift_numbers()) return true;
    if (!in_brackets_ || !quantity_.is_weighed()) return false;
    // "2 chicken breasts (300 g)" is their weight together, "(150 g each)" that of one.
    last.count = each_said_ ? *last.count * *quantity_.count : *quantity_.count;
    last.unit = quantity_.unit;
    last.each = quantity_.each;
    return true;
  }

  /// "eggs 2 toast 1": the numbers belong to the foods before them.
  bool shift_numbers() {
    std::size_t first = last_;
    while (first > 0 && drafts_[first].number_between && drafts_[first].quantity.unit == nullptr)
      --first;
    if (first == last_ || drafts_[first].quantity.is_said()) return false;
    for (std::size_t i = first; i < last_; ++i)
      drafts_[i].quantity = drafts_[i + 1].quantity;
    drafts_[last_].quantity = quantity_;
    return true;
  }

  /// "I bought 12 eggs and ate 2", "my mom made lasagna, I had two pieces"
  bool eat_of_last() {
    if (last_ == kNowhere || !sentence_.in_the_past()) return false;
    if (drafts_[last_].stance == Stance::kEaten || drafts_.size() == kMaxFoods) return false;
    if (sentence_.stance(true) != Stance::kEaten) return false;
    FoodDraft eaten = drafts_[last_];
    const double before = eaten.quantity.count.value_or(1);
    eaten.quantity = quantity_;
    if (quantity_.unit == nullptr && *quantity_.count < 1) {
      eaten.quantity.count = *quantity_.count * before;
      eaten.quantity.unit = drafts_[last_].quantity.unit;
      eaten.whole = true;
    }
    eaten.stance = Stance::kEaten;
    eaten.past = true;
    drafts_[last_] = std::move(eaten);
    return true;
  }

  /// "I made pasta and ate it"
  void eat_them() {
    if (last_ == kNowhere || sentence_.stance(false) != Stance::kEaten) return;
    for (FoodDraft& draft : drafts_) {
      if (draft.sentence != drafts_[last_].sentence || draft.stance == Stance::kPlanned) continue;
      draft.stance = Stance::kEaten;
      draft.past = true;
    }
  }

  // --- quantities ---

  [[nodiscard]] SpokenNumber number_here() const {
    // "a quarter pounder" is one of them, not a quarter.
    const bool article = tokens_[at_].text == "a" || tokens_[at_].text == "an";
    if (article && table_.longest_match(tokens_, at_ + 1).tokens > 1) return {1, 1, true};
    return number_at(tokens_, at_);
  }

  void count(const SpokenNumber& number) {
    if (!unknown_.empty() && !number.article) {
      // "juggled 2 eggs"
      const bool verb = text_at(unknown_.back()).ends_with("ed");
      end_item();
      if (verb) vague_ = true;
    }
    number_at_ = at_;
    at_ += number.tokens;
    each_said_ = false;
    const bool joined = joined_;
    sentence_.hear_food();
    joined_ = joined;
    const UnitMatch next = unit_at(tokens_, at_);
    const bool name_follows =
        at_ < tokens_.size() && tokens_[at_].after_hyphen && next.unit == nullptr;
    if (name_follows) return;  // "3-cheese pizza", "two-egg omelette"
    whole_ = whole_ || (number.value > 0 && number.value < 1);
    if (compound(number, next)) return;
    packs_ = is_pack(next, number.value);
    const double packs = packs_ && quantity_.count && !quantity_.article ? *quantity_.count : 1;
    quantity_.add({number.value * packs, number.tokens, number.article},
                  next.unit != nullptr && is_measure(*next.unit));
  }

  /// The 4 oz of "1 lb 4 oz chicken"
  bool compound(const SpokenNumber& number, const UnitMatch& next) {
    if (in_brackets_ || !quantity_.count || quantity_.unit == nullptr || next.unit == nullptr)
      return false;
    const Unit& larger = *quantity_.unit;
    const bool same = larger.kind == next.unit->kind ||
                      (larger.kind == UnitKind::kVolume && next.unit->kind == UnitKind::kContainer);
    if (!same || larger.kind == UnitKind::kCount || next.unit->amount >= larger.amount)
      return false;
    *quantity_.count += number.value * next.unit->amount / larger.amount;
    quantity_.article = false;
    at_ += next.tokens;
    return true;
  }

  /// "1 pound and 4 ounces"
  [[nodiscard]] bool compound_follows() const {
    if (!quantity_.count || !quantity_.is_weighed() || !unknown_.empty()) return false;
    const SpokenNumber number = number_at(tokens_, at_);
    const UnitMatch unit = unit_at(tokens_, at_ + number.tokens);
    return number.tokens > 0 && unit.unit != nullptr && unit.unit->kind == quantity_.unit->kind &&
           unit.unit->amount < quantity_.unit->amount;
  }

  /// The "pack" of "six-pack", "12 pack"
  [[nodiscard]] bool is_pack(const UnitMatch& unit, double count) const {
    if (unit.unit == nullptr || unit.unit->name != "pack" || !(count >= 4)) return false;
    return tokens_[at_].text == "pack" || tokens_[at_].text == "packs";
  }

  void take_unit(const UnitMatch& match) {
    if (std::exchange(packs_, false)) {
      at_ += match.tokens;
      quantity_.article = false;
      pack_ = true;
      return;
    }
    at_ += match.tokens;
    quantity_.add(*match.unit);
    const SpokenNumber part = part_after_unit(tokens_, at_);
    if (part.tokens == 0 || !quantity_.count) return;
    *quantity_.count += part.value;
    quantity_.article = false;
    at_ += part.tokens;
  }

  /// "300 calories of pizza", "a 300 kcal pizza", "pizza (300 kcal)"
  bool energy() {
    const SpokenNumber number = number_at(tokens_, at_);
    if (number.tokens == 0) return false;
    const std::string_view unit = text_at(at_ + number.tokens);
    static constexpr std::array<std::string_view, 6> kCalories{"calories", "calorie", "kcal",
                                                               "kcals",    "cals",    "cal"};
    static constexpr std::array<std::string_view, 3> kJoules{"kj", "kilojoule", "kilojoules"};
    const bool joules = is_among(unit, kJoules);
    if (!joules && !is_among(unit, kCalories)) return false;
    if (sentence_.chat()) return false;
    kcal_ = joules ? number.value / 4.184 : number.value;
    at_ += number.tokens + 1;
    std::size_t next = at_;
    while (is_of(tokens_, next) || text_at(next) == "worth")
      ++next;
    const bool of = next > at_;
    if (text_at(next) == "a" || text_at(next) == "an") ++next;
    if (of || table_.longest_match(tokens_, next).tokens > 0) {
      // "2 100-calorie bananas"
      kcal_each_ = !of && quantity_.count && !quantity_.article && quantity_.unit == nullptr;
      at_ = of ? next : at_;
      return true;
    }
    energy_of_last();
    return true;
  }

  void energy_of_last() {
    const bool each = text_at(at_) == "each" || text_at(at_) == "per" || text_at(at_) == "apiece";
    const double said = *std::exchange(kcal_, std::nullopt);
    std::size_t in_sentence = 0;
    for (const FoodDraft& draft : drafts_)
      in_sentence += draft.sentence == sentence_count_ ? 1 : 0;
    const bool total = text_at(at_) == "total" || text_at(at_) == "altogether" ||
                       text_at(at_) == "in" || text_at(at_) == "all";
    const bool is_its = last_ != kNowhere && !drafts_[last_].kcal &&
                        (joined_ || in_brackets_ || labelled_ || in_sentence == 1);
    if (is_its && !(total && in_sentence > 1)) {
      drafts_[last_].kcal = said;
      drafts_[last_].kcal_each = each;
    } else if (sentence_.stance(true) == Stance::kEaten && !sentence_.chat()) {
      add_to(out_.unclear, format_number(said) + " kcal");
    }
    quantity_ = {};
  }

  // --- foods ---

  /// "sugar-free", "gluten free": the word before it is no food.
  bool free_of(const FoodMatch& match) {
    const std::size_t of = at_ + std::max<std::size_t>(match.tokens, 1);
    const FoodMatch next = table_.longest_match(tokens_, at_ + 1);
    const bool diet = text_at(at_) == "diet" ||
                      (text_at(at_) == "zero" && next.food != nullptr && next.food->density > 0);
    if (diet && match.tokens == 0 && next.tokens > 0) {
      changed_ = text_at(at_);
      ++at_;
      return true;
    }
    if (match.tokens > 1 || tokens_[at_].kind != TokenKind::kWord || text_at(of) != "free")
      return false;
    if (text_at(of + 1) == "range") return false;
    if (!is_among(tokens_[at_].text, kHarmlessFree)) changed_ = tokens_[at_].text + " free";
    at_ = of + 1;
    return true;
  }

  /// "at Subway", "from KFC": a place that is also a food's name
  [[nodiscard]] bool is_place(const FoodMatch& match) const {
    const bool name = match.name == "subway" || match.name == "kfc";
    return name && at_ > 0 &&
           (text_at(at_ - 1) == "at" || text_at(at_ - 1) == "from" || text_at(at_ - 1) == "to");
  }

  void food(const FoodMatch& match) {
    const std::size_t first = at_;
    if (is_place(match)) {
      at_ += match.tokens;
      return;
    }
    at_ += match.tokens;
    sentence_.hear_food();
    if (sentence_.denied()) return deny(match, first);
    const Token& head = tokens_[at_ - 1];
    const bool adjacent =
        joined_ && last_ != kNowhere && !quantity_.count && quantity_.unit == nullptr && !kcal_;
    if (adjacent && !drafts_[last_].plural && is_dish(head.stem)) {
      rename_last(match, head.plural);
    } else {
      add_draft(match, head.plural);
    }
    begin_item();
    joined_ = true;
    if (last_ != kNowhere && drafts_[last_].quantity.unit == nullptr) unit_after(drafts_[last_]);
    and_a_half();
    food_end_ = at_;
  }

  /// "no cheese" says nothing of what was eaten; but "without cheese and fries" may mean the fries.
  void deny(const FoodMatch& match, std::size_t first) {
    if (match.food->name == "sugar" && last_ != kNowhere && drafts_[last_].food->carbs >= 8)
      make_free("sugar free");
    if (text_at(first - 1) == "and" && first > 0 && last_ != kNowhere &&
        !is_condiment(*match.food)) {
      sentence_.end_denial();
      vague_ = false;
      add_draft(match, tokens_[at_ - 1].plural);
      if (last_ != kNowhere) drafts_[last_].stance = Stance::kUnclear;
    }
    begin_item();
  }

  /// "cola without sugar" is another one; where the table lacks it, a question.
  void make_free(std::string_view of) {
    FoodDraft& draft = drafts_[last_];
    const std::vector<Token> tokens =
        tokenize(std::string{of} + " " + std::string{draft.food->name});
    const FoodMatch other = table_.longest_match(tokens, 0);
    if (other.tokens == tokens.size()) {
      draft.food = other.food;
      draft.name = other.name;
      return;
    }
    changed_ = of;
    draft.as_written = changed_ + " " + std::string{draft.name};
    doubt_last();
    changed_.clear();
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
    draft.kcal = kcal_;
    draft.kcal_each = kcal_.has_value() && kcal_each_;
    draft.plural = plural;
    draft.splash = with_ && last_ != kNowhere && is_drink(*drafts_[last_].food);
    draft.whole = whole_;
    draft.number_between = quantity_.count && last_ != kNowhere && number_at_ == food_end_;
    draft.meal = forward_meal_;
    draft.moment = forward_;
    draft.sentence = sentence_count_;
    draft.stance = sentence_.stance(draft.quantity.is_said() && !draft.quantity.article);
    if (draft.stance == Stance::kEaten && is_part_of_last(draft)) draft.stance = Stance::kUnclear;
    draft.past = sentence_.in_the_past();
    draft.present = sentence_.in_the_present();
    draft.have = sentence_.says_have();
    draft.eat = sentence_.says_eat();
    forward_used_ = true;
    if (std::exchange(or_, false)) {
      // "eggs or toast": one of them
      draft.stance = Stance::kUnclear;
      if (last_ != kNowhere && drafts_[last_].stance == Stance::kEaten)
        drafts_[last_].stance = Stance::kUnclear;
    }
    if (std::exchange(pack_, false) && draft.food->grams_of("can") > 0) set_unit(draft, "can");
    const bool described = !unknown_.empty() && unknown_.size() <= kMaxUnknownWords;
    if (described && !sentence_.chat() && !sentence_.aside())
      draft.as_written = words(unknown_) + " " + std::string{match.name};
    drafts_.push_back(std::move(draft));
    last_ = drafts_.size() - 1;
    if (!changed_.empty() && match.food->kcal > 5) {
      drafts_[last_].as_written = changed_ + " " + std::string{match.name};
      doubt_last();
    }
    if (vague_) doubt_last();
    if (raw_) raw_last();
  }

  /// "a smoothie (banana, milk)", "an omelette with 3 eggs": the food before has it in it already.
  [[nodiscard]] bool is_part_of_last(const FoodDraft& draft) const {
    if (lists_parts_) return true;
    if (!with_ || last_ == kNowhere || draft.food->name != "egg") return false;
    static constexpr std::array<std::string_view, 4> kOfEggs{"omelette", "frittata",
                                                             "scrambled egg", "quiche"};
    return is_among(drafts_[last_].food->name, kOfEggs);
  }

  static void set_unit(FoodDraft& draft, std::string_view name) {
    Token token;
    token.text = name;
    token.stem = stem_of(name);
    draft.quantity.unit = find_unit(token);
  }

  /// The last food's amount, or what it is, cannot be told.
  void doubt_last() {
    FoodDraft& draft = drafts_[last_];
    if (draft.stance != Stance::kEaten) return;
    const std::string name{draft.as_written.empty() ? describe(draft) : draft.as_written};
    add_to(changed_.empty() ? out_.unclear : out_.unknown, name);
    draft.stance = Stance::kDenied;
    silent_.push_back(last_);
  }

  /// "200 g raw rice": the table's raw one, or a question where cooking changes the weight
  void raw_last() {
    FoodDraft& draft = drafts_[last_];
    std::string name{"raw "};
    name += draft.food->name;
    const std::vector<Token> tokens = tokenize(name);
    const FoodMatch raw = table_.longest_match(tokens, 0);
    if (raw.tokens == tokens.size()) {
      draft.food = raw.food;
      draft.name = raw.name;
      return;
    }
    const NutritionFacts& food = *draft.food;
    static constexpr std::array<std::string_view, 7> kAsIs{"honey", "oats", "egg",   "egg yolk",
                                                           "sugar", "date", "salmon"};
    const bool as_is =
        food.kcal < 100 || food.fat > 35 || food.density > 0 || is_among(food.name, kAsIs);
    if (as_is || !draft.quantity.is_weighed()) return;
    draft.as_written = name;
    doubt_last();
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

  /// "a pizza and a half"
  void and_a_half() {
    if (last_ == kNowhere || text_at(at_) != "and" || text_at(at_ + 1) != "a") return;
    const double part = text_at(at_ + 2) == "half" ? 0.5 : text_at(at_ + 2) == "quarter" ? 0.25 : 0;
    const bool ends = at_ + 3 >= tokens_.size() || tokens_[at_ + 3].kind != TokenKind::kWord ||
                      role_of(text_at(at_ + 3)) == WordRole::kGlue;
    if (part == 0 || !ends || !drafts_[last_].quantity.count) return;
    *drafts_[last_].quantity.count += part;
    drafts_[last_].quantity.article = false;
    at_ += 3;
  }

  void weigh_all() {
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      FoodDraft& draft = drafts_[i];
      if (std::ranges::find(silent_, i) != silent_.end()) continue;
      const bool placed = !draft.meal.empty() || draft.moment.has_day() || draft.moment.has_time();
      const bool counted = draft.quantity.is_said() && !draft.quantity.article;
      if (draft.stance == Stance::kEaten &&
          ((draft.have && !placed) || (draft.eat && !placed && !counted)))
        draft.stance = Stance::kUnclear;
      std::optional<ParsedFood> weighed = weigh(draft);
      if (draft.stance == Stance::kEaten && lacks_whole(draft) && weighed) {
        add_to(out_.unclear, "part of a whole " + std::string{draft.name});
      } else if (!weighed) {
        add_to(out_.refused, describe(draft));
      } else {
        (draft.stance == Stance::kEaten ? out_.foods : out_.mentioned)
            .push_back(std::move(*weighed));
      }
    }
  }

  // --- when and at which meal ---

  /// What is said of when and at which meal belongs to the foods before it, if they lack it, or to
  /// those that follow.
  [[nodiscard]] bool looks_ahead(std::size_t first) const {
    if (group_start_ >= drafts_.size()) return true;
    if (at_ >= tokens_.size() || tokens_[at_].kind == TokenKind::kBreak ||
        tokens_[at_].kind == TokenKind::kClose)
      return false;
    if (tokens_[at_].kind == TokenKind::kColon) return true;
    std::size_t before = first;
    while (before > 0 && (text_at(before - 1) == "for" || text_at(before - 1) == "at" ||
                          text_at(before - 1) == "then" || text_at(before - 1) == "my"))
      --before;
    if (before == 0) return true;
    const Token& separator = tokens_[before - 1];
    const bool separated = separator.kind != TokenKind::kNumber &&
                           (separator.kind != TokenKind::kWord || separator.text == "and");
    const std::string_view next = text_at(at_);
    return (separated && tokens_[at_].kind != TokenKind::kComma && next != "and") ||
           next == "was" || next == "were";
  }

  /// "monday and tuesday I had pizza"; but not "eggs yesterday and today I had toast"
  [[nodiscard]] bool another_day_follows() const {
    if (text_at(at_) != "and" && text_at(at_) != "or") return false;
    const MomentMatch next = moment_at(tokens_, at_ + 1);
    if (next.tokens == 0 || !next.moment.has_day()) return false;
    const std::size_t end = at_ + 1 + next.tokens;
    const bool ends = end >= tokens_.size() || tokens_[end].kind != TokenKind::kWord;
    return ends || group_start_ >= drafts_.size();
  }

  void time(const MomentMatch& match) {
    const std::size_t first = at_;
    if (quantity_.is_said() && number_at_ == food_end_) end_item();
    at_ += match.tokens;
    Moment said = match.moment;
    if (said.has_day() && another_day_follows()) said.unclear = true;
    if (meal_by_time_.empty()) {
      meal_by_time_ =
          said.clock && !said.half_day_unsaid ? usual_meal(*said.clock) : meal_of(said.part);
    }
    bool taken = false;
    if (!looks_ahead(first)) {
      // "pizza yesterday and 2 eggs this morning"
      const bool more = drafts_.size() > timed_;
      for (std::size_t i = more ? std::max(group_start_, timed_) : group_start_; i < drafts_.size();
           ++i) {
        Moment& moment = drafts_[i].moment;
        const bool free = said.has_day() ? !moment.has_day() : !moment.has_time();
        taken = taken || free;
        if (free) agent::add_to(moment, said);
      }
    }
    if (taken) {
      timed_ = drafts_.size();
      return;
    }
    if (std::exchange(forward_used_, false)) {
      forward_.clock.reset();
      forward_.part = DayPart::kNone;
      if (said.has_day() || forward_.seconds_ago) forward_ = {};
    }
    agent::add_to(forward_, said);
    if (!forward_meal_.empty() && said.has_time() && !meal_is_label_) forward_meal_ = {};
  }

  /// "2 breakfast tacos"
  [[nodiscard]] bool meal_describes() const {
    return quantity_.count && table_.longest_match(tokens_, at_).tokens > 0;
  }

  /// "skipped lunch", "nothing for lunch", "no breakfast"
  [[nodiscard]] bool is_no_meal(std::size_t here) const {
    static constexpr std::array<std::string_view, 6> kNone{"no",       "skip",    "skipped",
                                                           "skipping", "nothing", "missed"};
    std::size_t before = here;
    while (before > 0 && (text_at(before - 1) == "for" || text_at(before - 1) == "my" ||
                          text_at(before - 1) == "the"))
      --before;
    return before > 0 && is_among(text_at(before - 1), kNone);
  }

  void hear_meal(std::string_view meal, std::size_t here) {
    if (meal_describes()) return;
    if (is_no_meal(here)) {
      forward_meal_ = {};
      return;
    }
    const std::string_view before = here > 0 ? text_at(here - 1) : std::string_view{};
    if (before == "after" || before == "before" || before == "between") return;
    if (std::ranges::find(meals_, meal) == meals_.end()) meals_.push_back(meal);
    bool taken = false;
    if (!looks_ahead(here)) {
      // "eggs in the morning, a salad for lunch"
      const bool more = drafts_.size() > timed_;
      for (std::size_t i = more ? std::max(group_start_, timed_) : group_start_; i < drafts_.size();
           ++i) {
        if (!drafts_[i].meal.empty()) continue;
        drafts_[i].meal = meal;
        taken = true;
      }
    }
    if (taken) return;
    if (forward_meal_ != meal && std::exchange(forward_used_, false)) {
      forward_.clock.reset();
      forward_.part = DayPart::kNone;
    }
    forward_meal_ = meal;
    meal_is_label_ = at_ < tokens_.size() && tokens_[at_].kind == TokenKind::kColon;
    quantity_ = {};  // "a late breakfast"
    end_of_label();
  }

  /// "breakfast 2 eggs lunch a salad": another meal begins another list
  void end_of_label() {
    group_start_ = drafts_.size();
    joined_ = false;
  }

  static Moment day_of(Moment moment) {
    moment.clock.reset();
    moment.part = DayPart::kNone;
    moment.half_day_unsaid = false;
    moment.seconds_ago.reset();
    return moment;
  }

  /// A food for which no meal and no time was said has those of its sentence, or of the message.
  void fill_settings() {
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      FoodDraft& draft = drafts_[i];
      const bool bare = !draft.moment.has_day() && !draft.moment.has_time();
      for (std::size_t other = 0; bare && other < drafts_.size(); ++other)
        if (drafts_[other].sentence == draft.sentence && drafts_[other].moment != Moment{} &&
            (other < i || draft.moment == Moment{}))
          draft.moment = draft.meal.empty() ? drafts_[other].moment : day_of(drafts_[other].moment);
      if (!draft.meal.empty() || draft.moment.has_time()) continue;
      if (meals_.size() == 1) draft.meal = meals_.front();
      if (meals_.size() > 1 && draft.stance == Stance::kEaten) {
        last_ = i;
        add_to(out_.unclear, "which meal: " + describe(draft));
        silent_.push_back(i);
      }
      if (meals_.empty() && !meal_by_time_.empty()) draft.meal = meal_by_time_;
    }
  }

  // --- other words ---

  void word(const Token& token) {
    const std::size_t here = at_++;
    // "5% fat ground beef"
    if (token.text.ends_with('%') && is_among(text_at(at_), kNutrients)) {
      ++at_;
      return;
    }
    const bool short_will = token.apostrophe && token.text.ends_with("ll");
    const WordRole role = short_will ? WordRole::kGlue : role_of(token.text);
    const bool meal = role >= WordRole::kBreakfast && role <= WordRole::kSnack;
    if (meal && !meal_describes() && (quantity_.is_said() || !unknown_.empty())) end_item();
    const bool behind_food = here == food_end_;
    if (role != WordRole::kDescribes && role != WordRole::kGlue && role != WordRole::kRaw)
      joined_ = false;
    if (token.text == "alcohol" && sentence_.denied() && last_ != kNowhere &&
        drafts_[last_].food->alcohol > 0)
      make_free("alcohol free");
    switch (role) {
      case WordRole::kUnknown:
        if (find_unit(token) == nullptr) unknown_.push_back(here);
        break;
      case WordRole::kGlue:
        glue(token, here);
        break;
      case WordRole::kRaw:
        raw_word();
        break;
      case WordRole::kVague:
        vague_word(here);
        break;
      case WordRole::kOf:
        // "2 flurbs of rice"
        if (quantity_.count && !unknown_.empty()) vague_ = true;
        break;
      case WordRole::kThem:
        // "3 of them", "ate them"
        them_ = unknown_.empty() &&
                (quantity_.count ? text_at(here - 1) == "of" : sentence_.in_the_past());
        break;
      case WordRole::kIs:
        talked_about(Stance::kUnclear);
        break;
      case WordRole::kStored:
        // "in the oven", but not "oven baked"
        if (token.text != "oven" || (here > 1 && text_at(here - 2) == "in"))
          talked_about(Stance::kBought);
        break;
      case WordRole::kHabit:
        if (here == 0 || text_at(here - 1) != "as") talked_about(Stance::kHabit);
        break;
      case WordRole::kWish:
        if (token.text == "later") talked_about(Stance::kPlanned);
        end_predicate_item();
        break;
      case WordRole::kAsk:
        talked_about(Stance::kAsked);
        break;
      case WordRole::kPerson:
        if (sentence_.is_recipient(here)) give_away();
        if (text_at(here > 0 ? here - 1 : 0) != "and") break;
        end_predicate_item();
        break;
      case WordRole::kChat:
        nutrient(token);
        // "rice 200 g raw weight"
        if (quantity_.unit != nullptr && number_at_ == food_end_) end_item();
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
        conjunction();
        break;
      case WordRole::kNegate:
        end_item();
        break;
      case WordRole::kI:
      case WordRole::kWe:
        end_predicate_item();
        break;
      case WordRole::kEat:
      case WordRole::kEating:
      case WordRole::kLog:
      case WordRole::kBuy:
      case WordRole::kMake:
      case WordRole::kLike:
      case WordRole::kOther:
        if (text_at(at_) == "list" || text_at(at_) == "cart") put_on_list();
        // "my coffee got cold"
        if (role == WordRole::kOther && behind_food) talked_about(Stance::kUnclear);
        unknown_.clear();
        break;
      case WordRole::kBreakfast:
        hear_meal("breakfast", here);
        break;
      case WordRole::kLunch:
        hear_meal("lunch", here);
        break;
      case WordRole::kDinner:
        hear_meal("dinner", here);
        break;
      case WordRole::kSnack:
        hear_meal("snack", here);
        break;
      case WordRole::kMorning:
        hear_part(DayPart::kMorning);
        break;
      case WordRole::kNoon:
        hear_part(DayPart::kNoon);
        break;
      case WordRole::kEvening:
        hear_part(DayPart::kEvening);
        break;
      default:
        if (const double factor = size_factor(role); factor != 1) quantity_.size = factor;
        break;
    }
    sentence_.hear(here, role);
  }

  /// "good evening, I had soup"
  void hear_part(DayPart part) {
    if (meal_by_time_.empty()) meal_by_time_ = meal_of(part);
    // "morning: coffee"
    if (at_ >= tokens_.size() || tokens_[at_].kind != TokenKind::kColon) return;
    forward_.clock.reset();
    forward_.part = part;
  }

  void end_predicate_item() {
    if (quantity_.count || !unknown_.empty()) end_item();
  }

  void glue(const Token& token, std::size_t here) {
    each_said_ = each_said_ || token.text == "each";
    times_ = times_ || token.text == "x" || token.text == "times";
    whole_ = whole_ || token.text == "whole" || token.text == "entire";
    if ((token.text == "rest" || token.text == "some" || token.text == "most" ||
         token.text == "more") &&
        is_of(tokens_, at_))
      vague_ = true;
    if (token.text == "then") {
      end_item();
      sentence_.end_predicate();
    }
    if (token.text == "for" && (text_at(at_) == "me" || text_at(at_) == "myself"))
      group_start_ = std::max(group_start_, drafts_.size());
    if (token.text == "or" && here > 0 && joined_) or_ = true;
    if (token.text == "rather" && text_at(at_) == "than") {
      end_item();
      sentence_.hear(here, WordRole::kNegate);
    }
    if (token.text == "so" && here > 0) sentence_.end_predicate();
  }

  void raw_word() {
    const bool alone = quantity_.count == std::nullopt && unknown_.empty();
    if (last_ != kNowhere && (joined_ || alone) && table_.longest_match(tokens_, at_).tokens == 0 &&
        !raw_food_follows()) {
      raw_last();
    } else {
      raw_ = true;
    }
  }

  /// "raw organic carrots"
  [[nodiscard]] bool raw_food_follows() const {
    const WordRole next = role_of(text_at(at_));
    return at_ < tokens_.size() && tokens_[at_].kind == TokenKind::kWord &&
           (next == WordRole::kDescribes || next == WordRole::kUnknown);
  }

  /// "lots of", "a little", "too much"
  void vague_word(std::size_t here) {
    const std::string_view text = text_at(here);
    const std::string_view before = here > 0 ? text_at(here - 1) : std::string_view{};
    const bool how_much =
        (text == "much" || text == "many") && before != "how" && before != "as" && before != "very";
    const bool little = text == "little" && before == "a" && text_at(here + 1) != "bit";
    if (how_much || little || is_of(tokens_, at_)) vague_ = true;
    quantity_ = {};
  }

  /// "a shake with 30 g of protein": an amount that this table cannot use
  void nutrient(const Token& token) {
    if (!quantity_.count || quantity_.unit == nullptr || !is_among(token.text, kNutrients)) return;
    if (quantity_.unit->kind != UnitKind::kMass || last_ == kNowhere) return;
    FoodDraft& draft = drafts_[last_];
    if (!(draft.quantity.is_weighed() || draft.kcal)) doubt_last();
  }

  void conjunction() {
    if (compound_follows()) return;
    end_item();
    sentence_.end_predicate();
    // "no bread and a salad"
    if (sentence_.denied() && at_ < tokens_.size() &&
        (tokens_[at_].kind == TokenKind::kNumber || number_at(tokens_, at_).tokens > 0 ||
         text_at(at_) == "extra" || text_at(at_) == "some"))
      sentence_.end_denial();
  }

  /// What was said before, without a verb that says it was eaten, was not.
  void talked_about(Stance stance) {
    for (FoodDraft& draft : drafts_)
      if (draft.sentence == sentence_count_ && !draft.past && draft.stance == Stance::kEaten &&
          draft.meal.empty())
        draft.stance = stance;
  }

  /// "add milk to my shopping list"
  void put_on_list() {
    for (FoodDraft& draft : drafts_)
      if (draft.sentence == sentence_count_) draft.stance = Stance::kBought;
  }

  /// "... for my son"
  void give_away() {
    for (std::size_t i = group_start_; i < drafts_.size(); ++i)
      if (drafts_[i].sentence == sentence_count_) drafts_[i].stance = Stance::kOthers;
    group_start_ = drafts_.size();
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
      const bool silent = role == WordRole::kUnknown || role == WordRole::kGlue ||
                          role == WordRole::kDescribes || role == WordRole::kOf ||
                          role == WordRole::kAnd || role == WordRole::kWith ||
                          role == WordRole::kEat || role == WordRole::kI;
      if (!silent) return;
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
  std::vector<std::string> perhaps_;  // unknown words that are foods if others are
  std::vector<std::size_t> silent_;   // drafts that are told as unclear or unknown already
  std::size_t at_ = 0;

  // The item that is being read.
  Quantity quantity_;
  std::optional<double> kcal_;
  bool kcal_each_ = false;
  std::vector<std::size_t> unknown_;
  std::string changed_;  // "sugar free": what makes it another food
  bool with_ = false;
  bool labelled_ = false;  // after a colon
  bool times_ = false;     // after an `x`
  bool vague_ = false;     // an amount was said that cannot be told
  bool whole_ = false;     // a part of one, or all of it
  bool raw_ = false;
  bool or_ = false;     // "or" stands before
  bool them_ = false;   // "it", "them"
  bool packs_ = false;  // the number is that of a six-pack
  bool pack_ = false;   // a six-pack

  // When and at which meal, for the foods that follow.
  Moment forward_;
  std::string_view forward_meal_;
  bool meal_is_label_ = false;
  bool forward_used_ = false;
  std::size_t group_start_ = 0;  // the first food that may still be told when it was
  std::size_t timed_ = 0;        // the foods before it were told when, behind them
  std::size_t sentence_count_ = 0;
  std::vector<std::string_view> meals_;
  std::string_view meal_by_time_;

  std::size_t last_ = kNowhere;  // the last food, as long as something may still be said about it
  bool joined_ = false;          // nothing but fillers since the last food
  std::size_t food_end_ = kNowhere;  // the token behind the last food
  std::size_t number_at_ = 0;        // the last number
  bool in_brackets_ = false;
  bool lists_parts_ = false;  // the brackets stand right behind a food
  bool held_ = false;         // the brackets stand inside a quantity
  bool each_said_ = false;
};

}  // namespace

ParsedMessage parse_food(std::string_view message, const NutritionTable& table) {
  return Parser{message, table}.run();
}

}  // namespace health_agent::agent
