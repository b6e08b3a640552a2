#include "health_agent/agent/food/food_reader.h"

#include <utility>

namespace health_agent::agent {
namespace {

/// Foods that take the word before them into their name: a strawberry smoothie is no strawberry.
constexpr std::array<std::string_view, 129> kDishes{
    "yogurt",    "yoghurt",     "smoothie", "omelette",    "omelet",     "salad",      "soup",
    "sandwich",  "cake",        "pie",      "juice",       "pizza",      "burger",     "curry",
    "pasta",     "cream",       "muffin",   "pancake",     "wrap",       "stew",       "cookie",
    "bar",       "pudding",     "shake",    "latte",       "milkshake",  "cheesecake", "cereal",
    "oatmeal",   "porridge",    "taco",     "burrito",     "noodle",     "quesadilla", "risotto",
    "donut",     "scone",       "kebab",    "sushi",       "casserole",  "crumble",    "waffle",
    "crepe",     "lasagna",     "ravioli",  "dumpling",    "gyoza",      "enchilada",  "sausage",
    "croissant", "bagel",       "meatball", "nugget",      "skewer",     "samosa",     "empanada",
    "tamale",    "fajita",      "bun",      "tart",        "crumpet",    "toastie",    "panini",
    "baguette",  "chowder",     "gnocchi",  "wonton",      "tortellini", "gyro",       "sub",
    "hoagie",    "pate",        "ramen",    "biryani",     "sorbet",     "gelato",     "chili",
    "crisp",     "mein",        "thai",     "quiche",      "frittata",   "brownie",    "cupcake",
    "mousse",    "jerky",       "paratha",  "dosa",        "naan",       "chutney",    "dip",
    "salsa",     "vinaigrette", "lemonade", "margarita",   "mojito",     "hummus",     "bread",
    "fritter",   "schnitzel",   "cutlet",   "meatloaf",    "stroganoff", "korma",      "vindaloo",
    "masala",    "jalfrezi",    "rendang",  "tagine",      "souvlaki",   "satay",      "tempura",
    "hash",      "parfait",     "granola",  "chimichanga", "tostada",    "torta",      "jam",
    "cobbler",   "patty",       "kofta",    "spritz",      "popsicle",   "udon",       "laksa",
    "pierogi",   "katsu",       "pasty"};

bool is_dish(std::string_view name, std::string_view stem) {
  static constexpr std::array<std::string_view, 7> kOfSeveralWords{
      "fried rice",   "stir fry", "spring roll",   "summer roll",
      "mac n cheese", "hot pot",  "mac and cheese"};
  if (is_among(name, kOfSeveralWords)) return true;
  static const auto* const stems = [] {
    auto* made = new std::array<std::string, kDishes.size()>;
    std::ranges::transform(kDishes, made->begin(),
                           [](std::string_view dish) { return stem_of(dish); });
    return made;
  }();
  return std::ranges::find(*stems, stem) != stems->end();
}

/// "ham and cheese croissant": what is in it counts as much as the bread around it.
bool is_filled(const NutritionFacts& filling, std::string_view stem) {
  static constexpr std::array<std::string_view, 4> kBreads{"croissant", "bagel", "bun", "crumpet"};
  return is_among(stem, kBreads) && filling.protein >= 5 && filling.carbs < 30 && filling.fat < 40;
}

/// "a salmon salad", "a nutella crepe": what the table's plain one lacks counts as much as that does.
bool is_topped(const NutritionFacts& topping, std::string_view stem) {
  static constexpr std::array<std::string_view, 6> kFlat{"crepe", "waffle", "pancake",
                                                         "bagel", "bun",    "crumpet"};
  const bool spread = topping.units.front().unit == "tablespoon" && topping.kcal >= 150;
  if (stem == "salad") return topping.kcal >= 90;
  if (stem == "noodle") return topping.protein >= 10;
  if (stem == "porridge" || stem == "oatmeal")
    return spread || (topping.grams_of("piece") > 0 && topping.kcal < 120);
  return spread && topping.name != "butter" && is_among(stem, kFlat);
}

/// Has its filling in its row already.
bool is_filled_dish(const NutritionFacts& food) {
  static constexpr std::array<std::string_view, 6> kDishesOfParts{
      "burrito", "burrito bowl", "breakfast burrito", "poke bowl", "smoothie", "quesadilla"};
  return is_among(food.name, kDishesOfParts);
}

/// Words before "free" that change nothing of the energy.
constexpr std::array<std::string_view, 14> kHarmlessFree{
    "gluten", "dairy", "lactose", "egg",   "nut",      "peanut",  "soy",
    "cage",   "wheat", "grain",   "guilt", "caffeine", "hormone", "gmo"};

/// Said after "without A and ...": a thing that is left out together with the A.
bool is_condiment(const NutritionFacts& food) {
  const std::string_view usual = food.units.front().unit;
  return food.grams_of("splash") > 0 || usual == "tablespoon" || usual == "teaspoon" ||
         usual == "pinch" || usual == "leaf";
}

}  // namespace

bool FoodReader::free_of(const FoodMatch& match) {
  const std::size_t of = at_ + std::max<std::size_t>(match.tokens, 1);
  const FoodMatch next = table_.longest_match(tokens_, at_ + 1);
  // "no sugar coke"
  const FoodMatch sweet = table_.longest_match(tokens_, at_ + 2);
  if ((text_at(at_) == "no" || text_at(at_) == "zero") && text_at(at_ + 1) == "sugar" &&
      match.tokens == 0 && sweet.food != nullptr && sweet.food->density > 0) {
    changed_ = "sugar free";
    at_ += 2;
    return true;
  }
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

bool FoodReader::is_place(const FoodMatch& match) const {
  const bool name = match.name == "subway" || match.name == "kfc";
  const bool label =
      at_ + match.tokens < tokens_.size() && tokens_[at_ + match.tokens].kind == TokenKind::kColon;
  return name && (label || at_ > 0) &&
         (label || text_at(at_ - 1) == "at" || text_at(at_ - 1) == "from" ||
          text_at(at_ - 1) == "to");
}

bool FoodReader::lies_on_it(std::size_t first) const {
  for (std::size_t i = food_end_; i < first; ++i)
    if (text_at(i) == "on" || text_at(i) == "over") return true;
  return false;
}

void FoodReader::food(const FoodMatch& match) {
  const std::size_t first = at_;
  food_at_ = at_;
  if (is_place(match)) {
    at_ += match.tokens;
    return;
  }
  at_ += match.tokens;
  sentence_.hear_food();
  if (sentence_.denied()) return deny(match, first);
  const Token& head = tokens_[at_ - 1];
  const bool adjacent = joined_ && !or_ && last_ != kNowhere && !quantity_.count &&
                        quantity_.unit == nullptr && !kcal_ && !lies_on_it(first);
  const bool counted = last_ != kNowhere && drafts_[last_].quantity.count && !drafts_[last_].behind;
  const bool topped =
      adjacent && !drafts_[last_].quantity.is_said() && is_topped(*drafts_[last_].food, head.stem);
  if (adjacent && !topped && (!drafts_[last_].plural || counted) &&
      is_dish(match.name, head.stem)) {
    rename_last(match, head.plural);
  } else {
    const std::size_t before = adjacent ? last_ : kNowhere;
    const std::size_t count = drafts_.size();
    add_draft(match, head.plural);
    if (drafts_.size() > count) {
      drafts_[last_].at = first;
      // "2 chicken enchiladas", "1 fish oil": one food of which the table lacks the whole name
      if (before != kNowhere && counted && !topped && drafts_[before].quantity.unit == nullptr &&
          !drafts_[before].plural) {
        drafts_[before].stance = Stance::kUnclear;
        drafts_[last_].stance = Stance::kUnclear;
      }
    }
  }
  begin_item();
  joined_ = true;
  if (last_ != kNowhere && drafts_[last_].quantity.unit == nullptr) unit_after(drafts_[last_]);
  and_a_half();
  food_end_ = at_;
  if (last_ != kNowhere) drafts_[last_].end = at_;
}

void FoodReader::deny(const FoodMatch& match, std::size_t first) {
  if (match.food->name == "sugar" && last_ != kNowhere && drafts_[last_].food->carbs >= 8)
    make_free("sugar free");
  if (text_at(first - 1) == "and" && first > 0 && last_ != kNowhere && !is_condiment(*match.food)) {
    sentence_.end_denial();
    vague_ = false;
    add_draft(match, tokens_[at_ - 1].plural);
    if (last_ != kNowhere) drafts_[last_].stance = Stance::kUnclear;
  }
  begin_item();
}

bool FoodReader::become(const std::string& name) {
  const std::vector<Token> tokens = tokenize(name);
  const FoodMatch other = table_.longest_match(tokens, 0);
  if (other.tokens != tokens.size()) return false;
  drafts_[last_].food = other.food;
  drafts_[last_].name = other.name;
  return true;
}

void FoodReader::make_free(std::string_view of) {
  FoodDraft& draft = drafts_[last_];
  if (become(std::string{of} + " " + std::string{draft.food->name})) return;
  changed_ = of;
  draft.as_written = changed_ + " " + std::string{draft.name};
  doubt_last();
  changed_.clear();
}

void FoodReader::percent_of_last(const std::string& percent) {
  FoodDraft& draft = drafts_[last_];
  if (become(percent + " " + std::string{draft.food->name})) return;
  if (percent.starts_with('0') && (draft.food->fat > 1 || draft.food->alcohol > 0)) {
    draft.as_written = percent + " " + std::string{draft.name};
    draft.strange = true;
  }
}

void FoodReader::rename_last(const FoodMatch& match, bool plural) {
  FoodDraft& draft = drafts_[last_];
  const std::string_view stem = tokens_[at_ - 1].stem;
  if (is_filled(*draft.food, stem) || is_topped(*draft.food, stem)) draft.strange = true;
  // "cheese and ham toastie" is one thing
  if (last_ > 0 && draft.at > 0 && text_at(draft.at - 1) == "and" &&
      drafts_[last_ - 1].end + 1 == draft.at && drafts_[last_ - 1].food->density == 0)
    draft.strange = drafts_[last_ - 1].strange = true;
  if (draft.plural) draft.quantity = {};  // "2 eggs omelette"
  draft.as_written = std::string{draft.name} + " " + std::string{match.name};
  draft.food = match.food;
  draft.name = match.name;
  draft.plural = plural;
}

void FoodReader::add_draft(const FoodMatch& match, bool plural) {
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
  if (with_ && last_ != kNowhere && is_filled_dish(*drafts_[last_].food) &&
      draft.food->density == 0)
    dish_ = last_;
  draft.part = is_part_of_last(draft);
  if (!draft.part) dish_ = kNowhere;
  // "milk in my coffee"
  if (is_drink(*draft.food) && last_ != kNowhere && !drafts_[last_].quantity.is_said() &&
      stands_in(drafts_[last_].end))
    drafts_[last_].splash = true;
  if (draft.stance == Stance::kEaten && draft.part) draft.stance = Stance::kUnclear;
  if (draft.stance == Stance::kEaten && two_meals_ == sentence_count_ + 1)
    draft.stance = Stance::kUnclear;
  draft.past = sentence_.in_the_past();
  draft.present = sentence_.in_the_present();
  draft.told = sentence_.told();
  draft.verb_at = sentence_.verb_at();
  draft.ours = sentence_.is_ours();
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
  draft.strange = !unknown_.empty() && !labels_place();
  // "dominos pepperoni": the pizza, and not the sausage
  if (pizza_place_ && match.name == "pepperoni") draft.strange = true;
  if (described && !sentence_.chat() && !sentence_.aside())
    draft.as_written = words(unknown_) + " " + std::string{match.name};
  drafts_.push_back(std::move(draft));
  last_ = drafts_.size() - 1;
  if (changed_.empty() && is_made_light(match)) changed_ = "light";
  if (!changed_.empty() && match.food->kcal > 5) make_free(std::string{changed_});
  if (!percent_.empty()) percent_of_last(std::exchange(percent_, {}));
  if (vague_) doubt_last();
  if (raw_) raw_last();
  if (!state_.empty()) state_last(std::exchange(state_, {}));
}

bool FoodReader::stands_in(std::size_t at) const {
  if (text_at(at) != "in") return false;
  const std::string_view next = text_at(at + 1);
  return at + 1 == food_at_ ||
         ((next == "my" || next == "the" || next == "a") && at + 2 == food_at_);
}

bool FoodReader::is_part_of_last(const FoodDraft& draft) const {
  if (lists_parts_ || (parts_follow_ && last_ != kNowhere)) return true;
  // "a burrito bowl with chicken, rice and beans": all that is listed without an amount
  if (dish_ != kNowhere && drafts_[dish_].sentence == sentence_count_)
    return !draft.quantity.is_said() && !draft.quantity.article;
  if (!with_ || last_ == kNowhere || draft.food->name != "egg") return false;
  static constexpr std::array<std::string_view, 4> kOfEggs{"omelette", "frittata", "scrambled egg",
                                                           "quiche"};
  return is_among(drafts_[last_].food->name, kOfEggs);
}

void FoodReader::set_unit(FoodDraft& draft, std::string_view name) {
  Token token;
  token.text = name;
  token.stem = stem_of(name);
  draft.quantity.unit = find_unit(token);
}

void FoodReader::doubt_last() {
  FoodDraft& draft = drafts_[last_];
  if (draft.stance != Stance::kEaten) return;
  const std::string name{draft.as_written.empty() ? describe(draft) : draft.as_written};
  add_to(changed_.empty() ? out_.unclear : out_.unknown, name);
  draft.stance = Stance::kDenied;
  silent_.push_back(last_);
}

void FoodReader::raw_last() {
  FoodDraft& draft = drafts_[last_];
  std::string name{"raw "};
  name += draft.food->name;
  if (become(name)) return;
  const NutritionFacts& food = *draft.food;
  static constexpr std::array<std::string_view, 7> kAsIs{"honey", "oats", "egg",   "egg yolk",
                                                         "sugar", "date", "salmon"};
  const bool as_is =
      food.kcal < 100 || food.fat > 35 || food.density > 0 || is_among(food.name, kAsIs);
  if (as_is || !draft.quantity.is_weighed()) return;
  draft.as_written = name;
  doubt_last();
}

bool FoodReader::is_drink(const NutritionFacts& food) {
  const std::string_view usual = food.units.front().unit;
  return food.density > 0 && (usual == "cup" || usual == "glass" || usual == "can");
}

void FoodReader::unit_after(FoodDraft& draft) {
  const UnitMatch match = unit_at(tokens_, at_);
  if (match.unit == nullptr || is_measure(*match.unit)) return;
  if (is_of(tokens_, at_ + 1) || table_.longest_match(tokens_, at_).tokens > 0) return;
  // "carrot sticks": more than one, the usual portion
  if (!draft.quantity.count && tokens_[at_].plural) {
    at_ += match.tokens;
    return;
  }
  // "10 pizza rolls", "2 peanut butter cups" are foods of their own
  const bool a_part = draft.food->grams_of(match.unit->name) > 0 || match.unit->name == "slice" ||
                      match.unit->name == "piece" || match.unit->name == "serving";
  const bool its_own = match.unit->name == "cup" || match.unit->name == "roll" ||
                       match.unit->name == "ball" || match.unit->name == "bowl";
  if (draft.quantity.count && (!a_part || its_own)) draft.strange = true;
  draft.quantity.unit = match.unit;
  at_ += match.tokens;
}

void FoodReader::and_a_half() {
  if (last_ == kNowhere || text_at(at_) != "and" || text_at(at_ + 1) != "a") return;
  const double part = text_at(at_ + 2) == "half" ? 0.5 : text_at(at_ + 2) == "quarter" ? 0.25 : 0;
  const bool ends = at_ + 3 >= tokens_.size() || tokens_[at_ + 3].kind != TokenKind::kWord ||
                    role_of(text_at(at_ + 3)) == WordRole::kGlue;
  if (part == 0 || !ends || !drafts_[last_].quantity.count) return;
  *drafts_[last_].quantity.count += part;
  drafts_[last_].quantity.article = false;
  at_ += 3;
}

void FoodReader::weigh_all() {
  for (std::size_t i = 0; i < drafts_.size(); ++i) {
    FoodDraft& draft = drafts_[i];
    if (std::ranges::find(silent_, i) != silent_.end()) continue;
    const bool placed = !draft.meal.empty() || draft.moment.has_day() || draft.moment.has_time();
    const bool counted = draft.quantity.is_said() && !draft.quantity.article;
    if (draft.stance == Stance::kEaten &&
        ((draft.have && !placed) || (draft.eat && !placed && !counted)))
      draft.stance = Stance::kUnclear;
    std::optional<ParsedFood> weighed = weigh(draft);
    if (draft.stance == Stance::kEaten && weighed && is_too_much(draft, *weighed)) {
      add_to(out_.unclear, describe(draft));
      continue;
    }
    if (draft.stance == Stance::kEaten && lacks_whole(draft) && weighed) {
      add_to(out_.unclear,
             (draft.quantity.count.value_or(1) < 1 ? "part of a whole " : "a whole ") +
                 std::string{draft.name});
    } else if (!weighed) {
      add_to(out_.refused, describe(draft));
    } else {
      (draft.stance == Stance::kEaten ? out_.foods : out_.mentioned).push_back(std::move(*weighed));
    }
  }
}

}  // namespace health_agent::agent
