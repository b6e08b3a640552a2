#include <algorithm>
#include <unordered_set>
#include <utility>

#include "health_agent/agent/food/food_reader.h"

namespace health_agent::agent {
namespace {

/// More energy of one food than is logged without a question.
constexpr double kMostEnergyOfOne = 3'000;
/// Likewise where so many pieces are counted that a pack may be meant.
constexpr double kMostEnergyOfMany = 1'200;

using WordSet = std::unordered_set<std::string_view>;

WordSet word_set(std::string_view words, char divider) {
  WordSet set;
  while (!words.empty()) {
    const std::size_t end = words.find(divider);
    set.insert(words.substr(0, end));
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
  }
  return set;
}

std::unordered_set<std::string> stems_of(std::string_view names) {
  std::unordered_set<std::string> set;
  for (const std::string_view name : word_set(names, '|')) {
    std::string stems;
    for (const Token& token : tokenize(name))
      stems.append(stems.empty() ? "" : " ").append(token.stem);
    set.insert(std::move(stems));
  }
  return set;
}

/// Restaurants and shops whose names have a food, a number or a common word in them.
bool is_place_name(const std::string& name) {
  static const auto* const places = new std::unordered_set<std::string>(stems_of(
      "burger king|dunkin donut|dunkin doughnut|dunkin|pizza hut|shake shack|dairy queen|taco bell|"
      "five guy|5 guy|chick fil a|in n out|in and out|panda express|olive garden|waffle house|"
      "panera bread|panera|cheesecake factory|buffalo wild wing|papa john|papa johns|little caesar|"
      "tim horton|krispy kreme|jack in the box|steak n shake|steak and shake|white castle|"
      "cracker barrel|baskin robbins|jamba juice|whole food|trader joe|red lobster|"
      "outback steakhouse|texas roadhouse|raising cane|jersey mike|jimmy john|smoothie king|"
      "carl jr|blaze pizza|wingstop|el pollo loco|mcdonald|mcdonalds|mcdonald s|starbuck|chipotle|"
      "wendy|wendys|domino|dominos|nando|nandos|gregg|greggs|pret|pret a manger|costa|popeye|"
      "arby|arbys|ihop|denny|dennys|applebee|applebees|sonic|qdoba|sweetgreen|wagamama|leon|"
      "pizza express|yo sushi|itsu|auntie anne|einstein bagel|bojangle|culver|whataburger|hardee|"
      "zaxby|churchs chicken|church chicken|long john silver|p f chang|pf chang|bubba gump|"
      "the cheesecake factory|cinnabon|wetzels pretzel|fat burger|fatburger|"
      "smashburger|shake shack|moes|noodle and company|potbelly|firehouse sub|which wich|"
      "mod pizza|cici pizza|round table pizza|costco|walmart|tesco|aldi|lidl|7 eleven|ikea|"
      "drive thru|drive through|doordash|uber eat|ubereats|grubhub|deliveroo|starbucks "
      "coffee|caffe nero|peet coffee|peets coffee|dutch bros|the coffee bean|"
      "coffee bean and tea leaf|joe and the juice|jollibee|max burger|vapiano|dean and david"));
  return places->contains(name);
}

bool is_place_noun(std::string_view stem) {
  static const auto* const nouns = new WordSet(
      word_set("place restaurant joint hut king factory stand counter buffet shop shack "
               "truck parlor parlour house stall cafe bistro diner express company",
               ' '));
  return nouns->contains(stem);
}

bool is_said_of_food(std::string_view word) {
  static const auto* const words = new WordSet(word_set(
      "fat fats carb carbs sodium fiber fibre calorie calories long "
      "short less calcium iron weight style bad best better healthy fun home whole next new world "
      "street",
      ' '));
  return words->contains(word);
}

/// Where or after what somebody eats, and what is said of it before or behind the food.
bool is_quiet(std::string_view word) {
  static const auto* const words = new WordSet(
      word_set("hi hello hey hiya yo thanks thank thx cheers yes yeah yep yup really very quite "
               "pretty still enough fine alright help helps pm oclock right sure nothing anything",
               ' '));
  return words->contains(word);
}

bool is_where(std::string_view word) {
  static const auto* const words = new WordSet(word_set(
      "gym work job home train bus plane car couch sofa park beach office desk restaurant cafe "
      "hotel cinema bed party street city run walk workout exercise training swim sleep table room "
      "bike bakery kitchen airport airplane mall movies garden balcony bar pub canteen cafeteria "
      "church school library hospital class meeting lecture flight road break shower stairs "
      "market picnic wedding barbecue buffet deli diner corner place way going walking working "
      "running cycling time",
      ' '));
  return words->contains(word);
}

/// What stands between two foods that are two
constexpr std::array<std::string_view, 6> kDividers{"and", "with", "or", "plus", "then", "but"};

bool leads_to_a_place(std::string_view word) {
  static const auto* const words = new WordSet(word_set(
      "at from in on after pre post before during near by to outside inside while post pre", ' '));
  return words->contains(word);
}

}  // namespace

bool FoodReader::place() {
  constexpr std::size_t kMostWords = 5;
  const bool first_word = tokens_[at_].kind == TokenKind::kWord ||
                          (tokens_[at_].kind == TokenKind::kNumber && !quantity_.count);
  if (!first_word) return false;
  std::string name;
  std::string place;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < kMostWords && at_ + i < tokens_.size(); ++i) {
    const Token& token = tokens_[at_ + i];
    if (token.kind != TokenKind::kWord && token.kind != TokenKind::kNumber) break;
    const std::string_view text =
        token.text == "5" ? std::string_view{"five"} : std::string_view{token.stem};
    name.append(name.empty() ? "" : " ").append(text);
    if (!is_place_name(name)) continue;
    taken = i + 1;
    place = name;
  }
  // "at the sushi place"
  const std::size_t before = at_ > 0 ? at_ - 1 : kNowhere;
  const std::string_view lead = text_at(before == kNowhere ? tokens_.size() : before);
  if (taken == 0 && (lead == "at" || lead == "from" || lead == "the" || lead == "a" ||
                     lead == "to" || lead == "our" || lead == "my")) {
    const FoodMatch match = table_.longest_match(tokens_, at_);
    const std::size_t noun = at_ + match.tokens;
    if (match.tokens > 0 && noun < tokens_.size() && tokens_[noun].kind == TokenKind::kWord &&
        is_place_noun(tokens_[noun].stem))
      taken = match.tokens + 1;
  }
  if (taken == 0) return false;
  const bool one = taken == 1 && table_.longest_match(tokens_, at_).tokens > 1;
  if (one) return false;
  static constexpr std::array<std::string_view, 4> kPizzaPlaces{"pizza", "domino", "papa john",
                                                                "little caesar"};
  pizza_place_ = pizza_place_ || std::ranges::any_of(kPizzaPlaces, [&](std::string_view sold) {
                   return place.find(sold) != std::string::npos;
                 });
  // "a Burger King" has no number that a food behind it could take
  if (quantity_.article) quantity_ = {};
  at_ += taken;
  return true;
}

bool FoodReader::child() {
  const SpokenNumber number = number_at(tokens_, at_);
  static constexpr std::array<std::string_view, 7> kAges{"year",  "years",  "yr",  "yrs",
                                                         "month", "months", "week"};
  std::size_t taken = 0;
  if (number.tokens > 0) {
    const std::size_t unit = at_ + number.tokens;
    if (is_among(text_at(unit), kAges) && text_at(unit + 1) == "old") taken = number.tokens + 2;
    if (text_at(unit) == "yo") taken = number.tokens + 1;
  }
  if ((text_at(at_) == "little" || text_at(at_) == "young") &&
      (text_at(at_ + 1) == "one" || text_at(at_ + 1) == "ones" || text_at(at_ + 1) == "guy"))
    taken = 2;
  if (taken == 0) return false;
  if (sentence_.is_recipient(at_)) {
    give_away();
  } else {
    sentence_.hear_stranger();
  }
  quantity_ = {};
  at_ += taken;
  return true;
}

bool FoodReader::saying(const FoodMatch& match) {
  if (match.tokens != 1) return false;
  const Token& token = tokens_[at_];
  const std::string_view next = text_at(at_ + 1);
  const std::string_view before = at_ > 0 ? text_at(at_ - 1) : std::string_view{};
  const bool alone = !quantity_.is_said() && !quantity_.article;
  bool is_saying = false;
  if (token.text == "sweet") is_saying = alone;
  if (token.text == "apple") {
    static constexpr std::array<std::string_view, 8> kDevices{
        "watch", "pay", "music", "tv", "health", "store", "phone", "fitness"};
    is_saying = is_among(next, kDevices);
  }
  if (token.text == "date")
    is_saying = (at_ + 1 < tokens_.size() && tokens_[at_ + 1].kind == TokenKind::kColon) ||
                next == "night" || before == "first" || before == "our" ||
                (before == "a" && at_ > 1 && text_at(at_ - 2) == "on");
  if (token.text == "stock" && at_ + 1 < tokens_.size() &&
      tokens_[at_ + 1].kind == TokenKind::kColon) {
    strange_[at_] = true;  // "stock: 12 eggs"
    is_saying = true;
  }
  if (token.text == "honey" || token.text == "pumpkin" || token.text == "sugar")
    is_saying = before == "hi" || before == "hey" || before == "thanks";
  if (token.text == "turkey")
    is_saying = alone && (before == "to" || before == "in") && next != "sandwich";
  if (!is_saying) return false;
  ++at_;
  joined_ = false;
  return true;
}

bool FoodReader::is_harmless(std::size_t here) const {
  const std::string_view word = text_at(here);
  if (is_quiet(word)) return true;
  if ((word == "bought" || word == "made") && here > 0 &&
      (text_at(here - 1) == "store" || text_at(here - 1) == "shop"))
    return true;
  if (is_place_told(here, false)) return true;
  static constexpr std::array<std::string_view, 7> kMoney{"euro",  "euros", "dollar", "dollars",
                                                          "bucks", "usd",   "percent"};
  const std::string_view last = here > 0 ? text_at(here - 1) : std::string_view{};
  if (is_among(word, kMoney)) return true;
  if (word == "weight" && (last == "raw" || last == "dry" || last == "cooked")) return true;
  if (!is_said_of_food(word)) return false;
  // "200 g low fat yogurt": a food follows
  for (std::size_t next = here + 1; next < tokens_.size() && next < here + 4; ++next) {
    if (tokens_[next].kind != TokenKind::kWord) return false;
    if (table_.longest_match(tokens_, next).tokens > 0) return true;
    const WordRole role = role_of(text_at(next));
    if (role != WordRole::kDescribes && role != WordRole::kGlue && role != WordRole::kChat &&
        role != WordRole::kRaw)
      return false;
  }
  return false;
}

bool FoodReader::is_place_told(std::size_t at, bool any) const {
  if (!any && !is_where(text_at(at))) return false;
  for (std::size_t back = 1; back <= 3 && back <= at; ++back) {
    const std::string_view lead = text_at(at - back);
    if (any ? lead == "at" || lead == "from" || lead == "near" : leads_to_a_place(lead))
      return true;
  }
  return false;
}

bool FoodReader::has_strangers(const FoodDraft& draft) const {
  if (draft.strange) return true;
  static constexpr std::array<std::string_view, 10> kClauses{
      "and", "but", "so", "because", "since", "while", "although", "when", "before", "after"};
  const auto ends = [&](std::size_t i) {
    const TokenKind kind = tokens_[i].kind;
    return kind == TokenKind::kBreak ||
           (draft.told && (kind == TokenKind::kComma || kind == TokenKind::kColon ||
                           is_among(text_at(i), kClauses)));
  };
  // Where a verb says that it was eaten, talk elsewhere in the sentence says nothing against it.
  for (std::size_t i = draft.at; i > 0 && !ends(i - 1) && !(draft.told && i <= draft.verb_at); --i)
    if (strange_[i - 1]) return true;
  for (std::size_t i = draft.end; i < tokens_.size() && !ends(i); ++i)
    if (strange_[i]) return true;
  return false;
}

bool FoodReader::is_too_much(const FoodDraft& draft, const ParsedFood& weighed) {
  constexpr double kMostBehind = 12;
  constexpr double kMostPieces = 15;
  constexpr double kSmallPiece = 35;
  if (weighed.food.calories > kMostEnergyOfOne) return true;
  if (draft.kcal || !draft.quantity.count || draft.quantity.is_weighed()) return false;
  const double count = *draft.quantity.count;
  const double each = count > 0 ? weighed.grams / count : 0;
  // "oats 50", "egg 70": pieces or grams?
  if (draft.behind && count > kMostBehind && each > 5) return true;
  return draft.quantity.unit == nullptr && count > kMostPieces &&
         (each > kSmallPiece || weighed.food.calories > kMostEnergyOfMany);
}

bool FoodReader::is_taken_back(std::size_t at) const {
  const std::string_view word = text_at(at);
  const std::string_view before = at > 0 ? text_at(at - 1) : std::string_view{};
  const std::string_view next = text_at(at + 1);
  if (word == "wait") return before == "no" || next == "no" || before == "oh" || before == "sorry";
  if (word == "mean" || word == "meant") return before == "i";
  if (word == "that") return before == "scratch" || before == "make";
  if (word == "sorry" || word == "actually" || word == "correction")
    return number_at(tokens_, at + 1).tokens > 0 ||
           table_.longest_match(tokens_, at + 1).tokens > 0;
  return false;
}

void FoodReader::doubt_names() {
  static constexpr std::array<std::string_view, 8> kFilled{
      "sandwich", "toastie", "baguette", "panini", "wrap", "bagel", "roll", "pie"};
  for (std::size_t i = 0; i + 1 < drafts_.size(); ++i) {
    FoodDraft& first = drafts_[i];
    FoodDraft& then = drafts_[i + 1];
    if (first.end + 1 == then.at && text_at(first.end) == "and") {
      first.strange = first.strange || shares_state(then, first);
      then.strange = then.strange || shares_state(first, then);
    }
    if (first.sentence != then.sentence || then.quantity.is_said() ||
        first.quantity.unit != nullptr)
      continue;
    // "subway 6 inch tuna"
    const bool shop = first.name == "subway" || then.name == "subway" || first.name == "kfc";
    bool divided = false;
    for (std::size_t at = first.end; at < then.at; ++at)
      divided = divided || is_among(text_at(at), kDividers) ||
                (tokens_[at].kind != TokenKind::kWord && tokens_[at].kind != TokenKind::kNumber);
    // "chicken and bacon sandwich" is one thing
    const bool joined = first.end + 1 == then.at && text_at(first.end) == "and" &&
                        then.end == then.at + 2 && is_among(text_at(then.at + 1), kFilled) &&
                        !then.plural && !then.quantity.article && first.food->density == 0 &&
                        first.food->protein >= 10 && !first.quantity.is_said();
    // "kale chips"
    const bool chips = first.end == then.at && (then.name == "chips" || then.name == "crisps");
    if ((shop && !divided) || joined || chips) first.strange = then.strange = true;
  }
}

void FoodReader::doubt_strangers() {
  doubt_names();
  for (FoodDraft& draft : drafts_) {
    if (draft.stance != Stance::kEaten) continue;
    // A pizza or a bottle of wine of two people
    const bool shared = draft.ours && draft.quantity.article &&
                        (draft.quantity.unit != nullptr || draft.food->grams_of("piece") >= 300 ||
                         draft.food->grams_of("slice") > 0);
    if (shared) draft.stance = Stance::kShared;
    if (taken_back_ || has_strangers(draft)) draft.stance = Stance::kUnclear;
  }
}

bool FoodReader::names_food(const SpokenNumber& number) const {
  if (number.article || !(number.value >= 2 && number.value <= 20)) return false;
  const std::size_t food = at_ + number.tokens;
  const std::string_view next = text_at(food);
  // "a 12 inch pizza"
  if (next == "inch" || next == "inches" || next == "layer" || next == "course" ||
      next == "grain" || next == "seed" || next == "berry" || next == "bean" || next == "meat" ||
      next == "ingredient" || next == "minute")
    return true;
  const FoodMatch match = table_.longest_match(tokens_, food);
  if (match.tokens == 0) return false;
  if (quantity_.article && quantity_.count) return true;
  const Token& head = tokens_[food + match.tokens - 1];
  // "four cheese pizza", "3 egg omelette"
  const bool of_name = match.tokens > 1 && (next == "cheese" || next == "egg") && !head.plural;
  const FoodMatch behind = table_.longest_match(tokens_, food + match.tokens);
  return of_name || (next == "egg" && !tokens_[food].plural && behind.tokens > 0) ||
         (next == "cheese" && behind.tokens > 0);
}

bool FoodReader::is_of_all() const {
  if (!quantity_.count || quantity_.article || quantity_.unit != nullptr || at_ < 2) return false;
  std::size_t before = at_ - 1;
  if (text_at(before) == "the" || text_at(before) == "my" || text_at(before) == "those") --before;
  if (text_at(before) != "of") return false;
  const SpokenNumber number = number_at(tokens_, at_);
  const UnitMatch unit = unit_at(tokens_, at_ + number.tokens);
  return unit.unit == nullptr || !is_measure(*unit.unit);
}

bool FoodReader::is_made_light(const FoodMatch& match) const {
  if (!light_ || match.food->kcal < 40) return false;
  static constexpr std::array<std::string_view, 5> kSaid{"low", "light", "fat", "reduced", "diet"};
  const std::vector<Token> name = tokenize(match.name);
  return std::ranges::none_of(name, [](const Token& token) { return is_among(token.text, kSaid); });
}

void FoodReader::mark_unknown() {
  for (const std::size_t at : unknown_)
    strange_[at] = true;
}

}  // namespace health_agent::agent
