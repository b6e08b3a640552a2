#include "health_agent/agent/local/goal_talk.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "health_agent/agent/description.h"
#include "health_agent/agent/food/numbers.h"
#include "health_agent/agent/food/text.h"
#include "health_agent/agent/food/words.h"
#include "health_agent/agent/local/orders.h"
#include "health_agent/agent/local/small_talk.h"
#include "health_agent/goals.h"

namespace health_agent::agent {
namespace {

/// A number without a unit from here on is kilocalories, not grams.
constexpr double kLeastCalories = 500;
constexpr double kKilojoules = 4.184;

/// Its place among goal_kinds(); kNowhere for another word.
std::size_t kind_of(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, std::size_t>, 15> kNames{{
      {"calories", 0},
      {"calorie", 0},
      {"kcal", 0},
      {"kcals", 0},
      {"cal", 0},
      {"cals", 0},
      {"kj", 0},
      {"energy", 0},
      {"protein", 1},
      {"proteins", 1},
      {"carbs", 2},
      {"carb", 2},
      {"carbohydrates", 2},
      {"fat", 3},
      {"fats", 3},
  }};
  const auto found =
      std::ranges::find(kNames, word, &std::pair<std::string_view, std::size_t>::first);
  return found == kNames.end() ? kNowhere : found->second;
}

class GoalTalk {
 public:
  GoalTalk(const AgentRequest& request, const NutritionTable& table)
      : request_(request),
        table_(table),
        tokens_(tokenize(request.message)),
        words_(tokens_),
        goals_(goals_of(request.preferences)),
        at_(first_word(words_)),
        goal_(words_.find({"goal", "goals", "target", "targets", "limit", "budget", "allowance"})) {
  }

  std::optional<AgentReply> run() const {
    if (is_about_others()) return std::nullopt;
    if (names_food()) {
      const bool orders = goal_ != kNowhere && (words_.find({"set"}) != kNowhere ||
                                                orders_removal() || orders_setting());
      // "a banana, 300 calories over my goal"
      if (!orders || states_a_goal()) return std::nullopt;
      return say("Please send me your goal in a message of its own. What is it?");
    }
    if (goal_ == kNowhere && !wants_an_amount()) return left();
    if (goal_ != kNowhere && orders_removal()) return remove();
    if ((orders_setting() || wants_an_amount()) && !asks() && !tells_of_past()) return set();
    if (goal_ != kNowhere && (asks() || tells_of_past() || orders_a_look()))
      return say(today_in_words(request_));
    return left();
  }

 private:
  /// "show my goals"
  [[nodiscard]] bool orders_a_look() const {
    return words_.is(at_, {"show", "tell", "give", "list", "check", "status", "progress"});
  }

  static AgentReply say(std::string text) {
    AgentReply reply;
    reply.text = std::move(text);
    return reply;
  }

  /// "my wife's goal", "if my goal were 2000", "eggs at Target"
  [[nodiscard]] bool is_about_others() const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (role_of(words_.at(i)) == WordRole::kPerson || words_.is(i, {"if", "suppose"}))
        return true;
      if (words_.is(i, {"target"}) && i > 0 && words_.is(i - 1, {"at", "to", "from"}) &&
          !words_.is(i + 1, {"of"}))
        return true;
    }
    return false;
  }

  [[nodiscard]] bool names_food() const {
    for (std::size_t i = 0; i < words_.size(); ++i)
      if (kind_of(words_.at(i)) == kNowhere && table_.longest_match(tokens_, i).tokens > 0)
        return true;
    return false;
  }

  [[nodiscard]] bool has_number() const { return words_.has_number(0, words_.size()); }

  [[nodiscard]] bool asks() const {
    const bool mark = std::ranges::any_of(tokens_, [](const Token& token) {
      return token.kind == TokenKind::kBreak && token.text == "?";
    });
    // "can you set my goal to 2000?" is an order.
    const bool orders = at_ > 0 && words_.is(0, {"can", "could", "would"}) && words_.is(1, {"you"});
    return (mark && !orders) ||
           words_.is(0, {"is", "are", "am", "should", "what", "whats", "how", "hows", "did", "do",
                         "does", "why", "when", "was", "were", "will", "has", "have", "which"});
  }

  [[nodiscard]] bool tells_of_past() const {
    return words_.find({"reached", "reach", "hit", "met", "missed", "exceeded", "passed", "was",
                        "were", "been", "had", "ate", "went", "over", "away", "short"}) != kNowhere;
  }

  /// "remove my goal", "no more goals", "I don't want a protein goal any more"
  [[nodiscard]] bool orders_removal() const {
    if (words_.is(at_, {"remove", "delete", "clear", "drop", "forget", "cancel", "unset", "erase",
                        "stop", "disable", "reset"}))
      return true;
    if (words_.is(at_, {"get"}) && words_.is(at_ + 1, {"rid"})) return true;
    if (words_.is(at_, {"turn"}) && words_.find({"off"}) != kNowhere) return true;
    const bool none = words_.is(0, {"no"}) && !has_number();
    const std::size_t denial = words_.find({"dont", "not"});
    return none || (denial < 3 && words_.find({"want", "need", "have"}, denial) != kNowhere &&
                    !has_number() && !asks());
  }

  [[nodiscard]] bool orders_setting() const {
    if (words_.is(at_, {"set",    "change", "make",     "update",   "raise",  "lower",
                        "adjust", "put",    "use",      "increase", "reduce", "limit",
                        "bump",   "edit",   "decrease", "correct",  "log",    "add",
                        "save",   "cut",    "switch",   "remember", "track"}))
      return true;
    return states_a_goal();
  }

  [[nodiscard]] bool states_a_goal() const {
    // "my goal is 2000 kcal", "protein goal: 120 g"
    const bool begins =
        words_.is(at_, {"my", "the", "new", "daily", "a", "macro", "macros", "aim"}) ||
        at_ == goal_ || kind_of(words_.at(at_)) != kNowhere;
    return begins && has_number() && goal_ != kNowhere;
  }

  /// "I want to eat 2000 calories a day"
  [[nodiscard]] bool wants_an_amount() const {
    const bool wants = words_.find({"want", "aim", "aiming", "limit", "stick"}) != kNowhere;
    const bool daily = words_.find({"daily"}) != kNowhere ||
                       (words_.find({"day"}) != kNowhere &&
                        words_.find({"a", "per", "each", "every"}) != kNowhere);
    const bool kind = std::ranges::any_of(
        tokens_, [](const Token& token) { return kind_of(token.text) != kNowhere; });
    return wants && daily && kind && has_number();
  }

  /// "calories left", "what's left today?", "can I still eat something?"
  [[nodiscard]] std::optional<AgentReply> left() const {
    if (has_number()) return std::nullopt;
    const bool kind = std::ranges::any_of(
        tokens_, [](const Token& token) { return kind_of(token.text) != kNowhere; });
    const bool day = words_.find({"today", "tonight", "day", "macros", "much"}) != kNowhere;
    const bool brief = words_.size() <= 4 && (kind || asks());
    const bool rest = words_.find({"left", "remaining", "remain", "leftover"}) != kNowhere;
    const bool more =
        words_.find({"still", "more"}) != kNowhere && words_.find({"eat", "have"}) != kNowhere;
    if ((rest && (brief || ((asks() || orders_a_look()) && (kind || day)))) ||
        (more && asks() && (kind || day)))
      return say(today_in_words(request_));
    return std::nullopt;
  }

  struct Amounts {
    std::array<std::optional<double>, 4> of{};
    bool foreign = false;  ///< Kilograms, steps, per cent.
    bool unclear = false;
    bool any = false;
  };

  [[nodiscard]] Amounts amounts() const {
    Amounts said;
    std::size_t before = kNowhere;
    for (std::size_t i = 0; i < words_.size();) {
      if (words_.is(i, {"between", "half", "double", "twice"})) said.unclear = true;
      if (words_.at(i).ends_with('%')) said.foreign = true;
      if (const std::size_t kind = kind_of(words_.at(i)); kind != kNowhere) before = kind;
      const SpokenNumber number = number_at(tokens_, i);
      if (number.tokens == 0 || number.article) {
        ++i;
        continue;
      }
      for (std::size_t of = i; of < i + number.tokens; ++of)
        said.unclear = said.unclear || tokens_[of].range;  // "1800-2200"
      i = read_amount(number, i + number.tokens, before, said);
      before = kNowhere;
    }
    return said;
  }

  /// Reads what stands behind the number; gives the token that follows.
  std::size_t read_amount(const SpokenNumber& number, std::size_t at, std::size_t before,
                          Amounts& said) const {
    said.any = true;
    double value = number.value;
    if (words_.is(at, {"k", "thousand"})) {
      value *= 1000;
      ++at;
    }
    if (words_.is(at, {"kg",      "lb",      "lbs",   "pounds", "pound", "steps", "l",     "liters",
                       "litres",  "ml",      "hours", "hour",   "kilos", "kilo",  "oz",    "cups",
                       "percent", "glasses", "days",  "weeks",  "times", "meals", "months"}))
      said.foreign = true;
    bool grams = false;
    while (words_.is(at, {"g", "gr", "gram", "grams", "gms", "of"})) {
      grams = grams || words_.at(at) != "of";
      ++at;
    }
    std::size_t kind = kind_of(words_.at(at));
    if (words_.is(at, {"kj"})) value /= kKilojoules;
    if (kind != kNowhere) {
      ++at;
    } else {
      kind = before;
    }
    if (kind == kNowhere && !grams && value >= kLeastCalories) kind = 0;
    if (kind == kNowhere || (grams && kind == 0) || said.of[kind]) {
      said.unclear = true;
    } else {
      said.of[kind] = value;
    }
    return at;
  }

  [[nodiscard]] AgentReply set() const {
    if (words_.find({"week", "weekly", "month", "tomorrow", "weekend", "weekends", "workout"}) !=
        kNowhere)
      return say("I keep one goal for every day. What should it be?");
    Amounts said = amounts();
    // "my goal is to burn 500 calories", "a deficit of 300 calories"
    if (words_.find({"burn", "lose", "gain", "deficit", "surplus", "walk", "run", "weigh",
                     "sleep"}) != kNowhere)
      said.foreign = true;
    if (said.foreign)
      return say(
          "I keep goals of calories, protein, carbs and fat for a day. What should they be?");
    if (said.unclear || !said.any)
      return say(
          "What should your goal be? For example \"set my goal to 2000 calories\" or \"my "
          "protein goal is 120 g\".");
    if (words_.find({"by"}) != kNowhere && !change_by(said))
      return say("From which goal should I reckon? I know of none yet.");
    return with(said);
  }

  /// "lower my goal by 200"
  bool change_by(Amounts& said) const {
    const bool less = words_.is(at_, {"lower", "reduce", "decrease", "cut"});
    // A number without a unit is of the only goal there is.
    for (std::size_t i = 0; i < said.of.size(); ++i) {
      if (!said.of[i]) continue;
      const std::optional<double> now = goals_.*goal_kinds()[i].goal;
      if (!now) return false;
      said.of[i] = less ? *now - *said.of[i] : *now + *said.of[i];
    }
    return true;
  }

  [[nodiscard]] AgentReply with(const Amounts& said) const {
    AgentReply reply;
    Goals after = goals_;
    for (std::size_t i = 0; i < said.of.size(); ++i) {
      if (!said.of[i]) continue;
      const GoalKind& kind = goal_kinds()[i];
      const double value = *said.of[i];
      if (!(value >= 0 && value <= kMostOfAGoal))
        return say("A goal is a number from 0 to 100000. What should it be?");
      std::optional<double>& goal = after.*kind.goal;
      add_line(reply.text, "Your goal is now " + goal_in_words(kind, value) + " a day" +
                               (goal ? ", instead of " + goal_in_words(kind, *goal) : "") + ".");
      goal = value;
      reply.preferences[std::string{kind.preference}] = json_of_goal(goal);
    }
    return with_rest(std::move(reply), after);
  }

  [[nodiscard]] AgentReply remove() const {
    std::vector<std::size_t> kinds;
    for (const Token& token : tokens_)
      if (const std::size_t kind = kind_of(token.text); kind != kNowhere) kinds.push_back(kind);
    if (kinds.empty()) {
      for (std::size_t i = 0; i < goal_kinds().size(); ++i)
        if (goals_.*goal_kinds()[i].goal) kinds.push_back(i);
      const bool one = words_.find({"goals", "targets", "all", "every"}) == kNowhere;
      if (kinds.size() > 1 && one)
        return say("Which one should I remove? " + left_in_words(goals_, {}));
      if (kinds.empty()) return say("You have no goals.");
    }
    AgentReply reply;
    Goals after = goals_;
    for (const std::size_t i : kinds) {
      const GoalKind& kind = goal_kinds()[i];
      std::optional<double>& goal = after.*kind.goal;
      if (goal) {
        add_line(reply.text, "I removed your goal of " + goal_in_words(kind, *goal) + " a day.");
        reply.preferences[std::string{kind.preference}] = json_of_goal(std::nullopt);
        goal.reset();
      } else if (!reply.preferences.contains(std::string{kind.preference})) {
        add_line(reply.text, "You have no goal for " + std::string{kind.name} + ".");
      }
    }
    return with_rest(std::move(reply), after);
  }

  [[nodiscard]] AgentReply with_rest(AgentReply reply, const Goals& after) const {
    if (!request_.today) return reply;
    if (const std::string left = left_in_words(after, *request_.today); !left.empty())
      add_line(reply.text, left);
    return reply;
  }

  static void add_line(std::string& text, const std::string& line) {
    text += (text.empty() ? "" : "\n") + line;
  }

  const AgentRequest& request_;
  const NutritionTable& table_;
  std::vector<Token> tokens_;
  Words words_;
  Goals goals_;
  std::size_t at_;
  std::size_t goal_;
};

}  // namespace

std::optional<AgentReply> talk_of_goals(const AgentRequest& request, const NutritionTable& table) {
  return GoalTalk{request, table}.run();
}

}  // namespace health_agent::agent
