#include "health_agent/agent/local/corrections.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "health_agent/agent/description.h"
#include "health_agent/agent/food/moment.h"
#include "health_agent/agent/food/numbers.h"
#include "health_agent/agent/food/text.h"
#include "health_agent/agent/food/words.h"
#include "health_agent/agent/local/deletion.h"
#include "health_agent/agent/local/log_changes.h"
#include "health_agent/agent/local/orders.h"

namespace health_agent::agent {
namespace {

/// Reads what a message asks to be changed; LogChanges changes it.
class Corrector {
 public:
  Corrector(const AgentRequest& request, const NutritionTable& table)
      : table_(table),
        tokens_(tokenize(request.message)),
        words_(tokens_),
        changes_(request, table) {}

  std::optional<AgentReply> run() {
    at_ = first_word(words_);
    if (orders_undo(words_, at_)) return undo();
    if (const std::size_t target = orders_deletion(words_, at_); target > 0)
      return remove(deletion(at_ + target, words_.size()));
    if (const double times = orders_scaling(words_, at_); times > 0) return scale(times);
    if (const std::optional<Deletion> said = deletion_at_end()) return remove(*said);
    if (orders_change(words_, at_)) return change();
    if (denies_place()) return ask_for_one();
    if (remarks()) return remark();
    if (const Description only = said_only(); !only.name.empty())
      return changes_.ask_which(only, changes_.log().foods(only));
    if (orders_in_passing(words_)) return ask_for_one();
    return std::nullopt;
  }

 private:
  static AgentReply ask_for_one() {
    return LogChanges::ask(
        "Please send what is to be changed or deleted in a message of its own. What is it?");
  }

  [[nodiscard]] Deletion deletion(std::size_t from, std::size_t to) const {
    return read_deletion(words_, table_, changes_.log(), from, to);
  }

  /// "eggs delete please", of something that was logged
  [[nodiscard]] std::optional<Deletion> deletion_at_end() const {
    std::size_t end = words_.size();
    while (end > 0 && (words_.ends_clause(end - 1) || words_.is(end - 1, {"please", "pls", "plz"})))
      --end;
    if (end < at_ + 2 || !words_.is(end - 1, {"delete", "remove", "undo", "erase", "unlog"}))
      return std::nullopt;
    Deletion said = deletion(at_, end - 1);
    const auto is_logged = [&](const Description& item) {
      return item.all || !item.meal.empty() ||
             (!item.name.empty() && !changes_.log().foods(only_name(item)).empty());
    };
    if (std::ranges::any_of(said.gone, is_logged) || std::ranges::any_of(said.kept, is_logged))
      return said;
    return std::nullopt;
  }

  /// "double it", "half of that"
  AgentReply scale(double times) {
    Description target = describe(at_ + 1, words_.size());
    target.count.reset();
    target.article = false;
    return changes_.scale(target, times);
  }

  /// "it was 200 g, not 100", "I meant 3 eggs", "no, 3 eggs", "not 2 eggs but 3"
  [[nodiscard]] bool remarks() const {
    if (words_.find({"meant"}) != kNowhere) return true;
    const std::size_t should = words_.find({"should", "shouldve"});
    if (should != kNowhere &&
        (words_.is(should + 1, {"be", "say"}) ||
         (words_.is(should, {"shouldve"}) && words_.is(should + 1, {"been"})) ||
         (words_.is(should + 1, {"have"}) && words_.is(should + 2, {"been"}))))
      return words_.is(should > 0 ? should - 1 : should,
                       {"it", "that", "this", "they", "those", "there", "should"}) ||
             fits_something(0, should);
    if (old_amount(words_) != kNowhere || old_food() != kNowhere) return true;
    const bool it = speaks_of_it();
    // "not 2 eggs but 3", "I didn't have 3 eggs, I had 2"
    const std::size_t verb = at_ + (words_.is(at_, {"did"}) ? 2 : 1);
    const bool denied = (words_.is(at_, {"didnt"}) || words_.is(at_ + 1, {"not"})) &&
                        words_.is(verb, {"have", "eat", "drink"}) &&
                        words_.has_number(verb + 1, verb + 2) &&
                        words_.has_number(verb + 3, words_.size());
    const bool not_first =
        denied || (words_.is(at_, {"not"}) && words_.has_number(at_ + 1, at_ + 3));
    const bool corrected = !tells_of_more() &&
                           ((at_ > 0 && said_before(at_, {"actually", "no", "sorry", "oops", "wait",
                                                          "whoops", "nope", "correction", "well",
                                                          "x", "mistake", "wrong", "incorrect"})) ||
                            ends_with_actually());
    if (!it && !not_first && !corrected) return false;
    const Description said = describe(at_, words_.size());
    if (said.name.empty())
      return (said.has_amount() || said.kcal || (it && said.has_place())) && !said.all;
    // A food that was logged that day is corrected, another is logged.
    if (!said.has_amount()) return false;
    if (said.other_words && names_something_of_today()) return true;
    const std::vector<Hit> hits = changes_.log().foods(name_and_place(said));
    // "correction: 3 eggs", where none are logged
    if (hits.empty() && at_ > 0 &&
        said_before(at_, {"correction", "mistake", "wrong", "incorrect"}))
      return true;
    return !hits.empty() && (not_first || it || said.has_place() || is_fresh(hits));
  }

  [[nodiscard]] bool speaks_of_it() const {
    return words_.is(at_, {"it", "that", "they", "those", "this"}) &&
           words_.is(at_ + 1, {"was", "were", "is", "wasnt", "are"});
  }

  /// "actually, I also had 2 eggs"
  [[nodiscard]] bool tells_of_more() const {
    return words_.find({"also", "too", "forgot", "forgotten", "another", "more", "add", "plus",
                        "log"}) != kNowhere;
  }

  /// The `not` of "pasta, not rice", "not rice but pasta", where rice was logged.
  [[nodiscard]] std::size_t old_food() const {
    const std::size_t at = words_.find({"not"}, at_);
    if (at == kNowhere || words_.is(at + 1, {"have", "eat", "drink", "delete", "remove"}))
      return kNowhere;
    std::size_t end = at + 1;
    while (!words_.ends_clause(end) && !words_.is(end, {"but"}))
      ++end;
    const Description old = describe(at + 1, end);
    if (old.name.empty()) return kNowhere;
    const std::vector<Hit> hits = changes_.log().foods(old);
    return !hits.empty() && is_fresh(hits) ? at : kNowhere;
  }

  /// "I had the pizza yesterday, not today", where it was logged
  [[nodiscard]] bool denies_place() const {
    const std::size_t at = words_.find({"not"}, at_);
    if (at == kNowhere || at == at_ || speaks_of_it()) return false;
    const std::size_t place = at + (words_.is(at + 1, {"for", "at", "on"}) ? 2 : 1);
    return describe(place, place + 1).has_place() && names_something_of_today();
  }

  /// "I only had 2 eggs", where eggs were logged: those, or more of them?
  [[nodiscard]] Description said_only() const {
    const std::size_t only = words_.find({"only"}, at_);
    if (only == kNowhere || tells_of_more()) return {};
    const Description said = describe(at_, words_.size());
    const Description name = name_and_place(said);
    const std::vector<Hit> hits = changes_.log().foods(name);
    return said.has_amount() && !hits.empty() && is_fresh(hits) ? name : Description{};
  }

  /// "3 eggs actually"
  [[nodiscard]] bool ends_with_actually() const {
    std::size_t end = words_.size();
    while (end > 0 && words_.ends_clause(end - 1))
      --end;
    return end > 1 && words_.is(end - 1, {"actually"});
  }

  /// Of today, or logged last.
  [[nodiscard]] bool is_fresh(const std::vector<Hit>& hits) const {
    return changes_.log().is_today(hits.front().entry) || hits.front().entry == 0;
  }

  /// "2 eggs and toast", of which one was logged
  [[nodiscard]] bool names_something_of_today() const {
    for (std::size_t i = at_; i < std::min(words_.size(), at_ + 100); ++i) {
      const std::size_t length = table_.longest_match(tokens_, i).tokens;
      if (length == 0) continue;
      const std::vector<Hit> hits = changes_.log().foods(describe(i, i + length));
      if (!hits.empty() && is_fresh(hits)) return true;
      i += length - 1;
    }
    return false;
  }

  /// Whether there are words that are more than a food and its amount: "2, I had toast, too".
  [[nodiscard]] bool says_more(const Description& said) const {
    return said.rambles() || std::ranges::any_of(said.left_out, [&](std::size_t at) {
             if (words_.is(at, {"the",    "my",   "of",     "for",   "at",     "in",      "on",
                                "please", "pls",  "plz",    "some",  "be",     "was",     "were",
                                "been",   "now",  "just",   "about", "meal",   "whole",   "from",
                                "i",      "had",  "ate",    "drank", "logged", "time",    "day",
                                "amount", "to",   "into",   "as",    "with",   "instead", "up",
                                "down",   "only", "entire", "by",    "so",     "thanks",  "number",
                                "weight"}))
               return false;
             const WordRole role = role_of(words_.at(at));
             return role != WordRole::kMake && role != WordRole::kRaw &&
                    !changes_.log().has_word(tokens_[at].stem);
           });
  }

  [[nodiscard]] bool said_before(std::size_t end, WordList words) const {
    for (std::size_t i = 0; i < end; ++i)
      if (words_.is(i, words)) return true;
    return words_.is(0, words);
  }

  [[nodiscard]] bool fits_something(std::size_t from, std::size_t to) const {
    const Description said = describe(from, to);
    return !said.name.empty() && !changes_.log().foods(only_name(said)).empty();
  }

  AgentReply undo() {
    if (words_.is(at_, {"never", "nevermind"})) return changes_.undo_last();
    const Deletion said = deletion(at_ + 1, words_.size());
    if (said.unclear || !said.kept.empty() || said.gone.size() > 1) return remove(said);
    const Description what = said.gone.empty() ? Description{} : said.gone.front();
    const bool takes_out = words_.is(at_, {"undo", "scratch", "take"}) && !what.name.empty() &&
                           !changes_.changed_last(what);
    if (takes_out || what.has_amount() || what.all) return remove(said);
    return changes_.undo_last(what);
  }

  AgentReply remove(const Deletion& said) {
    if (said.unclear)
      return LogChanges::ask(
          "I am not sure what is to go and what is to stay, so I changed nothing. What should I "
          "delete? Please send that in a message of its own.");
    // "delete the last change"
    if (!said.names_food() && words_.find({"change", "edit"}) != kNowhere)
      return changes_.undo_last();
    return changes_.remove(said);
  }

  AgentReply change() {
    std::size_t from = at_ + 1;
    const bool swaps = words_.is(at_, {"replace", "swap", "switch"});
    const bool makes = words_.is(at_, {"make"});
    std::size_t middle = kNowhere;
    for (std::size_t i = from; i < words_.size() && middle == kNowhere; ++i)
      if (tokens_[i].kind == TokenKind::kColon || words_.is(i, {"to", "into", "as"}) ||
          (swaps && words_.is(i, {"with", "for", "by"})))
        middle = i;
    if (middle == kNowhere && (makes || words_.is(at_, {"correct", "fix", "change", "edit"})))
      middle = end_of_target(from);
    else if (middle != kNowhere)
      ++middle;
    if (middle == kNowhere || middle >= words_.size())
      return LogChanges::ask(
          "What should I change, and to what? For example \"change the eggs to 3\".");
    Description target = describe(from, middle);
    std::optional<Description> old;
    Description value = describe(middle, words_.size());
    if (const std::size_t energy = words_.find({"calories", "kcal", "energy"}, from);
        energy < middle) {
      // "change the calories of the pizza to 600"
      std::erase(target.left_out, energy);
      if (value.count && value.unit == nullptr) value.kcal = std::exchange(value.count, {});
      if (!value.kcal) return ask_for_one();
    }
    if (says_more(target) || (!value.name.empty() && says_more(value))) return ask_for_one();
    // "make that 2 eggs", "update: 2 eggs", where eggs are logged
    const bool names_nothing = target.name.empty() && !target.pronoun && !target.has_place();
    if (((makes && target.name.empty()) || names_nothing) &&
        fits_something(middle, words_.size())) {
      target = name_and_place(value);
      Description amount = value;
      amount.name.clear();
      amount.food = {};
      return changes_.apply(target, amount, old);
    }
    if (names_nothing && !value.name.empty()) return changes_.ask_which(value, {});
    // "change the eggs to 2 for breakfast"
    if (!target.name.empty() && !target.has_place() && (value.has_amount() || value.kcal)) {
      target.meal = value.meal;
      target.moment = value.moment;
    }
    // "change the eggs from 2 to 3"
    if (target.has_amount()) old = target;
    return changes_.apply(target, value, old);
  }

  /// Where the "3" of "make the eggs 3" begins.
  [[nodiscard]] std::size_t end_of_target(std::size_t from) const {
    for (std::size_t i = from; i < words_.size(); ++i) {
      const SpokenNumber number = number_at(tokens_, i);
      if ((number.tokens > 0 && !number.article) || moment_at(tokens_, i).tokens > 0) return i;
      if (i > from && role_of(words_.at(i)) >= WordRole::kBreakfast &&
          role_of(words_.at(i)) <= WordRole::kSnack)
        return i;
    }
    return words_.is(from, {"it", "that", "them", "this"}) && from + 1 < words_.size() ? from + 1
                                                                                       : kNowhere;
  }

  AgentReply remark() {
    std::size_t from = at_;
    std::size_t to = words_.size();
    if (const std::size_t meant = words_.find({"meant"}); meant != kNowhere) from = meant + 1;
    std::optional<Description> old = old_said();
    if (const std::size_t should = words_.find({"should", "shouldve"}); should != kNowhere) {
      const Description target = describe(at_, should);
      const std::size_t value = should + (words_.is(should + 1, {"have"}) ? 3 : 2);
      if (!target.name.empty()) return changes_.apply(target, describe(value, to), old);
      from = value;
    }
    if (words_.is(from, {"not", "wasnt", "didnt", "did"}) ||
        (words_.is(from, {"it", "that"}) && words_.is(from + 1, {"wasnt"}))) {
      // "not 2 eggs but 3"
      std::size_t middle = words_.find({"but"}, from);
      for (std::size_t i = from + 1; middle == kNowhere && i < words_.size(); ++i)
        if (words_.ends_clause(i)) middle = i;
      if (middle == kNowhere || middle + 1 >= words_.size())
        return LogChanges::ask("What was it then, and how much?");
      old = describe(from, middle);
      from = middle + 1;
    } else if (const std::size_t not_at = old_place(); not_at != kNowhere) {
      to = not_at;
    }
    const Description said = describe(from, to);
    if (said.other_words && names_something_of_today()) return ask_for_one();
    Description target = name_and_place(said);
    if (target.name.empty() && old) target = only_name(*old);
    if (target.has_place() && changes_.log().foods(target).empty() && fits_something(from, to))
      return changes_.ask_which(target, changes_.log().foods(only_name(said)));
    Description value = said;
    if (!changes_.log().foods(target).empty() && !said.name.empty()) {
      value.food = {};
      value.name.clear();
    } else if (!said.name.empty()) {
      // "I meant toast", "it was toast, not bread": the food itself is another one
      const bool meant = words_.find({"meant"}) != kNowhere;
      if (!meant && !(old && !old->name.empty())) return changes_.ask_which(said, {});
      target = old ? only_name(*old) : Description{};
      if (old && said.has_place()) {
        target.meal = said.meal;
        target.moment = said.moment;
      }
    }
    // The food of another day is not changed in passing.
    if (const std::vector<Hit> hits = changes_.log().foods(target);
        !target.name.empty() && !hits.empty() && !said.has_place() &&
        !changes_.log().is_today(hits.front().entry))
      return changes_.ask_which(target, hits);
    if (target.name.empty()) target.pronoun = true;
    return changes_.apply(target, value, old);
  }

  [[nodiscard]] std::size_t old_place() const {
    if (const std::size_t number = old_amount(words_); number != kNowhere) return number;
    return words_.find({"not"}, at_);
  }

  /// The "not 100" of a remark.
  [[nodiscard]] std::optional<Description> old_said() const {
    const std::size_t at = old_place();
    if (at == kNowhere || at == at_) return std::nullopt;
    return describe(at + 1, words_.size());
  }

  /// The food, and where it stands when that was said with it.
  static Description name_and_place(const Description& said) {
    Description target = only_name(said);
    if (target.name.empty()) return target;
    target.meal = said.meal;
    target.moment = said.moment;
    return target;
  }

  static Description only_name(const Description& said) {
    Description name;
    name.stems = said.stems;
    name.name = said.name;
    name.food = said.food;
    name.other_words = said.other_words;
    return name;
  }

  [[nodiscard]] Description describe(std::size_t from, std::size_t to) const {
    return agent::describe(words_, table_, from, to);
  }

  const NutritionTable& table_;
  std::vector<Token> tokens_;
  Words words_;
  LogChanges changes_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<AgentReply> correct(const AgentRequest& request, const NutritionTable& table) {
  return Corrector{request, table}.run();
}

}  // namespace health_agent::agent
