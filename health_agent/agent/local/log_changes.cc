#include "health_agent/agent/local/log_changes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "health_agent/agent/food/text.h"
#include "health_agent/agent/local/changed_food.h"
#include "health_agent/agent/local/phrases.h"
#include "health_agent/agent/when.h"

namespace health_agent::agent {
namespace {

constexpr double kMostCaloriesOfOne = 3'000;
constexpr const char* kWhatToDelete = "What should I delete? Please name the food or the meal.";

/// "the last one"
bool is_one(const Description& said) {
  return said.pronoun && said.count == 1 && said.unit == nullptr;
}

/// "that", "the last one"
bool means_last(const Description& said) {
  return said.pronoun && said.name.empty() && !said.has_place() && !said.all && !said.unread &&
         (!said.has_amount() || is_one(said));
}

void say(AgentReply& reply, const std::string& text) {
  if (!reply.text.empty()) reply.text += "\n";
  reply.text += text;
}

}  // namespace

AgentReply LogChanges::undo_last(const Description& said) const {
  if (request_.undo.empty())
    return ask("There is nothing that I could take back. What should be changed?");
  const bool has_it = std::ranges::any_of(
      request_.undo, [&](const FoodChange& change) { return last_turn_has(change, said); });
  if (!has_it || said.unread)
    return ask(
        "I can take back the last change only. If you mean that, say \"undo\". Which food is it?");
  AgentReply reply;
  reply.text = "Taken back:";
  for (const FoodChange& change : request_.undo)
    reply.text.append("\n- ").append(taken_back(change));
  reply.changes = request_.undo;
  return reply;
}

bool LogChanges::changed_last(const Description& said) const {
  return std::ranges::any_of(request_.undo, [&](const FoodChange& change) {
    return change.after && last_turn_has(change, said);
  });
}

bool LogChanges::last_turn_has(const FoodChange& change, const Description& said) const {
  if (said.name.empty() && !said.has_place()) return true;
  const auto found = std::ranges::find(request_.recent, change.entry_id, &FoodEntry::id);
  const auto has = [&](const FoodEntry& entry) {
    return std::ranges::any_of(entry.foods,
                               [&](const Food& food) { return log_.fits(entry, food, said); });
  };
  return (change.after && has(*change.after)) || (found != request_.recent.end() && has(*found));
}

std::string LogChanges::taken_back(const FoodChange& change) const {
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

AgentReply LogChanges::remove(const Deletion& said) {
  Foods gone;
  Shares less;
  if (said.gone.size() == 1 && means_last(said.gone.front()) && !request_.undo.empty()) {
    // What was logged last is taken back as a whole; after another change "that" is in doubt.
    const bool logged_last = std::ranges::none_of(
        request_.undo, [](const FoodChange& c) { return c.after.has_value(); });
    if (logged_last && said.kept.empty()) return undo_last();
    if (!logged_last || request_.undo.size() > 1)
      return ask("Do you mean the last change? Then say \"undo\", or else name the food.");
  }
  for (const Description& item : said.gone) {
    const bool is_food = !item.name.empty();
    if (is_food != said.names_food() || (said.gone.size() > 1 && !is_food && !item.has_place()))
      return ask("Please name either foods or whole meals. What should I delete?");
    const Question doubt = is_food ? take_food(item, gone, less) : take_entry(item, gone);
    if (doubt) return *doubt;
  }
  for (const Description& item : said.kept)
    if (const Question doubt = leave(item, said.names_food(), gone, less)) return *doubt;
  std::erase_if(gone, [](const auto& entry) { return entry.second.empty(); });
  if (gone.empty() && less.empty()) return ask(kWhatToDelete);
  return without(gone, less);
}

LogChanges::Question LogChanges::take_food(const Description& said, Foods& gone,
                                           Shares& less) const {
  const std::vector<Hit> hits = narrowed(log_.foods(said), said);
  if (hits.size() != 1) return ask_which(said, hits);
  const Food& food = log_.entry(hits[0].entry).foods[hits[0].food];
  const double rest = said.count ? food.quantity - *said.count : 0;
  const bool a_part = said.count && same_unit(food, said) && rest > 1e-9;
  // "half the rice", "one rice" of 150 g: of what?
  const bool in_pieces = food.unit == "piece" || food.unit == "serving" || food.unit.empty();
  const bool part_in_doubt = a_part && said.unit == nullptr && (*said.count < 1 || !in_pieces);
  const bool odd = said.count && !said.article && (!same_unit(food, said) || rest < -1e-9);
  const bool other_energy = said.kcal && std::fabs(*said.kcal - food.calories) > 1;
  if (odd || other_energy || (a_part && said.the) || part_in_doubt || said.unread)
    return ask_which(said, hits);
  if (a_part) {
    less[hits[0].entry][hits[0].food] = rest / food.quantity;
  } else {
    gone[hits[0].entry].insert(hits[0].food);
  }
  return std::nullopt;
}

LogChanges::Question LogChanges::take_entry(const Description& said, Foods& gone) const {
  const bool amount = said.kcal || (said.has_amount() && !is_one(said));
  if (amount || said.unread || (said.all && said.meal.empty()) ||
      (!said.has_place() && !said.pronoun))
    return ask(kWhatToDelete);
  std::size_t index = 0;
  if (said.has_place()) {
    const std::vector<std::size_t> found = log_.entries(said);
    if (found.size() != 1) return ask_entry(found);
    index = found.front();
  }
  if (log_.size() == 0) return ask("You have logged nothing that I could delete. What is it?");
  for (std::size_t food = 0; food < log_.entry(index).foods.size(); ++food)
    gone[index].insert(food);
  return std::nullopt;
}

/// Takes foods that are to be kept out of the meals that go. A food that is to go and to stay is in
/// doubt, and so is one that is not there.
LogChanges::Question LogChanges::leave(const Description& kept, bool of_foods, Foods& gone,
                                       const Shares& less) const {
  // "keep the rest"
  if (kept.name.empty() && !kept.has_place())
    return kept.all && !kept.has_amount() ? Question{} : ask(kWhatToDelete);
  std::vector<Hit> both;
  const auto look = [&](std::size_t entry, std::size_t food) {
    if (log_.fits(log_.entry(entry), log_.entry(entry).foods[food], kept))
      both.push_back({entry, food});
  };
  for (const auto& [entry, foods] : gone)
    for (const std::size_t food : foods)
      look(entry, food);
  for (const auto& [entry, foods] : less)
    for (const auto& [food, share] : foods)
      look(entry, food);
  const bool whole_meal = kept.name.empty();
  if (both.empty() && (of_foods || whole_meal)) return std::nullopt;
  if (both.empty() || of_foods || whole_meal || kept.has_amount() || kept.unread)
    return ask_which(kept, both);
  for (const Hit& hit : both)
    gone[hit.entry].erase(hit.food);
  return std::nullopt;
}

AgentReply LogChanges::without(const Foods& gone, const Shares& less) {
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

AgentReply LogChanges::apply(const Description& target, const Description& value,
                             const std::optional<Description>& old) {
  if (target.unread || (target.all && target.name.empty() && target.meal.empty()))
    return ask("I can change one thing at a time. Which food or meal do you mean?");
  const bool amount = value.has_amount() || value.kcal;
  const bool other_food = !value.name.empty();
  if (value.unread || (other_food && (value.food.food == nullptr || value.other_words)))
    return ask("I did not understand \"" + request_text() +
               "\". What should I change, and to how much?");
  if (!amount && !other_food) {
    if (!value.has_place()) return ask("To what should I change it? Please say how much.");
    return move(target, value);
  }
  const std::vector<Hit> hits = targets(target, old);
  // "change dinner to 8" is an hour or an amount
  const bool hour = target.name.empty() && !target.meal.empty() && value.count && !value.unit &&
                    !value.kcal && !other_food;
  if (hits.size() != 1 || hour) return ask_which(target, hits);
  const Food& before = log_.entry(hits[0].entry).foods[hits[0].food];
  // "3 eggs, not 2", where there are 5
  const double was = value.kcal ? before.calories : before.quantity;
  if (old && old->has_amount() && (value.kcal || same_unit(before, *old)) &&
      std::fabs(was - old->count.value_or(was)) > (value.kcal ? 1 : 1e-6))
    return ask_which(target, hits);
  const std::optional<Food> after = changed(before, value, table_);
  const bool odd =
      after && after->calories > kMostCaloriesOfOne && after->calories > before.calories;
  if (!after || odd)
    return ask("You have " + amount_of(before) +
               " logged, and I am not sure what it should be. How much was it?");
  return replace(hits[0], *after);
}

std::string LogChanges::request_text() const {
  const bool plain =
      std::ranges::all_of(request_.message, [](char c) { return c >= 0x20 && c < 0x7F; });
  return request_.message.size() <= 100 && plain ? request_.message : "that";
}

/// The foods that "the eggs" or "it" mean.
std::vector<Hit> LogChanges::targets(const Description& target,
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
std::vector<Hit> LogChanges::narrowed(std::vector<Hit> hits, const Description& said) const {
  if (hits.size() < 2 || !said.count || said.article) return hits;
  std::vector<Hit> exact;
  for (const Hit& hit : hits) {
    const Food& food = log_.entry(hit.entry).foods[hit.food];
    if (std::fabs(food.quantity - *said.count) < 1e-6 && same_unit(food, said))
      exact.push_back(hit);
  }
  return exact.empty() ? hits : exact;
}

AgentReply LogChanges::replace(const Hit& hit, const Food& after) {
  AgentReply reply;
  FoodEntry entry = log_.entry(hit.entry);
  say_changed(reply, hit.entry, entry.foods[hit.food], after);
  entry.foods[hit.food] = after;
  add_change(reply, hit.entry, std::move(entry));
  return with_today(std::move(reply));
}

/// To another meal or another time.
AgentReply LogChanges::move(const Description& target, const Description& value) {
  std::size_t index = 0;
  if (log_.size() == 0) return ask_which(target, {});
  if (!target.name.empty()) {
    const std::vector<Hit> hits = log_.foods(target);
    if (hits.size() != 1) return ask_which(target, hits);
    index = hits[0].entry;
    if (log_.entry(index).foods.size() > 1)
      return ask("It is logged together with other foods: " + list_foods(log_.entry(index).foods) +
                 ". Should I move all of them? Then name the meal instead.");
  }
  if (target.name.empty() && target.has_place()) {
    const std::vector<std::size_t> found = log_.entries(target);
    if (found.size() != 1) return ask_entry(found);
    index = found.front();
  }
  FoodEntry entry = log_.entry(index);
  const TimeZone& zone = request_.zone;
  // What was not said stays as it was: the day of an hour, the hour of a day.
  Moment when = value.moment;
  if (!when.has_day()) when.days_ago = static_cast<int>(log_.days_ago(index));
  const std::string_view meal = value.meal.empty() && when.half_day_unsaid
                                    ? std::string_view{log_.entry(index).meal_type}
                                    : value.meal;
  const PlacedMeal placed = place_in_time(when, meal, true, request_.now, zone);
  if (value.moment != Moment{})
    entry.timestamp = when.has_time() ? placed.timestamp
                                      : zone.at(zone.day_of(placed.timestamp),
                                                zone.second_of_day(log_.entry(index).timestamp));
  if (!value.meal.empty()) entry.meal_type = value.meal;
  if (value.meal.empty() && when.has_time() && target.meal.empty()) entry.meal_type = placed.meal;
  if (placed.doubt != TimeDoubt::kNone ||
      entry.timestamp > std::max(request_.now, log_.entry(index).timestamp))
    return ask("When was it? Please say the day and the time.");
  if (entry.timestamp == log_.entry(index).timestamp &&
      entry.meal_type == log_.entry(index).meal_type)
    return ask("That is how it is logged already: " + log_.where(index) + " at " +
               clock_in_words(entry.timestamp, request_) + ". What should I change?");
  AgentReply reply;
  std::string to = entry.meal_type +
                   day_in_words(zone.day_of(request_.now) - zone.day_of(entry.timestamp), request_);
  if (when.has_time()) to += " at " + clock_in_words(entry.timestamp, request_);
  say(reply, "Moved from " + log_.where(index) + " to " + to + ": " + list_foods(entry.foods) +
                 ", " + kcal_of(entry.foods) + ".");
  add_change(reply, index, std::move(entry));
  return reply;
}

void LogChanges::add_change(AgentReply& reply, std::size_t index, FoodEntry after) {
  const FoodEntry& before = log_.entry(index);
  if (log_.is_today(index))
    today_ += totals_of(after.foods).calories - totals_of(before.foods).calories;
  FoodChange change;
  change.entry_id = before.id;
  if (!after.foods.empty()) change.after = std::move(after);
  reply.changes.push_back(std::move(change));
}

void LogChanges::say_changed(AgentReply& reply, std::size_t index, const Food& before,
                             const Food& after) const {
  say(reply, "Changed in " + log_.where(index) + ": " + amount_of(before) + " (" +
                 format_number(before.calories) + " kcal) to " + amount_of(after) + " (" +
                 format_number(after.calories) + " kcal).");
}

AgentReply LogChanges::with_today(AgentReply reply) const {
  if (request_.today && today_ != 0)
    reply.text.append(" Today: ")
        .append(format_number(std::max(0.0, request_.today->calories + today_)))
        .append(" kcal.");
  return reply;
}

AgentReply LogChanges::ask(std::string question) {
  AgentReply reply;
  reply.text = std::move(question);
  return reply;
}

AgentReply LogChanges::ask_which(const Description& said, const std::vector<Hit>& hits) const {
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

AgentReply LogChanges::ask_entry(const std::vector<std::size_t>& entries) const {
  if (entries.empty()) return ask("I found no such meal among what you logged last. Which one?");
  std::string text = "There are several. Which one do you mean?";
  for (const std::size_t index : entries)
    text.append("\n- ")
        .append(log_.where(index))
        .append(": ")
        .append(list_foods(log_.entry(index).foods));
  return ask(std::move(text));
}

AgentReply LogChanges::scale(const Description& target, double times) {
  const std::vector<Hit> hits = targets(target, std::nullopt);
  if (hits.size() != 1) return ask_which(target, hits);
  return replace(hits[0], scaled(log_.entry(hits[0].entry).foods[hits[0].food], times));
}

}  // namespace health_agent::agent
