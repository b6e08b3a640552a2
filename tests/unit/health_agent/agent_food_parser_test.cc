#include "health_agent/agent/food/food_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace health_agent::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Expected {
  std::string name;
  double grams;
};

struct Phrase {
  std::string message;
  std::vector<Expected> foods;
  std::string meal;
};

ParsedMessage parse(std::string_view message) {
  return parse_food(message, NutritionTable::builtin());
}

class Phrases : public ::testing::TestWithParam<Phrase> {};

TEST_P(Phrases, BecomeTheFoodsTheirWeightsAndTheMeal) {
  const Phrase& phrase = GetParam();
  const ParsedMessage parsed = parse(phrase.message);
  ASSERT_EQ(parsed.foods.size(), phrase.foods.size()) << phrase.message;
  for (std::size_t i = 0; i < phrase.foods.size(); ++i) {
    EXPECT_EQ(parsed.foods[i].food.name, phrase.foods[i].name) << phrase.message;
    EXPECT_NEAR(parsed.foods[i].grams, phrase.foods[i].grams, 0.02 * phrase.foods[i].grams)
        << phrase.message;
  }
  EXPECT_EQ(parsed.meal, phrase.meal) << phrase.message;
  EXPECT_THAT(parsed.unknown, IsEmpty()) << phrase.message;
  EXPECT_THAT(parsed.refused, IsEmpty()) << phrase.message;
  EXPECT_TRUE(parsed.ate) << phrase.message;
}

const std::vector<Phrase> kSentences{
    {"2 eggs and 150 g of rice for lunch", {{"egg", 100}, {"rice", 150}}, "lunch"},
    {"a bowl of oatmeal with a banana", {{"oatmeal", 250}, {"banana", 118}}, ""},
    {"half an avocado, 2 slices of whole wheat toast and a glass of orange juice for breakfast",
     {{"avocado", 75}, {"whole wheat toast", 66}, {"orange juice", 250}},
     "breakfast"},
    {"I had a chicken caesar salad for dinner", {{"chicken caesar salad", 320}}, "dinner"},
    {"three scrambled eggs with two slices of bacon this morning",
     {{"scrambled egg", 165}, {"bacon", 18}},
     "breakfast"},
    {"Coffee with milk and sugar", {{"coffee", 240}, {"milk", 30}, {"sugar", 4}}, ""},
    {"cereal with oat milk", {{"cereal", 35}, {"oat milk", 250}}, ""},
    {"lunch: 2 sandwiches, 1 apple", {{"sandwich", 360}, {"apple", 180}}, "lunch"},
    {"12:30 lunch - a burger", {{"burger", 180}}, "lunch"},
    {"I just finished my lunch, it was a delicious ham sandwich from the bakery",
     {{"ham sandwich", 150}},
     "lunch"},
    {"my mom made lasagna for dinner, I had two pieces", {{"lasagna", 600}}, "dinner"},
    {"I ate at McDonald's: big mac and fries", {{"big mac", 220}, {"fries", 117}}, ""},
    {"no time today so I grabbed a banana", {{"banana", 118}}, ""},
    {"I didn't eat the pizza but I had a salad", {{"salad", 180}}, ""},
    {"a burger, no cheese", {{"burger", 180}}, ""},
    {"coffee without sugar", {{"coffee", 240}}, ""},
    {"a salad instead of fries", {{"salad", 180}}, ""},
    {"Can you log 2 eggs?", {{"egg", 100}}, ""},
    {"I want to log 2 eggs", {{"egg", 100}}, ""},
    {"eggs, toast, coffee", {{"egg", 100}, {"toast", 28}, {"coffee", 240}}, ""},
    {"eggs toast coffee", {{"egg", 100}, {"toast", 28}, {"coffee", 240}}, ""},
    {"I ate:\n- 2 eggs\n- toast", {{"egg", 100}, {"toast", 28}}, ""},
    {"2 Eggs, 1 Toast!!!", {{"egg", 100}, {"toast", 28}}, ""},
    {"good evening, I had soup", {{"soup", 300}}, "dinner"},
    {"a banana smoothie and a granola bar on the train",
     {{"banana smoothie", 300}, {"granola bar", 35}},
     ""},
    {"had pizza \xF0\x9F\x8D\x95 for dinner", {{"pizza", 321}}, "dinner"},
    {"I feel great today, I had 2 eggs and I slept 8 hours", {{"egg", 100}}, ""},
};

const std::vector<Phrase> kQuantities{
    {"1.5 cups of milk", {{"milk", 370.5}}, ""},
    {"1,5 cups of milk", {{"milk", 370.5}}, ""},
    {"250ml whole milk", {{"whole milk", 257.5}}, ""},
    {"1 L of milk", {{"milk", 1030}}, ""},
    {"33 cl beer", {{"beer", 333}}, ""},
    {"12 fl oz of cola", {{"cola", 369}}, ""},
    {"1/2 pizza", {{"pizza", 200}}, ""},
    {"\xC2\xBD pizza", {{"pizza", 200}}, ""},
    {"half of a pizza", {{"pizza", 200}}, ""},
    {"1 1/2 cups rice", {{"rice", 237}}, ""},
    {"1\xC2\xBD cups of rice", {{"rice", 237}}, ""},
    {"\xE2\x85\x93 cup of rice", {{"rice", 52.7}}, ""},
    {"three quarters of a cup of rice", {{"rice", 118.5}}, ""},
    {"one and a half cups of milk", {{"milk", 370.5}}, ""},
    {"a cup and a half of milk", {{"milk", 370.5}}, ""},
    {"a dozen oysters", {{"oyster", 300}}, ""},
    {"half a dozen eggs", {{"egg", 300}}, ""},
    {"two dozen oysters", {{"oyster", 600}}, ""},
    {"a couple of mandarins", {{"mandarin", 150}}, ""},
    {"a few dates", {{"date", 60}}, ""},
    {"twenty five almonds", {{"almond", 30}}, ""},
    {"one hundred grams of rice", {{"rice", 100}}, ""},
    {"1,000 g of rice", {{"rice", 1000}}, ""},
    {"2-3 eggs", {{"egg", 125}}, ""},
    {"2 \xC3\x97 330 ml cola", {{"cola", 686.4}}, ""},
    {"two 8 oz glasses of milk", {{"milk", 453.6}}, ""},
    {"a 200 g steak", {{"steak", 200}}, ""},
    {"8-oz steak", {{"steak", 226.8}}, ""},
    {"0.5 kg of chicken", {{"chicken", 500}}, ""},
    {"1 lb. of chicken", {{"chicken", 453.6}}, ""},
    {"2 tbsp peanut butter", {{"peanut butter", 32}}, ""},
    {"1 tsp of sugar", {{"sugar", 4}}, ""},
    {"a handful of almonds", {{"almond", 30}}, ""},
    {"1 cup (240 ml) of milk", {{"milk", 247.2}}, ""},
    {"2 chicken breasts (300 g)", {{"chicken breast", 300}}, ""},
    {"2 burgers (200 g each)", {{"burger", 400}}, ""},
    {"rice 150g", {{"rice", 150}}, ""},
    {"rice (200 g), chicken: 100g", {{"rice", 200}, {"chicken", 100}}, ""},
    {"rice 150 g. Chicken 100 g.", {{"rice", 150}, {"chicken", 100}}, ""},
    {"dark chocolate, 4 squares", {{"dark chocolate", 32}}, ""},
    {"2x toast, egg x3", {{"toast", 56}, {"egg", 150}}, ""},
    {"2 large eggs and a small apple", {{"egg", 112}, {"apple", 150}}, ""},
    {"a large muffin", {{"muffin", 137.5}}, ""},
    {"2eggs", {{"egg", 100}}, ""},
    {"pasta for two", {{"pasta", 200}}, ""},
    {"my third coffee", {{"coffee", 240}}, ""},
};

const std::vector<Phrase> kNames{
    {"mac and cheese with ketchup", {{"mac and cheese", 250}, {"ketchup", 17}}, ""},
    {"fish & chips", {{"fish and chips", 400}}, ""},
    {"peanut butter and jelly sandwich", {{"peanut butter and jelly sandwich", 100}}, ""},
    {"rice pudding", {{"rice pudding", 150}}, ""},
    {"2 pizza slices", {{"pizza", 214}}, ""},
    {"a chocolate bar", {{"chocolate", 45}}, ""},
    {"2 cloves of garlic", {{"clove of garlic", 6}}, ""},
    {"two tomatoes", {{"tomato", 240}}, ""},
    {"3 brownies and 2 cookies", {{"brownie", 180}, {"cookie", 60}}, ""},
    {"a loaf of bread", {{"bread", 600}}, ""},
    {"A\xC3\xA7"
     "a\xC3\xAD bowl and cr\xC3\xA8me br\xC3\xBBl\xC3\xA9"
     "e",
     {{"acai bowl", 350}, {"creme brulee", 120}},
     ""},
    {"2% milk 200 ml", {{"2% milk", 206}}, ""},
    {"7up", {{"7up", 330}}, ""},
    {"a quarter pounder", {{"quarter pounder", 200}}, ""},
    {"3-cheese pizza", {{"cheese pizza", 321}}, ""},
    {"two-egg omelette", {{"omelette", 120}}, ""},
    {"a strawberry cheesecake", {{"cheesecake", 125}}, ""},
    {"stir-fry", {{"stir fry", 300}}, ""},
    {"shepherd\xE2\x80\x99s pie", {{"shepherds pie", 300}}, ""},
};

INSTANTIATE_TEST_SUITE_P(Sentences, Phrases, ::testing::ValuesIn(kSentences));
INSTANTIATE_TEST_SUITE_P(Quantities, Phrases, ::testing::ValuesIn(kQuantities));
INSTANTIATE_TEST_SUITE_P(Names, Phrases, ::testing::ValuesIn(kNames));

TEST(FoodParser, CountsEnergyAndMacrosForTheWholeQuantity) {
  const ParsedMessage parsed = parse("150 g of rice");
  ASSERT_EQ(parsed.foods.size(), 1U);
  const Food& rice = parsed.foods[0].food;
  EXPECT_DOUBLE_EQ(rice.calories, 195);
  EXPECT_NEAR(rice.protein.value(), 4.05, 0.051);
  EXPECT_NEAR(rice.carbs.value(), 42.3, 0.051);
  EXPECT_NEAR(rice.fat.value(), 0.45, 0.051);
}

TEST(FoodParser, KeepsTheQuantityAndUnitThatWereSaid) {
  const ParsedMessage parsed = parse("1.5 cups of milk, 2 eggs and 8 oz of steak");
  ASSERT_EQ(parsed.foods.size(), 3U);
  EXPECT_EQ(parsed.foods[0].food.quantity, 1.5);
  EXPECT_EQ(parsed.foods[0].food.unit, "cup");
  EXPECT_EQ(parsed.foods[1].food.quantity, 2);
  EXPECT_EQ(parsed.foods[1].food.unit, "piece");
  EXPECT_EQ(parsed.foods[2].food.quantity, 8);
  EXPECT_EQ(parsed.foods[2].food.unit, "oz");
}

TEST(FoodParser, NamesUnknownFoodsInsteadOfGuessing) {
  const ParsedMessage mixed = parse("3 blorks and an egg");
  ASSERT_EQ(mixed.foods.size(), 1U);
  EXPECT_EQ(mixed.foods[0].food.name, "egg");
  EXPECT_THAT(mixed.unknown, ElementsAre("blorks"));

  EXPECT_THAT(parse("150 g flarn").unknown, ElementsAre("flarn"));
  EXPECT_THAT(parse("I had flarn and toast").unknown, ElementsAre("flarn"));
  EXPECT_THAT(parse("a bowl of zorb for lunch").unknown, ElementsAre("zorb"));
  EXPECT_THAT(parse("flarn").unknown, ElementsAre("flarn"));
  EXPECT_THAT(parse("2 \xD1\x8F\xD0\xB9\xD1\x86\xD0\xB0").unknown,
              ElementsAre("\xD1\x8F\xD0\xB9\xD1\x86\xD0\xB0"));
  EXPECT_THAT(parse("I had 2 slices").unknown, ElementsAre("2 slices of something"));
}

TEST(FoodParser, SaysWhichWordsItTookForAKnownFood) {
  const ParsedMessage parsed = parse("3 wagyu burgers");
  EXPECT_THAT(parsed.foods, IsEmpty());  // perhaps another food: it is asked about
  ASSERT_EQ(parsed.mentioned.size(), 1U);
  EXPECT_EQ(parsed.mentioned[0].food.name, "burger");
  EXPECT_EQ(parsed.mentioned[0].as_written, "wagyu burger");
}

TEST(FoodParser, TalkIsNeitherAFoodNorAnUnknownOne) {
  for (const std::string_view talk :
       {"Hi there!", "I had a great day at work", "I weigh 80 kg", "i am so hungry",
        "I want to lose weight", "what is the best diet", "delete that", "good morning",
        "I skipped breakfast", "\xF0\x9F\x8D\x95", "", "   ", "..."}) {
    const ParsedMessage parsed = parse(talk);
    EXPECT_THAT(parsed.foods, IsEmpty()) << talk;
    EXPECT_THAT(parsed.unknown, IsEmpty()) << talk;
    EXPECT_THAT(parsed.refused, IsEmpty()) << talk;
    EXPECT_THAT(parsed.unclear, IsEmpty()) << talk;
  }
}

TEST(FoodParser, RefusesQuantitiesThatNobodyEats) {
  for (const std::string_view absurd :
       {"1e9 eggs", "0 eggs", "zero eggs", "-3 eggs", "minus 3 eggs", "NaN eggs", "infinite eggs",
        "1/0 eggs", "a million eggs", "20 kg of eggs", "1e999 eggs", "0.0000001 g of egg",
        "99999999999999999999999999999999 eggs"}) {
    const ParsedMessage parsed = parse(absurd);
    EXPECT_THAT(parsed.foods, IsEmpty()) << absurd;
    EXPECT_EQ(parsed.refused.size(), 1U) << absurd;
  }
}

TEST(FoodParser, RefusalOfOneFoodKeepsTheOthers) {
  const ParsedMessage parsed = parse("1000000 eggs and toast");
  ASSERT_EQ(parsed.foods.size(), 1U);
  EXPECT_EQ(parsed.foods[0].food.name, "toast");
  EXPECT_THAT(parsed.refused, ElementsAre("1000000 eggs"));
}

TEST(FoodParser, QuestionsAndWishesAreNotEaten) {
  for (const std::string_view question :
       {"How many calories are in a banana?", "how much protein in 2 eggs",
        "should I eat a banana?", "is a banana healthy", "I want a pizza", "I'm craving ice cream",
        "tomorrow I will eat pasta", "Hi! What about a banana?"}) {
    const ParsedMessage parsed = parse(question);
    EXPECT_EQ(parsed.mentioned.size(), 1U) << question;
    EXPECT_FALSE(parsed.ate) << question;
  }
}

TEST(FoodParser, AQuestionAfterTheMealDoesNotUndoTheMeal) {
  EXPECT_TRUE(parse("I had a pizza, how many calories is that?").ate);
}

TEST(FoodParser, TellsThatSeveralMealsWereNamedAndKeepsTheFirst) {
  const ParsedMessage parsed = parse("2 eggs for breakfast and a salad for lunch");
  EXPECT_EQ(parsed.meal, "breakfast");
  EXPECT_TRUE(parsed.several_meals);
  EXPECT_FALSE(parse("2 eggs for breakfast, a great breakfast").several_meals);
}

TEST(FoodParser, HearsYesterday) {
  EXPECT_EQ(parse("yesterday I had a pizza").foods.at(0).moment.days_ago, 1);
  EXPECT_EQ(parse("a pizza last night").foods.at(0).moment.days_ago, 1);
  EXPECT_EQ(parse("a pizza tonight").foods.at(0).moment.days_ago, 0);
}

TEST(FoodParser, AMealNamedWinsOverATimeOfDay) {
  EXPECT_EQ(parse("this morning I had yesterday's dinner, a pizza").meal, "dinner");
}

TEST(FoodParser, StopsAtTheMostFoodsAndSaysSo) {
  std::string message;
  for (std::size_t i = 0; i <= kMaxFoods; ++i)
    message += "an egg, ";
  const ParsedMessage parsed = parse(message);
  EXPECT_EQ(parsed.foods.size(), kMaxFoods);
  EXPECT_TRUE(parsed.too_many);
  EXPECT_FALSE(parse("an egg").too_many);
}

TEST(FoodParser, UsualMealFollowsTheHour) {
  constexpr int kHour = 3600;
  EXPECT_EQ(usual_meal(0), "snack");
  EXPECT_EQ(usual_meal(4 * kHour - 1), "snack");
  EXPECT_EQ(usual_meal(4 * kHour), "breakfast");
  EXPECT_EQ(usual_meal(11 * kHour), "lunch");
  EXPECT_EQ(usual_meal(15 * kHour), "snack");
  EXPECT_EQ(usual_meal(17 * kHour), "dinner");
  EXPECT_EQ(usual_meal(22 * kHour), "snack");
}

}  // namespace
}  // namespace health_agent::agent
