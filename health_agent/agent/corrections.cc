#include "health_agent/agent/corrections.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "health_agent/agent/changed_food.h"
#include "health_agent/agent/description.h"
#include "health_agent/agent/moment.h"
#include "health_agent/agent/numbers.h"
#include "health_agent/agent/orders.h"
#include "health_agent/agent/phrases.h"
#include "health_agent/agent/recent_food.h"
#include "health_agent/agent/text.h"
#include "health_agent/agent/when.h"
#include "health_agent/agent/words.h"

namespace health_agent::agent {
namespace {

constexpr double kMostCaloriesOfOne = 3'000;

class Corrector {
 public:
  Corrector(const AgentRequest& request, const NutritionTable& table)
      : request_(request),
        table_(table),
        tokens_(tokenize(request.message)),
        words_(tokens_),
        log_(request, table) {}

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
  // --- what is asked for ---

  static AgentReply ask_for_one() {
    return ask("Please send what is to be changed or deleted in a message of its own. What is it?");
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
    const std::vector<Hit> hits = targets(target, std::nullopt);
    if (hits.size() != 1) return ask_which(target, hits);
    return replace(hits[0], scaled(log_.entry(hits[0].entry).foods[hits[0].food], times));
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
    const std::vector<Hit> hits = log_.foods(only_name(said));
    // "correction: 3 eggs", where none are logged
    if (hits.empty() && at_ > 0 &&
        said_before(at_, {"correction", "mistake", "wrong", "incorrect"}))
      return true;
    return !hits.empty() && (not_first || said.has_place() || log_.is_today(hits.front().entry));
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
    return !said.name.empty() && !log_.foods(only_name(said)).empty();
  }

  // --- undo ---

  AgentReply undo() {
    const Description said = describe(at_ + 1, words_.size());
    if (!said.name.empty() && words_.is(at_, {"undo", "scratch", "take"})) return remove(at_ + 1);
    return undo_last();
  }

  AgentReply undo_last() {
    if (request_.undo.empty())
      return ask("There is nothing that I could take back. What should be changed?");
    AgentReply reply;
    reply.text = "Taken back:";
    for (const FoodChange& change : request_.undo)
      reply.text.append("\n- ").append(taken_back(change));
    reply.changes = request_.undo;
    return reply;
  }

  [[nodiscard]] std::string taken_back(const FoodChange& change) const {
    const auto found = std::ranges::find(request_.recent, change.entry_id, &FoodEntry::id);
    if (change.after && (change.restores || found == request_.recent.end()))
      return change.after->meal_type + ", logged again: " + list_foods(change.after->foods) + ", " +
             kcal_of(change.after->foods);
    if (found == request_.recent.end()) return "an entry, deleted";
    const std::string old = list_foods(found->foods) + ", " + kcal_of(found->foods);
    if (!change.after) return found->meal_type + ", deleted: " + old;
    return change.after->meal_type + ": from " + old + " to " + list_foods(change.after->foods) +
           ", " + kcal_of(change.after->foods);
  }

  // --- deleting ---

  AgentReply remove(std::size_t from) {
    const std::vector<Description> items = items_from(from);
    const bool names =
        std::ranges::any_of(items, [](const auto& item) { return !item.name.empty(); });
    if (!names) return remove_entry(items.empty() ? Description{} : items.front());
    std::map<std::size_t, std::set<std::size_t>> gone;
    std::map<std::size_t, std::map<std::size_t, double>> less;
    for (const Description& item : items) {
      if (item.name.empty()) continue;
      const std::vector<Hit> hits = narrowed(log_.foods(item), item);
      if (hits.size() != 1) return ask_which(item, hits);
      const Food& food = request_.recent[hits[0].entry].foods[hits[0].food];
      const double rest = item.count ? food.quantity - *item.count : 0;
      const bool a_part = item.count && same_unit(food, item) && rest > 1e-9;
      const bool odd = item.count && !item.article && (!same_unit(food, item) || rest < -1e-9);
      if (odd || (a_part && item.the) || item.unread) return ask_which(item, hits);
      if (a_part) {
        less[hits[0].entry][hits[0].food] = rest / food.quantity;
      } else {
        gone[hits[0].entry].insert(hits[0].food);
      }
    }
    return without(gone, less);
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

  AgentReply remove_entry(const Description& said) {
    if (said.all || said.unread || (said.has_amount() && !said.pronoun))
      return ask("What should I delete? Please name the food or the meal.");
    std::size_t index = 0;
    if (said.has_place()) {
      const std::vector<std::size_t> found = log_.entries(said);
      if (found.size() != 1) return ask_entry(found);
      index = found.front();
    } else if (!said.pronoun) {
      return ask("What should I delete? Please name the food or the meal.");
    } else if (!request_.undo.empty()) {
      // What was logged last is taken back as a whole; after another change "that" is in doubt.
      const bool logged_last = std::ranges::none_of(
          request_.undo, [](const FoodChange& c) { return c.after.has_value(); });
      if (logged_last) return undo_last();
      return ask("Do you mean the last change? Then say \"undo\", or else name the food.");
    }
    if (log_.size() == 0) return ask("You have logged nothing that I could delete. What is it?");
    std::map<std::size_t, std::set<std::size_t>> gone;
    for (std::size_t food = 0; food < log_.entry(index).foods.size(); ++food)
      gone[index].insert(food);
    return without(gone, {});
  }

  AgentReply without(const std::map<std::size_t, std::set<std::size_t>>& gone,
                     const std::map<std::size_t, std::map<std::size_t, double>>& less) {
    std::set<std::size_t> touched;
    for (const auto& [entry, foods] : gone)
      touched.insert(entry);
    for (const auto& [entry, foods] : less)
      touched.insert(entry);
    AgentReply reply;
    for (const std::size_t index : touched) {
      const FoodEntry& before = log_.entry(index);
      FoodEntry after = before;
      after.foods.clear();
      std::vector<Food> deleted;
      for (std::size_t food = 0; food < before.foods.size(); ++food) {
        if (gone.contains(index) && gone.at(index).contains(food)) {
          deleted.push_back(before.foods[food]);
        } else if (less.contains(index) && less.at(index).contains(food)) {
          const Food rest = scaled(before.foods[food], less.at(index).at(food));
          say_changed(reply, index, before.foods[food], rest);
          after.foods.push_back(rest);
        } else {
          after.foods.push_back(before.foods[food]);
        }
      }
      if (!deleted.empty())
        say(reply, "Deleted from " + log_.where(index) + ": " + list_foods(deleted) + ", " +
                       kcal_of(deleted) + ".");
      add_change(reply, index, std::move(after));
    }
    return with_today(std::move(reply));
  }

  // --- changing ---

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
      return ask("What should I change, and to what? For example \"change the eggs to 3\".");
    Description target = describe(from, middle);
    std::optional<Description> old;
    // "make that 2 eggs", where eggs are logged
    const Description value = describe(middle, words_.size());
    if (makes && target.name.empty() && fits_something(middle, words_.size())) {
      target = only_name(value);
      Description amount = value;
      amount.name.clear();
      amount.food = {};
      return apply(target, amount, old);
    }
    // "change the eggs from 2 to 3"
    if (target.has_amount()) old = target;
    return apply(target, value, old);
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
      if (!target.name.empty()) return apply(target, describe(value, to), old);
      from = value;
    }
    if (words_.is(from, {"not", "wasnt", "didnt", "did"}) ||
        (words_.is(from, {"it", "that"}) && words_.is(from + 1, {"wasnt"}))) {
      // "not 2 eggs but 3"
      std::size_t middle = words_.find({"but"}, from);
      for (std::size_t i = from + 1; middle == kNowhere && i < words_.size(); ++i)
        if (words_.ends_clause(i)) middle = i;
      if (middle == kNowhere || middle + 1 >= words_.size())
        return ask("What was it then, and how much?");
      old = describe(from, middle);
      from = middle + 1;
    } else if (const std::size_t not_at = old_place(); not_at != kNowhere) {
      to = not_at;
    }
    const Description said = describe(from, to);
    Description target = only_name(said);
    if (target.name.empty() && old) target = only_name(*old);
    Description value = said;
    if (!log_.foods(target).empty() && !said.name.empty()) {
      value.food = {};
      value.name.clear();
    } else if (!said.name.empty()) {
      // "I meant toast", "it was toast, not bread": the food itself is another one
      const bool meant = words_.find({"meant"}) != kNowhere;
      if (!meant && !(old && !old->name.empty())) return ask_which(said, {});
      target = old ? only_name(*old) : Description{};
    }
    if (target.name.empty()) target.pronoun = true;
    return apply(target, value, old);
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

  AgentReply apply(const Description& target, const Description& value,
                   const std::optional<Description>& old) {
    const bool amount = value.has_amount() || value.kcal;
    const bool other_food = !value.name.empty();
    if (value.unread || (other_food && value.food.food == nullptr))
      return ask("I did not understand \"" + request_text() +
                 "\". What should I change, and to how much?");
    if (!amount && !other_food) {
      if (!value.has_place()) return ask("To what should I change it? Please say how much.");
      return move(target, value);
    }
    const std::vector<Hit> hits = targets(target, old);
    if (hits.size() != 1) return ask_which(target, hits);
    const Food& before = log_.entry(hits[0].entry).foods[hits[0].food];
    const std::optional<Food> after = changed(before, value, table_);
    const bool odd =
        after && after->calories > kMostCaloriesOfOne && after->calories > before.calories;
    if (!after || odd)
      return ask("You have " + amount_of(before) +
                 " logged, and I am not sure what it should be. How much was it?");
    return replace(hits[0], *after);
  }

  [[nodiscard]] std::string request_text() const {
    return request_.message.size() <= 100 && is_plain() ? request_.message : "that";
  }
  [[nodiscard]] bool is_plain() const {
    return std::ranges::all_of(request_.message, [](char c) { return c >= 0x20 && c < 0x7F; });
  }

  /// The foods that "the eggs" or "it" mean.
  [[nodiscard]] std::vector<Hit> targets(const Description& target,
                                         const std::optional<Description>& old) const {
    if (log_.size() == 0) return {};
    if (!target.name.empty()) return narrowed(log_.foods(target), old ? *old : Description{});
    // "it was 200 g, not 100": the one that day with 100 of them
    if (old && old->count && !target.has_place()) {
      std::vector<Hit> exact = narrowed(log_.foods({}), *old);
      if (exact.size() == 1) return exact;
    }
    std::vector<Hit> hits;
    const std::vector<std::size_t> entries =
        target.has_place() ? log_.entries(target) : std::vector<std::size_t>{0};
    for (const std::size_t entry : entries)
      for (std::size_t food = 0; food < log_.entry(entry).foods.size(); ++food)
        hits.push_back({entry, food});
    return narrowed(std::move(hits), old ? *old : Description{});
  }

  /// Of several those that have the amount that was said; all of them when none has it.
  [[nodiscard]] std::vector<Hit> narrowed(std::vector<Hit> hits, const Description& said) const {
    if (hits.size() < 2 || !said.count || said.article) return hits;
    std::vector<Hit> exact;
    for (const Hit& hit : hits) {
      const Food& food = log_.entry(hit.entry).foods[hit.food];
      if (std::fabs(food.quantity - *said.count) < 1e-6 && same_unit(food, said))
        exact.push_back(hit);
    }
    return exact.empty() ? hits : exact;
  }

  AgentReply replace(const Hit& hit, const Food& after) {
    AgentReply reply;
    FoodEntry entry = log_.entry(hit.entry);
    say_changed(reply, hit.entry, entry.foods[hit.food], after);
    entry.foods[hit.food] = after;
    add_change(reply, hit.entry, std::move(entry));
    return with_today(std::move(reply));
  }

  /// To another meal or another time.
  AgentReply move(const Description& target, const Description& value) {
    std::size_t index = 0;
    if (log_.size() == 0) return ask_which(target, {});
    if (!target.name.empty()) {
      const std::vector<Hit> hits = log_.foods(target);
      if (hits.size() != 1) return ask_which(target, hits);
      index = hits[0].entry;
      if (log_.entry(index).foods.size() > 1)
        return ask(
            "It is logged together with other foods: " + list_foods(log_.entry(index).foods) +
            ". Should I move all of them? Then say \"move it\".");
    }
    if (target.name.empty() && target.has_place()) {
      const std::vector<std::size_t> found = log_.entries(target);
      if (found.size() != 1) return ask_entry(found);
      index = found.front();
    }
    FoodEntry entry = log_.entry(index);
    const PlacedMeal placed =
        place_in_time(value.moment, value.meal, true, request_.now, request_.zone);
    if (placed.doubt != TimeDoubt::kNone)
      return ask("When was it? Please say the day and the time.");
    if (value.moment != Moment{}) entry.timestamp = placed.timestamp;
    if (!value.meal.empty() || value.moment.has_time()) entry.meal_type = placed.meal;
    AgentReply reply;
    const std::int64_t days =
        request_.zone.day_of(request_.now) - request_.zone.day_of(entry.timestamp);
    say(reply, "Moved from " + log_.where(index) + " to " + entry.meal_type +
                   day_in_words(days, request_) + ": " + list_foods(entry.foods) + ", " +
                   kcal_of(entry.foods) + ".");
    add_change(reply, index, std::move(entry));
    return reply;
  }

  // --- answers ---

  void add_change(AgentReply& reply, std::size_t index, FoodEntry after) {
    const FoodEntry& before = log_.entry(index);
    if (log_.is_today(index))
      today_ += totals_of(after.foods).calories - totals_of(before.foods).calories;
    FoodChange change;
    change.entry_id = before.id;
    if (!after.foods.empty()) change.after = std::move(after);
    reply.changes.push_back(std::move(change));
  }

  static void say(AgentReply& reply, const std::string& text) {
    if (!reply.text.empty()) reply.text += "\n";
    reply.text += text;
  }

  void say_changed(AgentReply& reply, std::size_t index, const Food& before, const Food& after) {
    say(reply, "Changed in " + log_.where(index) + ": " + amount_of(before) + " (" +
                   format_number(before.calories) + " kcal) to " + amount_of(after) + " (" +
                   format_number(after.calories) + " kcal).");
  }

  AgentReply with_today(AgentReply reply) const {
    if (request_.today && today_ != 0)
      reply.text.append(" Today: ")
          .append(format_number(std::max(0.0, request_.today->calories + today_)))
          .append(" kcal.");
    return reply;
  }

  static AgentReply ask(std::string question) {
    AgentReply reply;
    reply.text = std::move(question);
    return reply;
  }

  [[nodiscard]] AgentReply ask_which(const Description& said, const std::vector<Hit>& hits) const {
    if (hits.empty())
      return ask(
          (said.name.empty() ? "I found nothing to change" : "I found no \"" + said.name + "\"") +
          " among what you logged last. Which food do you mean?");
    std::string text = "I changed nothing yet. Which one do you mean, and how much of it?";
    for (const Hit& hit : hits)
      text.append("\n- ")
          .append(log_.where(hit.entry))
          .append(": ")
          .append(amount_of(log_.entry(hit.entry).foods[hit.food]));
    return ask(std::move(text));
  }

  [[nodiscard]] AgentReply ask_entry(const std::vector<std::size_t>& entries) const {
    if (entries.empty()) return ask("I found no such meal among what you logged last. Which one?");
    std::string text = "There are several. Which one do you mean?";
    for (const std::size_t index : entries)
      text.append("\n- ")
          .append(log_.where(index))
          .append(": ")
          .append(list_foods(log_.entry(index).foods));
    return ask(std::move(text));
  }

  [[nodiscard]] Description describe(std::size_t from, std::size_t to) const {
    return agent::describe(words_, table_, from, to);
  }

  const AgentRequest& request_;
  const NutritionTable& table_;
  std::vector<Token> tokens_;
  Words words_;
  RecentFood log_;
  std::size_t at_ = 0;
  double today_ = 0;  // how much more the day has
};

}  // namespace

std::optional<AgentReply> correct(const AgentRequest& request, const NutritionTable& table) {
  return Corrector{request, table}.run();
}

}  // namespace health_agent::agent
