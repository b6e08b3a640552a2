#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/agent/food/food_parser.h"
#include "health_agent/agent/food/moment.h"
#include "health_agent/agent/food/numbers.h"
#include "health_agent/agent/food/nutrition.h"
#include "health_agent/agent/food/portion.h"
#include "health_agent/agent/food/quantity.h"
#include "health_agent/agent/food/sentence.h"
#include "health_agent/agent/food/text.h"
#include "health_agent/agent/food/words.h"

namespace health_agent::agent {

/// As many unknown words may be one food's name.
inline constexpr std::size_t kMaxUnknownWords = 3;

template <std::size_t N>
[[nodiscard]] bool is_among(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, word) != words.end();
}

/// Reads a message from left to right: numbers, units and unknown words gather in an item until a
/// food or a separator ends it. What belongs together stands in a file: food_reader.cc has the
/// items and what ends them, and food_reader_amounts.cc, _foods.cc, _states.cc, _times.cc,
/// _words.cc and _doubt.cc what they are made of. One message each. Threads: one.
class FoodReader {
 public:
  /// Borrows the table.
  FoodReader(std::string_view message, const NutritionTable& table);

  ParsedMessage run();

 private:
  void step();

  [[nodiscard]] std::string_view text_at(std::size_t at) const;

  // Separators (food_reader.cc).

  void mark(const Token& token);

  void end_sentence();

  /// "3 tbsp. olive oil"; but not "rice 150 g. Chicken"
  [[nodiscard]] bool is_abbreviation_point(const Token& point) const;

  /// What was said between two separators is complete: a quantity without a food belongs to the
  /// food before it, or to one that is not known.
  void end_item();

  /// "Starbucks: a latte"
  [[nodiscard]] bool labels_place() const;

  void begin_item();

  bool attach_to_last();

  /// "eggs 2 toast 1": the numbers belong to the foods before them.
  bool shift_numbers();

  /// "I bought 12 eggs and ate 2", "my mom made lasagna, I had two pieces"
  bool eat_of_last();

  /// "I made pasta and ate it"
  void eat_them();

  // Quantities (food_reader_amounts.cc).

  [[nodiscard]] SpokenNumber number_here() const;

  void count(const SpokenNumber& number);

  /// The 4 oz of "1 lb 4 oz chicken"
  bool compound(const SpokenNumber& number, const UnitMatch& next);

  /// A smaller unit of the kind that was said: the oz after a lb
  [[nodiscard]] bool is_lesser_part(const UnitMatch& next) const;

  /// "1 pound and 4 ounces", "1 lb, 4 oz"; but not "beef 1 kg, 200 g rice"
  [[nodiscard]] bool compound_follows() const;

  /// The "pack" of "six-pack", "12 pack"
  [[nodiscard]] bool is_pack(const UnitMatch& unit, double count) const;

  void take_unit(const UnitMatch& match);

  /// "300 calories of pizza", "a 300 kcal pizza", "pizza (300 kcal)"
  bool energy();

  void energy_of_last();

  // Foods (food_reader_foods.cc).

  /// "sugar-free", "gluten free": the word before it is no food.
  bool free_of(const FoodMatch& match);

  /// "at Subway", "from KFC": a place that is also a food's name
  [[nodiscard]] bool is_place(const FoodMatch& match) const;

  /// "half an avocado on rye toast": two foods, and no name of one
  [[nodiscard]] bool lies_on_it(std::size_t first) const;

  void food(const FoodMatch& match);

  /// "no cheese" says nothing of what was eaten; but "without cheese and fries" may mean the fries.
  void deny(const FoodMatch& match, std::size_t first);

  /// Makes the last food the one of that name; false where the table has none.
  bool become(const std::string& name);

  /// "cola without sugar" is another one; where the table lacks it, a question.
  void make_free(std::string_view of);

  /// "greek yogurt 0%", "0% fat yogurt", "beer 0.0%"
  void percent_of_last(const std::string& percent);

  /// "a dragonfruit smoothie", where the table has both but no such smoothie
  void rename_last(const FoodMatch& match, bool plural);

  void add_draft(const FoodMatch& match, bool plural);

  /// "a smoothie (banana, milk)", "an omelette with 3 eggs": the food before has it in it already.
  [[nodiscard]] bool is_part_of_last(const FoodDraft& draft) const;

  /// The "in my" of "milk in my coffee" begins at `at`, and the food that is read follows.
  [[nodiscard]] bool stands_in(std::size_t at) const;

  static void set_unit(FoodDraft& draft, std::string_view name);

  /// The last food's amount, or what it is, cannot be told.
  void doubt_last();

  /// "200 g raw rice": the table's raw one, or a question where cooking changes the weight
  void raw_last();

  static bool is_drink(const NutritionFacts& food);

  // What was done to a food that changes its energy several times over (food_reader_states.cc).

  /// Takes a word that tells such a state: "dried figs", "figs, dried".
  void hear_state(const Token& token);

  /// "beer battered fish", "chocolate covered almonds": the first is what the other is done with.
  bool done_with(const FoodMatch& match);

  /// "tuna in oil", "peaches in light syrup", "cod in batter": takes the words behind the "in".
  bool lies_in();

  /// "dried apricots and figs": whether the figs are dried, too, is not said.
  [[nodiscard]] static bool shares_state(const FoodDraft& stated, const FoodDraft& other);

  /// The last food in that state: a row of its own, itself where that hardly changes it, else a
  /// question.
  void state_last(const std::string& state);

  /// "2 pizza slices", "a chocolate bar".
  void unit_after(FoodDraft& draft);

  /// "a pizza and a half"
  void and_a_half();

  void weigh_all();

  // When and at which meal (food_reader_times.cc).

  /// What is said of when and at which meal belongs to the foods before it, if they lack it, or to
  /// those that follow.
  [[nodiscard]] bool looks_ahead(std::size_t first) const;

  /// "monday and tuesday I had pizza"; but not "eggs yesterday and today I had toast"
  [[nodiscard]] bool another_day_follows() const;

  void time(const MomentMatch& match);

  /// "2 breakfast tacos"
  [[nodiscard]] bool meal_describes() const;

  /// "skipped lunch", "nothing for lunch", "no breakfast"
  [[nodiscard]] bool is_no_meal(std::size_t here) const;

  void hear_meal(std::string_view meal, std::size_t here);

  /// "breakfast 2 eggs lunch a salad": another meal begins another list
  void end_of_label();

  static Moment day_of(Moment moment);

  /// A food for which no meal and no time was said has those of its sentence, or of the message.
  void fill_settings();

  // Other words (food_reader_words.cc).

  void word(const Token& token);

  /// "put down 2 eggs", but not "put the pizza in the fridge"
  [[nodiscard]] bool puts_on_record(std::size_t here) const;

  /// "2 eggs a day"
  void hear_habit(std::size_t here);

  /// "good evening, I had soup"
  void hear_part(DayPart part);

  void end_predicate_item();

  void glue(const Token& token, std::size_t here);

  /// "2 toasts with 10 g butter each": once or twice?
  void hear_each();

  void raw_word();

  /// "raw organic carrots"
  [[nodiscard]] bool raw_food_follows() const;

  /// "lots of", "a little", "too much"
  void vague_word(std::size_t here);

  /// "a shake with 30 g of protein": an amount that this table cannot use
  void nutrient(const Token& token);

  void conjunction();

  /// What was said before, without a verb that says it was eaten, was not.
  void talked_about(Stance stance);

  /// "add milk to my shopping list"
  void put_on_list();

  /// "... for my son"
  void give_away();

  /// "at 8", "in 2019"; but not "from 2 cups of rice"
  void skip_number();

  // What is in doubt (food_reader_doubt.cc).

  /// Whether a place is told at `at`: "from the new deli"; `any` for one that is not known
  [[nodiscard]] bool is_place_told(std::size_t at, bool any) const;

  /// "Burger King", "Dunkin Donuts", "the sushi place": takes it, since it is no food.
  bool place();

  /// "my 3 year old", "my little one": takes it as somebody else
  bool child();

  /// "that's nuts", "sweet!", "my Apple Watch": takes the food's name, since it is none.
  bool saying(const FoodMatch& match);

  /// A word of talk that describes a food, or tells where somebody was.
  [[nodiscard]] bool is_harmless(std::size_t here) const;

  /// Whether words of talk, or ones that are not known, stand where they belong to the draft.
  [[nodiscard]] bool has_strangers(const FoodDraft& draft) const;

  /// More of one food than a person eats: by its number, its weight or its energy
  [[nodiscard]] static bool is_too_much(const FoodDraft& draft, const ParsedFood& weighed);

  /// "2 eggs, no wait, 3 eggs": what was said before does not hold, and how much does?
  [[nodiscard]] bool is_taken_back(std::size_t at) const;

  /// Names that the table has in two pieces: "subway tuna", "chicken and bacon sandwich"
  void doubt_names();

  /// The rule for doubt: what stands beside words that are not understood was perhaps not eaten.
  void doubt_strangers();

  /// The number is part of the name: "four cheese pizza", "a 3 egg omelette"
  [[nodiscard]] bool names_food(const SpokenNumber& number) const;

  /// "3 of 8 slices", "2 out of 12 cookies": the later number is that of all there were.
  [[nodiscard]] bool is_of_all() const;

  /// "light mayo", "low fat yogurt": another food than the one that the table has
  [[nodiscard]] bool is_made_light(const FoodMatch& match) const;

  /// The words that stand before a verb, or behind a food: they are not understood.
  void mark_unknown();

  // What is not known (food_reader.cc).

  [[nodiscard]] std::string words(std::span<const std::size_t> at) const;

  static void add_to(std::vector<std::string>& list, std::string text);

  /// A message that is nothing but a word or three, none of them known: a food, most likely.
  void only_word_is_unknown();

  std::vector<Token> tokens_;
  const NutritionTable& table_;
  Sentence sentence_;
  ParsedMessage out_;
  std::vector<FoodDraft> drafts_;
  std::vector<std::string> perhaps_;  // unknown words that are foods if others are
  std::vector<std::size_t> silent_;   // drafts that are told as unclear or unknown already
  std::size_t at_ = 0;
  bool pizza_place_ = false;   // where pizza is sold was told
  std::vector<bool> strange_;  // by token: talk, or not known

  // The item that is being read.
  Quantity quantity_;
  std::optional<double> kcal_;
  bool kcal_each_ = false;
  std::vector<std::size_t> unknown_;
  std::string changed_;  // "sugar free": what makes it another food
  std::string percent_;  // "0%": how much fat or alcohol
  bool with_ = false;
  bool labelled_ = false;  // after a colon
  bool times_ = false;     // after an `x`
  bool vague_ = false;     // an amount was said that cannot be told
  bool whole_ = false;     // a part of one, or all of it
  bool raw_ = false;
  std::string state_;        // "dried", "battered": what makes it a food of another energy
  bool light_ = false;       // light, low fat
  bool or_ = false;          // "or" stands before
  bool them_ = false;        // "it", "them"
  bool taken_back_ = false;  // "no wait"
  bool packs_ = false;       // the number is that of a six-pack
  bool pack_ = false;        // a six-pack

  // When and at which meal, for the foods that follow.
  Moment forward_;
  std::string_view forward_meal_;
  bool meal_is_label_ = false;
  bool forward_used_ = false;
  std::size_t group_start_ = 0;  // the first food that may still be told when it was
  std::size_t timed_ = 0;        // the foods before it were told when, behind them
  std::size_t two_meals_ = 0;    // the sentence, from 1, that names two meals for the same foods
  std::size_t sentence_count_ = 0;
  std::vector<std::string_view> meals_;
  std::string_view meal_by_time_;

  std::size_t last_ = kNowhere;  // the last food, as long as something may still be said about it
  bool joined_ = false;          // nothing but fillers since the last food
  std::size_t food_end_ = kNowhere;  // the token behind the last food
  std::size_t number_at_ = 0;        // the last number
  std::size_t food_at_ = 0;          // the food that is read
  std::size_t dish_ = kNowhere;      // "a burrito with": what follows is in it
  bool in_brackets_ = false;
  bool lists_parts_ = false;   // the brackets stand right behind a food
  bool parts_follow_ = false;  // "salad: chicken, tomato"
  bool held_ = false;          // the brackets stand inside a quantity
  bool each_said_ = false;
};

}  // namespace health_agent::agent
