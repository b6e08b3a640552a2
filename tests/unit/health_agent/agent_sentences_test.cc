#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "health_agent/agent/food/text.h"
#include "health_agent/agent/local/local_agent.h"
#include "health_agent/time.h"

namespace health_agent::agent {
namespace {

struct SentenceLine {
  std::string sentence;
  std::string meaning;
};

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::vector<std::string> parts_of(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  while (true) {
    const std::size_t end = text.find(separator, from);
    parts.push_back(trimmed(text.substr(from, end - from)));
    if (end == std::string::npos) return parts;
    from = end + separator.size();
  }
}

std::vector<SentenceLine> sentences() {
  std::vector<SentenceLine> lines;
  std::ifstream file{VITALS_SENTENCES};
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::vector<std::string> sides = parts_of(line, " => ");
    lines.push_back({sides.at(0), sides.at(1)});
  }
  return lines;
}

TimeZone berlin() {
  return TimeZone::find("Europe/Berlin").value();
}

int second_of(const std::string& clock) {
  return std::stoi(clock.substr(0, 2)) * 3600 + std::stoi(clock.substr(3, 2)) * 60;
}

bool is_clock(const std::string& word) {
  return word.size() == 5 && word[2] == ':' &&
         std::all_of(word.begin(), word.begin() + 2, [](char c) { return c >= '0' && c <= '9'; });
}

/// Asks the local agent; a time that leads the sentence is the time of asking.
class Asked {
 public:
  explicit Asked(std::string sentence) {
    std::string clock = "20:00";
    if (is_clock(sentence.substr(0, 5)) && sentence.substr(0, 5) != "12:30") {
      clock = sentence.substr(0, 5);
      sentence.erase(0, 6);
    }
    request_.user_id = "anna";
    request_.message = sentence;
    request_.zone = berlin();
    request_.now = request_.zone.at(parse_date("2026-11-25").value(), second_of(clock));
    LocalAgent agent;
    reply = agent.reply(request_, {});
  }

  /// Nothing when the reply means that; else what is wrong.
  std::string check(std::string meaning) const {
    const bool asks = meaning == "asks" || meaning.ends_with('?');
    if (asks && !has_question()) return "does not ask";
    if (!asks && meaning != "nothing" && has_question()) return "asks";
    if (!reply.changes.empty()) return "changes something";
    if (meaning == "asks" || meaning == "nothing")
      return reply.food_entries.empty() ? "" : "logs something";
    if (meaning.ends_with('?')) meaning.pop_back();
    const std::vector<std::string> entries = parts_of(meaning, " ; ");
    if (entries.size() != reply.food_entries.size())
      return std::to_string(reply.food_entries.size()) + " entries";
    for (std::size_t i = 0; i < entries.size(); ++i)
      if (std::string fault = check_entry(entries[i], reply.food_entries[i]); !fault.empty())
        return fault;
    return {};
  }

  AgentReply reply;

 private:
  /// Whether the agent asks, in its own words: what it quotes of the user's is no question.
  [[nodiscard]] bool has_question() const {
    bool quoted = false;
    for (const char c : reply.text) {
      quoted = quoted != (c == '"');
      if (c == '?' && !quoted) return true;
    }
    return false;
  }

  [[nodiscard]] std::string check_entry(const std::string& meaning, const FoodEntry& entry) const {
    const std::size_t colon = meaning.rfind(": ");
    const std::string where = colon == std::string::npos ? "" : meaning.substr(0, colon);
    const std::int64_t ago =
        request_.zone.day_of(request_.now) - request_.zone.day_of(entry.timestamp);
    if (where.find('-') == std::string::npos && ago != 0)
      return std::to_string(ago) + " days ago, and no day is said";
    for (const std::string& word : parts_of(where, " "))
      if (std::string fault = check_place(word, entry); !fault.empty()) return fault;
    const std::vector<std::string> foods =
        parts_of(colon == std::string::npos ? meaning : meaning.substr(colon + 2), ", ");
    if (foods.size() != entry.foods.size()) return std::to_string(entry.foods.size()) + " foods";
    for (std::size_t i = 0; i < foods.size(); ++i)
      if (std::string fault = check_food(foods[i], entry.foods[i]); !fault.empty()) return fault;
    return {};
  }

  [[nodiscard]] std::string check_place(const std::string& word, const FoodEntry& entry) const {
    if (word.empty()) return {};
    const TimeZone& zone = request_.zone;
    if (is_clock(word))
      return zone.second_of_day(entry.timestamp) == second_of(word) ? "" : "not at " + word;
    if (word.front() == '-') {
      const std::int64_t ago = zone.day_of(request_.now) - zone.day_of(entry.timestamp);
      return ago == std::stoi(word.substr(1)) ? "" : std::to_string(ago) + " days ago";
    }
    return entry.meal_type == word ? "" : "is " + entry.meal_type;
  }

  static std::string check_food(const std::string& meaning, const Food& food) {
    const std::size_t space = meaning.rfind(' ');
    const bool has_amount =
        space != std::string::npos && meaning[space + 1] >= '0' && meaning[space + 1] <= '9';
    const std::string name = has_amount ? meaning.substr(0, space) : meaning;
    const std::vector<Token> tokens = tokenize(name);
    const FoodMatch match = NutritionTable::builtin().longest_match(tokens, 0);
    if (match.food == nullptr) return "no such food in the table: " + name;
    const std::vector<Token> given = tokenize(food.name);
    if (NutritionTable::builtin().longest_match(given, 0).food != match.food)
      return "is " + food.name;
    if (!has_amount) return {};
    const double amount = std::stod(meaning.substr(space + 1));
    const double kcal = meaning.ends_with("kcal") ? amount : amount * match.food->kcal / 100;
    const bool right = std::abs(food.calories - kcal) <= 0.02 * kcal + 0.1;
    return right ? "" : "has " + std::to_string(food.calories) + " kcal of " + food.name;
  }

  AgentRequest request_;
};

TEST(Sentences, AreAtLeastTwelveHundredAndEachMeansWhatThePersonSaid) {
  const std::vector<SentenceLine> lines = sentences();
  EXPECT_GE(lines.size(), 1200U);
  for (const SentenceLine& line : lines) {
    const Asked asked{line.sentence};
    EXPECT_EQ(asked.check(line.meaning), "") << line.sentence << " => " << line.meaning << "\n"
                                             << asked.reply.text;
  }
}

}  // namespace
}  // namespace health_agent::agent
