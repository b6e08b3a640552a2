#include "health_agent/agent/local/small_talk.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "health_agent/agent/food/text.h"
#include "health_agent/goals.h"

namespace health_agent::agent {
namespace {

constexpr std::string_view kHelp =
    "Tell me what you ate, for example \"2 eggs and 150 g of rice for lunch\" or \"a bowl of "
    "oatmeal with a banana\". I work out the calories, protein, carbs and fat and log the meal.";

class Said {
 public:
  explicit Said(std::string_view message) : tokens_(tokenize(message)) {}

  [[nodiscard]] bool any(std::initializer_list<std::string_view> words) const {
    return std::ranges::any_of(tokens_, [&](const Token& token) {
      return std::ranges::find(words, token.text) != words.end();
    });
  }

 private:
  std::vector<Token> tokens_;
};

/// The user's name as the profile has it, with a space before it; nothing unless it is a plain
/// text.
std::string name_of(const AgentRequest& request) {
  const auto found = request.profile.find("name");
  if (found == request.profile.end()) return {};
  const std::string& name = found->second;
  const bool text = name.size() > 2 && name.size() <= 42 && name.front() == '"' &&
                    name.back() == '"' && name.find('\\') == std::string::npos;
  return text ? " " + name.substr(1, name.size() - 2) : std::string{};
}

}  // namespace

std::string small_talk(const AgentRequest& request) {
  const Said said{request.message};
  const bool asks = said.any({"how", "what", "whats", "show", "give", "tell", "my"});
  const bool day = said.any({"today", "total", "totals", "summary", "far", "status", "progress",
                             "calories", "kcal", "macros", "doing", "eaten"});
  if ((asks && day) || said.any({"summary", "totals"})) {
    const bool other_day =
        said.any({"yesterday", "week", "weekly", "month", "ago", "last", "monday", "tuesday",
                  "wednesday", "thursday", "friday", "saturday", "sunday"});
    return (other_day ? "I can only look at today. " : "") + today_in_words(request);
  }
  if (said.any({"thanks", "thank", "thx", "cheers"}))
    return "You are welcome" + name_of(request) + "! Tell me when you eat again.";
  if (said.any({"bye", "goodbye"})) return "Goodbye" + name_of(request) + "!";
  if (said.any({"hi", "hello", "hey", "hiya", "howdy", "greetings", "morning", "evening"}))
    return "Hello" + name_of(request) + "! " + std::string{kHelp};
  if (said.any({"help", "can", "how", "what"})) return std::string{kHelp};
  return "I found no food in that. " + std::string{kHelp};
}

std::string today_in_words(const AgentRequest& request) {
  if (!request.today) return "I cannot see what you logged today. " + std::string{kHelp};
  const Totals& today = *request.today;
  const std::string left = left_in_words(goals_of(request.preferences), today);
  if (today.calories <= 0)
    return "You have logged nothing today. " + (left.empty() ? std::string{kHelp} : left);
  return "Today you have logged " + format_number(today.calories) + " kcal: protein " +
         format_number(today.protein) + " g, carbs " + format_number(today.carbs) + " g, fat " +
         format_number(today.fat) + " g." + (left.empty() ? "" : "\n" + left);
}

}  // namespace health_agent::agent
