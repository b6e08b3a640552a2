#include "health_agent/agent/remote/tools.h"

#include <algorithm>
#include <array>
#include <utility>

#include "health_agent/agent/food/text.h"
#include "health_agent/agent/remote/food_tool.h"
#include "health_agent/agent/remote/json.h"
#include "health_agent/goals.h"
#include "health_agent/time.h"

namespace health_agent::agent {
namespace {

Clock clock_of(const AgentRequest& request) {
  return {request.now, request.zone};
}

std::string in_words(const FoodEntry& entry, const TimeZone& zone) {
  return entry.meal_type + " of " + local_time(entry.timestamp, zone) + ": " +
         foods_in_words(entry.foods) + ", " + format_number(totals_of(entry.foods).calories) +
         " kcal";
}

const FoodEntry* find(const std::vector<FoodEntry>& entries, std::int64_t id) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [id](const FoodEntry& entry) { return entry.id == id; });
  return found == entries.end() ? nullptr : &*found;
}

std::string change_in_words(const FoodChange& change, const AgentRequest& request) {
  if (change.after) {
    return (change.restores ? "brought back " : "changed to ") +
           in_words(*change.after, request.zone);
  }
  const FoodEntry* entry = find(request.recent, change.entry_id);
  return "deleted " +
         (entry ? in_words(*entry, request.zone) : "the entry " + std::to_string(change.entry_id));
}

/// The same call, however its JSON is written.
std::string fingerprint(const ToolCall& call) {
  const auto parsed = parse_json(call.arguments);
  return call.name + " " + (parsed ? to_text(*parsed) : call.arguments);
}

}  // namespace

std::span<const ToolSpec> tool_specs() noexcept {
  static const std::array<ToolSpec, 5> specs{{
      {kFoodTool, food_tool_description(), food_tool_schema()},
      {kChangeTool,
       "Changes an entry that is logged already: give its id, and only what is to be different. "
       "`foods` stands in for all foods of the entry, with calories and macronutrients for the new "
       "quantities. Never log the corrected food a second time.",
       change_tool_schema()},
      {kDeleteTool, "Deletes an entry that is logged already, all of it.", delete_tool_schema()},
      {kUndoTool,
       "Takes back what the user's last message logged, changed or deleted (`undo` in the data "
       "says "
       "what that comes to).",
       R"({"type": "object", "properties": {}, "additionalProperties": false})"},
      {kGoalsTool,
       "Sets the user's goals for a day, or removes them: give only those that are to be "
       "different, "
       "as whole goals and not as differences.",
       goals_tool_schema()},
  }};
  return specs;
}

std::vector<ToolResult> ToolDesk::run(std::span<const ToolCall> calls, std::string& faults) {
  constexpr std::string_view kDoneAlready =
      "This was done already, and is not done twice. Now tell the user.";
  Done done = done_;
  std::vector<ToolResult> results;
  std::vector<std::string> prints;
  faults.clear();
  for (const ToolCall& call : calls) {
    std::string fault;
    std::string print = fingerprint(call);
    // In one turn two equal calls of log_food are two portions, all else is a stutter.
    const bool again =
        called_.contains(print) ||
        (call.name != kFoodTool && std::find(prints.begin(), prints.end(), print) != prints.end());
    std::string said = again ? std::string{kDoneAlready} : carry_out(call, done, fault);
    prints.push_back(std::move(print));
    results.push_back({call.id, fault.empty() ? std::move(said) : fault, fault.empty()});
    if (!fault.empty()) faults += (faults.empty() ? "" : "; ") + fault;
  }
  if (faults.empty()) {
    done_ = std::move(done);
    called_.insert(prints.begin(), prints.end());
    return results;
  }
  for (ToolResult& result : results) {
    result.text = "Nothing was done. " +
                  (result.good ? "Another call of the same turn is faulty." : result.text) +
                  " Call once again, with everything.";
    result.good = false;
  }
  return results;
}

std::string ToolDesk::carry_out(const ToolCall& call, Done& done, std::string& fault) const {
  if (call.name == kFoodTool) return log(call.arguments, done, fault);
  if (call.name == kChangeTool) return change(call.arguments, done, fault);
  if (call.name == kDeleteTool) return remove(call.arguments, done, fault);
  if (call.name == kUndoTool) return undo(call.arguments, done, fault);
  if (call.name == kGoalsTool) return set_goals(call.arguments, done, fault);
  fault = "there is no tool of this name; there are";
  for (const ToolSpec& spec : tool_specs())
    fault.append(spec.name == kFoodTool ? " " : ", ").append(spec.name);
  return {};
}

std::string ToolDesk::log(const std::string& arguments, Done& done, std::string& fault) const {
  auto entry = read_food_call(arguments, clock_of(request_));
  if (!entry) {
    fault = entry.error().message;
    return {};
  }
  entry->user_id = request_.user_id;
  std::string said = "Logged for " + entry->meal_type + ", " +
                     local_time(entry->timestamp, request_.zone) + ". Now tell the user.";
  const auto same =
      std::find_if(done.entries.begin(), done.entries.end(), [&](const FoodEntry& other) {
        return other.meal_type == entry->meal_type && other.timestamp == entry->timestamp &&
               other.foods.size() + entry->foods.size() <= kMaxToolFoods;
      });
  if (same == done.entries.end()) {
    done.entries.push_back(*std::move(entry));
    return said;
  }
  std::move(entry->foods.begin(), entry->foods.end(), std::back_inserter(same->foods));
  if (same->notes.empty()) same->notes = std::move(entry->notes);
  return said;
}

const FoodEntry* ToolDesk::recent(std::int64_t id, const Done& done, std::string& fault) const {
  const FoodEntry* entry = find(request_.recent, id);
  const bool changed =
      std::any_of(done.changes.begin(), done.changes.end(),
                  [id](const FoodChange& change) { return change.entry_id == id; });
  if (!entry) {
    fault = "entry_id: there is no entry " + std::to_string(id) + " in `recent`";
  } else if (done.undone) {
    fault = "undo was called, and nothing else can be changed beside it";
  } else if (changed) {
    fault = "entry_id: the entry " + std::to_string(id) +
            " was changed or deleted by this message already";
  } else {
    return entry;
  }
  return nullptr;
}

std::string ToolDesk::change(const std::string& arguments, Done& done, std::string& fault) const {
  const Clock clock = clock_of(request_);
  const auto edit = read_change_call(arguments, clock);
  if (!edit) {
    fault = edit.error().message;
    return {};
  }
  const FoodEntry* before = recent(edit->entry_id, done, fault);
  if (!before) return {};
  auto after = edited(*before, *edit, clock);
  if (!after) {
    fault = after.error().message;
    return {};
  }
  std::string said = "It is now " + in_words(*after, request_.zone) + ". Now tell the user.";
  done.changes.push_back({.entry_id = edit->entry_id, .after = *std::move(after)});
  return said;
}

std::string ToolDesk::remove(const std::string& arguments, Done& done, std::string& fault) const {
  const auto id = read_delete_call(arguments);
  if (!id) {
    fault = id.error().message;
    return {};
  }
  const FoodEntry* entry = recent(*id, done, fault);
  if (!entry) return {};
  done.changes.push_back({.entry_id = *id, .after = std::nullopt});
  return "Deleted " + in_words(*entry, request_.zone) + ". Now tell the user.";
}

std::string ToolDesk::undo(const std::string& arguments, Done& done, std::string& fault) const {
  if (const auto object = parse_json(arguments); !object || !object->is_object()) {
    fault = "the arguments are no JSON object";
  } else if (!object->empty()) {
    fault = "undo takes no arguments";
  } else if (request_.undo.empty()) {
    fault = "there is nothing to undo";
  } else if (!done.changes.empty()) {
    fault = "undo cannot be called beside changes of the same message";
  }
  if (!fault.empty()) return {};
  done.changes = request_.undo;
  done.undone = true;
  std::string said = "Undone:";
  for (const FoodChange& change : done.changes)
    said += " " + change_in_words(change, request_) + ".";
  return said + " Now tell the user.";
}

std::string ToolDesk::set_goals(const std::string& arguments, Done& done,
                                std::string& fault) const {
  const auto goals = read_goals_call(arguments);
  if (!goals) {
    fault = goals.error().message;
    return {};
  }
  for (const auto& [name, json] : *goals)
    done.goals[name] = json;
  return goals_after(done) + " Now tell the user.";
}

std::string ToolDesk::goals_after(const Done& done) const {
  Fields preferences = request_.preferences;
  for (const auto& [name, json] : done.goals)
    preferences[name] = json;
  // The day as it will be with what this message logs of it; a change of an entry is left out.
  Totals today = request_.today.value_or(Totals{});
  for (const FoodEntry& entry : done.entries)
    if (request_.zone.day_of(entry.timestamp) == request_.zone.day_of(request_.now))
      today += totals_of(entry.foods);
  const Goals after = goals_of(preferences);
  std::string text = left_in_words(after, today);
  for (const auto& [name, json] : done.goals)
    if (json == "null")
      text += (text.empty() ? "" : " ") + std::string{"Removed: the goal for "} +
              name.substr(name.find('_') + 1) + ".";
  return text;
}

std::string ToolDesk::confirmation() const {
  std::string text;
  const auto add = [&](const std::string& sentence) {
    text += (text.empty() ? "" : "\n") + sentence;
  };
  if (done_.undone) add("I took the last change back.");
  for (const FoodChange& change : done_.changes) {
    std::string sentence = change_in_words(change, request_) + ".";
    sentence[0] = static_cast<char>(sentence[0] - 'a' + 'A');
    add(sentence);
  }
  const std::int64_t today = request_.zone.day_of(request_.now);
  for (const FoodEntry& entry : done_.entries) {
    const std::int64_t day = request_.zone.day_of(entry.timestamp);
    add((day == today ? "" : "For " + format_date(day) + ": ") + confirmation_of(entry));
  }
  if (!done_.goals.empty()) add(goals_after(done_));
  return text;
}

void ToolDesk::give(AgentReply& reply) {
  reply.preferences = std::move(done_.goals);
  reply.food_entries = std::move(done_.entries);
  reply.changes = std::move(done_.changes);
}

}  // namespace health_agent::agent
