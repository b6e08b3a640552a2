#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <random>
#include <string>
#include <string_view>

#include "health_agent/agent/examples.h"
#include "health_agent/agent/food/food_parser.h"
#include "health_agent/agent/food/text.h"
#include "health_agent/agent/local/local_agent.h"

namespace health_agent::agent {
namespace {

std::string repeated(std::string_view part, std::size_t times) {
  std::string text;
  text.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i)
    text += part;
  return text;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if ((first >= 0x80 && first < 0xC2) || first > 0xF4 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0U) != 0x80U) return false;
    i += length;
  }
  return true;
}

AgentReply answer(std::string message) {
  LocalAgent agent;
  AgentRequest request;
  request.user_id = "u";
  request.message = std::move(message);
  return agent.reply(request, {});
}

/// What must hold for any message at all.
void expect_sane(const std::string& message) {
  const AgentReply reply = answer(message);
  EXPECT_FALSE(reply.text.empty());
  EXPECT_TRUE(is_utf8(reply.text));
  EXPECT_LT(reply.text.size(), 20'000U);
  for (const char c : reply.text)
    EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << static_cast<int>(c);
  if (reply.food_entries.empty()) return;
  EXPECT_FALSE(reply.food_entries[0].foods.empty());
  EXPECT_LE(reply.food_entries[0].foods.size(), kMaxFoods);
  for (const Food& food : reply.food_entries[0].foods) {
    EXPECT_GT(food.quantity, 0) << food.name;
    EXPECT_GE(food.calories, 0) << food.name;
    EXPECT_LE(food.calories, 50'000) << food.name;
    EXPECT_FALSE(food.name.empty());
    EXPECT_FALSE(food.unit.empty());
  }
}

TEST(HostileInput, RandomBytesGetASaneAnswer) {
  std::mt19937 random{1};
  std::uniform_int_distribution<int> byte{0, 255};
  std::uniform_int_distribution<std::size_t> length{0, 300};
  for (int round = 0; round < 3'000; ++round) {
    std::string message(length(random), ' ');
    for (char& c : message)
      c = static_cast<char>(byte(random));
    expect_sane(message);
  }
}

TEST(HostileInput, RandomMixturesOfTheGrammarGetASaneAnswer) {
  constexpr std::string_view kPieces[] = {
      "2",      "1/2",          "0",      "-",      "1e9",    "egg",
      "eggs",   "rice",         "of",     "a",      "half",   "dozen",
      "and",    "with",         ",",      "(",      ")",      ":",
      "g",      "ml",           "cup",    "slices", "x",      "each",
      "no",     "for",          "lunch",  "\n",     "?",      "milk",
      "blorks", "large",        "fl",     "oz",     "to",     "or",
      ".",      "\xC2\xBD",     "\xFF",   "%",      "minus",  "quarter",
      "nan",    "is",           "couple", "peanut", "butter", "jelly",
      "the",    "\xE2\x80\x93", "last",   "night",  "at",     "8"};
  std::mt19937 random{2};
  std::uniform_int_distribution<std::size_t> piece{0, std::size(kPieces) - 1};
  std::uniform_int_distribution<int> length{1, 25};
  std::bernoulli_distribution space{0.8};
  for (int round = 0; round < 10'000; ++round) {
    std::string message;
    for (int i = length(random); i > 0; --i) {
      message += kPieces[piece(random)];
      if (space(random)) message += ' ';
    }
    SCOPED_TRACE(message);
    expect_sane(message);
  }
}

TEST(HostileInput, ExamplesCutAndMangledGetASaneAnswer) {
  std::mt19937 random{3};
  for (const std::string_view example : example_messages()) {
    for (std::size_t cut = 0; cut < example.size(); ++cut) {
      std::string message{example.substr(0, cut)};
      expect_sane(message);
      if (message.empty()) continue;
      message[random() % message.size()] = static_cast<char>(random() % 256);
      expect_sane(message);
    }
  }
}

TEST(HostileInput, RepeatedNonsenseGetsASaneAnswer) {
  for (const std::string_view part : {"(",
                                      ")",
                                      "((((",
                                      "\"",
                                      "{\"a\":[",
                                      "and ",
                                      "half ",
                                      "half a ",
                                      "a ",
                                      "2 ",
                                      "1/",
                                      "1/2 ",
                                      ",",
                                      ".",
                                      "-",
                                      "-1",
                                      "%",
                                      "\xC2\xBD",
                                      "x",
                                      "x1",
                                      "1x",
                                      "dozen ",
                                      "million ",
                                      "minus ",
                                      "no ",
                                      "egg",
                                      "egg ",
                                      "peanut butter and ",
                                      "2 cups ",
                                      "cup of ",
                                      "fl ",
                                      "2 to ",
                                      "\xFF",
                                      "\xE2\x80\x99",
                                      "a\xE2\x80\x99",
                                      "blork ",
                                      "3 blorks and ",
                                      "9",
                                      "9.9",
                                      "9e9",
                                      ":",
                                      "\n",
                                      "<b>",
                                      "'; DROP --"})
    expect_sane(repeated(part, 3'000));
}

/// The processor time that one answer takes; of a few the quickest, so that a busy machine does not
/// decide.
double seconds_for(const std::string& message) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const std::clock_t start = std::clock();
    static_cast<void>(answer(message));
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return best;
}

TEST(HostileInput, AnswersTakeTimeInProportionToTheMessage) {
  for (const std::string_view part :
       {"blork ", "egg, ", "and 2 ", "peanut butter and ", "half (", "1 "}) {
    const std::size_t times = kMaxTextBytes / part.size();
    const double of_an_eighth = seconds_for(repeated(part, times / 8));
    // Time that grew with the square of the length would be 64 times as long.
    EXPECT_LT(seconds_for(repeated(part, times)), 32 * of_an_eighth + 0.010) << part;
  }
}

TEST(HostileInput, TenThousandWordsTakeNoLongerThanWhatIsReadOfThem) {
  const std::string words = repeated("2 eggs and ", 30'000);
  EXPECT_LT(seconds_for(words), 4 * seconds_for(words.substr(0, kMaxTextBytes)) + 0.005);
}

TEST(HostileInput, WhatIsTooLongToReadIsSaid) {
  const AgentReply reply = answer("2 eggs " + repeated("the ", 100'000));
  ASSERT_EQ(reply.food_entries.size(), 1U);
  EXPECT_NE(reply.text.find("more than I can take at once"), std::string::npos);
}

}  // namespace
}  // namespace health_agent::agent
