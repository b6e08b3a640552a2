#include "health_agent/agent/corrections.h"

#include <algorithm>
#include <vector>

#include "health_agent/agent/description.h"
#include "health_agent/agent/log_changes.h"
#include "health_agent/agent/moment.h"
#include "health_agent/agent/numbers.h"
#include "health_agent/agent/orders.h"
#include "health_agent/agent/text.h"
#include "health_agent/agent/words.h"

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
    if (const std::size_t target = orders_deletion(words_, at_); target > 0) {
      if (says_more(at_ + target)) return ask_for_one();
      return remove(at_ + target);
    }
    if (const double times = orders_scaling(words_, at_); times > 0) return scale(times);
    if (ends_in_deletion()) return remove(at_);
    if (orders_change(words_, at_)) return change();
    if (remarks()) return remark();
    if (orders_in_passing(words_)) return ask_for_one();
    return std::nullopt;
  }

 private:
  static AgentReply ask_for_one() {
    return LogChanges::ask(
        "Please send what is to be changed or deleted in a message of its own. What is it?");
  }

  /// "delete the pizza, I had a salad": something else is told in the same breath.
  [[nodiscard]] bool says_more(std::size_t from) const {
    for (std::size_t i = from; i + 1 < words_.size(); ++i) {
      if (!words_.ends_clause(i) && !words_.is(i, {"and", "but", "then"})) continue;
      const std::size_t next = words_.is(i + 1, {"i", "and", "then", "instead"}) ? i + 2 : i + 1;
      if (words_.is(next, {"had", "ate", "have", "add", "log", "drank", "put", "replace", "it"}))
        return true;
    }
    return false;
  }

  /// "eggs delete please"
  [[nodiscard]] bool ends_in_deletion() const {
    std::size_t end = words_.size();
    while (end > 0 && (words_.ends_clause(end - 1) || words_.is(end - 1, {"please", "pls", "plz"})))
      --end;
    return end > at_ + 1 && words_.is(end - 1, {"delete", "remove", "undo", "erase", "unlog"}) &&
           fits_something(at_, end - 1);
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
    if (old_amount(words_) != kNowhere) return true;
    const bool it = words_.is(at_, {"it", "that", "they", "those", "this"}) &&
                    words_.is(at_ + 1, {"was", "were", "is", "wasnt", "are"});
    // "not 2 eggs but 3", "I didn't have 3 eggs, I had 2"
    const std::size_t verb = at_ + (words_.is(at_, {"did"}) ? 2 : 1);
    const bool denied = (words_.is(at_, {"didnt"}) || words_.is(at_ + 1, {"not"})) &&
                        words_.is(verb, {"have", "eat", "drink"}) &&
                        words_.has_number(verb + 1, verb + 2) &&
                        words_.has_number(verb + 3, words_.size());
    const bool not_first =
        denied || (words_.is(at_, {"not"}) && words_.has_number(at_ + 1, at_ + 3));
    // "actually, I also had 2 eggs" is something more
    const bool more = words_.find({"also", "too", "forgot", "forgotten", "another", "more", "add",
                                   "plus", "log"}) != kNowhere;
    const bool corrected =
        !more && ((at_ > 0 && said_before(at_, {"actually", "no", "sorry", "oops", "wait", "whoops",
                                                "nope", "correction", "well", "x", "mistake",
                                                "wrong", "incorrect"})) ||
                  ends_with_actually());
    if (!it && !not_first && !corrected) return false;
    const Description said = describe(at_, words_.size());
    if (said.name.empty())
      return (said.has_amount() || said.kcal || (it && said.has_place())) && !said.all;
    // A food that was logged that day is corrected, another is logged.
    if (!said.has_amount()) return false;
    const std::vector<Hit> hits = changes_.log().foods(only_name(said));
    // "correction: 3 eggs", where none are logged
    if (hits.empty() && at_ > 0 &&
        said_before(at_, {"correction", "mistake", "wrong", "incorrect"}))
      return true;
    return !hits.empty() &&
           (not_first || said.has_place() || changes_.log().is_today(hits.front().entry));
  }

  /// "3 eggs actually"
  [[nodiscard]] bool ends_with_actually() const {
    std::size_t end = words_.size();
    while (end > 0 && words_.ends_clause(end - 1))
      --end;
    return end > 1 && words_.is(end - 1, {"actually"});
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
    const Description said = describe(at_ + 1, words_.size());
    if (!said.name.empty() && words_.is(at_, {"undo", "scratch", "take"})) return remove(at_ + 1);
    return changes_.undo_last();
  }

  AgentReply remove(std::size_t from) {
    const std::vector<Description> items = items_from(from);
    const bool names =
        std::ranges::any_of(items, [](const auto& item) { return !item.name.empty(); });
    if (!names) return changes_.remove_entry(items.empty() ? Description{} : items.front());
    return changes_.remove_foods(items);
  }

  /// The foods said one after the other; a meal or time at the end is that of all.
  [[nodiscard]] std::vector<Description> items_from(std::size_t from) const {
    std::vector<Description> items;
    std::size_t begin = from;
    for (std::size_t i = from; i <= words_.size(); ++i) {
      const bool name_goes_on =
          words_.is(i, {"and"}) && i > begin &&
          table_.longest_match(tokens_, begin_of_name(begin)).tokens > i - begin_of_name(begin);
      if (!words_.ends_clause(i) && !(words_.is(i, {"and"}) && !name_goes_on)) continue;
      Description item = describe(begin, i);
      if (i > begin) items.push_back(std::move(item));
      begin = i + 1;
    }
    if (items.empty()) return items;
    const Description& last = items.back();
    for (Description& item : items)
      if (!item.has_place()) {
        item.meal = last.meal;
        item.moment = last.moment;
      }
    return items;
  }

  [[nodiscard]] std::size_t begin_of_name(std::size_t at) const {
    while (words_.is(at, {"the", "my", "a", "an", "that"}))
      ++at;
    return at;
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
    // "make that 2 eggs", where eggs are logged
    const Description value = describe(middle, words_.size());
    if (makes && target.name.empty() && fits_something(middle, words_.size())) {
      target = only_name(value);
      Description amount = value;
      amount.name.clear();
      amount.food = {};
      return changes_.apply(target, amount, old);
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
    Description target = only_name(said);
    if (target.name.empty() && old) target = only_name(*old);
    Description value = said;
    if (!changes_.log().foods(target).empty() && !said.name.empty()) {
      value.food = {};
      value.name.clear();
    } else if (!said.name.empty()) {
      // "I meant toast", "it was toast, not bread": the food itself is another one
      const bool meant = words_.find({"meant"}) != kNowhere;
      if (!meant && !(old && !old->name.empty())) return changes_.ask_which(said, {});
      target = old ? only_name(*old) : Description{};
    }
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

  static Description only_name(const Description& said) {
    Description name;
    name.stems = said.stems;
    name.name = said.name;
    name.food = said.food;
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
