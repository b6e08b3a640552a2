#include "health_agent/api/json_input.h"

#include <gmock/gmock.h>

#include "health_agent/errors.h"

namespace health_agent::api {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

/// The message of the ValidationError that `read` throws; empty when it throws none.
template <class F>
std::string refusal(F&& read) {
  try {
    read();
  } catch (const ValidationError& error) {
    return error.what();
  }
  return {};
}

TEST(ParseObject, RefusesWhatIsNoObject) {
  for (const char* body : {"", " ", "[]", "7", "\"x\"", "null", "{", "{\"a\":}", "{} {}", "{'a':1}",
                           "\xff{}", "{\"a\":\"\xc3\"}"}) {
    EXPECT_NE(refusal([&] { (void)parse_object(body, {"a"}); }), "") << body;
  }
}

TEST(ParseObject, NamesTheUnknownMemberAndTheKnownOnes) {
  const std::string text = refusal([] {
    (void)parse_object(R"({"user_id":"a","mesage":"x"})", {"user_id", "message"});
  });
  EXPECT_THAT(text, HasSubstr("mesage"));
  EXPECT_THAT(text, HasSubstr("user_id, message"));
}

TEST(ParseObject, SurvivesNestingAsDeepAsABodyCanBe) {
  const std::string deep =
      R"({"user_id":)" + std::string(400'000, '[') + std::string(400'000, ']') + "}";
  const json object = parse_object(deep, {"user_id"});
  EXPECT_THAT(refusal([&] { (void)required_string(object, "user_id", 64); }),
              HasSubstr("an array"));
}

TEST(UserId, TakesItsAlphabetAndNothingElse) {
  for (const char* good :
       {"a", "ana.b-c_d:e@f", "0123456789012345678901234567890123456789012345678901234567890123"}) {
    EXPECT_EQ(refusal([&] { require_user_id("user_id", good); }), "") << good;
  }
  for (const std::string& bad :
       {std::string{}, std::string(65, 'a'), std::string{"../x"}, std::string{"a b"},
        std::string("a\0b", 3), std::string{"\xC3\xA4"}, std::string{"a\n"}}) {
    EXPECT_THAT(refusal([&] { require_user_id("user_id", bad); }), HasSubstr("user_id")) << bad;
  }
}

TEST(RequiredString, NamesTheFieldAndWhatWasGiven) {
  EXPECT_THAT(refusal([] { (void)required_string(json::object(), "message", 10); }),
              HasSubstr("'message' is missing"));
  EXPECT_THAT(refusal([] {
                (void)required_string({{"message", 7}}, "message", 10);
              }),
              HasSubstr("not 7"));
  EXPECT_NE(refusal([] { (void)required_string({{"message", ""}}, "message", 10); }), "");
  EXPECT_NE(refusal([] {
              (void)required_string({{"message", std::string(11, 'x')}}, "message", 10);
            }),
            "");
  EXPECT_NE(refusal([] {
              (void)required_string({{"message", std::string("a\0b", 3)}}, "message", 10);
            }),
            "");
}

TEST(FoodEntryInput, ReadsAWholeEntry) {
  const FoodEntry entry = read_food_entry(
      json::parse(R"({"foods":[{"name":"rice","quantity":150,"unit":"g","calories":195,
    "protein":4.1}],"meal_type":"lunch","timestamp":"2026-11-24T12:00:00+01:00","notes":"warm"})"),
      5);
  ASSERT_EQ(entry.foods.size(), 1U);
  EXPECT_EQ(entry.foods[0].name, "rice");
  EXPECT_EQ(entry.foods[0].protein, 4.1);
  EXPECT_EQ(entry.foods[0].fat, std::nullopt);
  EXPECT_EQ(entry.timestamp, 1795518000);
  EXPECT_EQ(entry.notes, "warm");
}

TEST(FoodEntryInput, NamesThePlaceOfAFault) {
  const auto with = [](const char* food, const char* meal = "lunch") {
    return refusal([&] {
      (void)read_food_entry({{"foods", json::array({json::parse(food)})}, {"meal_type", meal}}, 0);
    });
  };
  EXPECT_EQ(with(R"({"name":"a","quantity":1,"calories":1})"), "");
  EXPECT_THAT(with(R"({"quantity":1,"calories":1})"), HasSubstr("foods[0].name"));
  EXPECT_THAT(with(R"({"name":"a","quantity":-1,"calories":1})"), HasSubstr("foods[0].quantity"));
  EXPECT_THAT(with(R"({"name":"a","quantity":"1","calories":1})"), HasSubstr("foods[0].quantity"));
  EXPECT_THAT(with(R"({"name":"a","quantity":1,"calories":1e9})"), HasSubstr("foods[0].calories"));
  EXPECT_THAT(with(R"({"name":"a","quantity":1,"calories":1,"sugar":2})"), HasSubstr("sugar"));
  EXPECT_THAT(with(R"({"name":"a","quantity":1,"calories":1})", "brunch"), HasSubstr("meal_type"));
  EXPECT_THAT(with("[]"), HasSubstr("foods[0]"));
  EXPECT_THAT(refusal([] {
                (void)read_food_entry({{"foods", json::array()}, {"meal_type", "lunch"}}, 0);
              }),
              HasSubstr("foods"));
}

TEST(History, WantsRolesAndContents) {
  EXPECT_EQ(
      read_history(
          json::parse(R"([{"role":"user","content":"hi"},{"role":"assistant","content":"yes"}])"))
          .size(),
      2U);
  EXPECT_THAT(
      refusal([] { (void)read_history(json::parse(R"([{"role":"system","content":"x"}])")); }),
      HasSubstr("message_history[0].role"));
  EXPECT_NE(refusal([] { (void)read_history(json::parse(R"({"role":"user"})")); }), "");
}

TEST(Fields, TakeScalarsAndListsAndRefuseTrees) {
  const Fields fields = optional_fields(
      json::parse(
          R"({"profile":{"goal":"stay","kg":72.5,"vegan":true,"x":null,"allergies":["nuts","soy"]}})"),
      "profile");
  EXPECT_EQ(fields.at("goal"), "\"stay\"");
  EXPECT_EQ(fields.at("kg"), "72.5");
  EXPECT_EQ(fields.at("allergies"), R"(["nuts","soy"])");
  EXPECT_THAT(
      refusal([] { (void)optional_fields(json::parse(R"({"profile":{"a":[[1]]}})"), "profile"); }),
      HasSubstr("profile.a"));
  EXPECT_NE(
      refusal([] { (void)optional_fields(json::parse(R"({"profile":{"a b":1}})"), "profile"); }),
      "");
}

TEST(RequiredText, IsNotBlank) {
  for (const char* blank :
       {" ", "\n\t", "\xC2\xA0", "\xE2\x80\x8B", "\xE3\x80\x80", "\xE2\xA0\x80"}) {
    EXPECT_THAT(refusal([&] {
                  (void)required_text(json{{"message", blank}}, "message", 100);
                }),
                HasSubstr("'message'"));
  }
  EXPECT_EQ(required_text(json{{"message", " 2 eggs\n"}}, "message", 100), " 2 eggs\n");
}

}  // namespace
}  // namespace health_agent::api
