// A message of any bytes to the agent without a model: an answer in words, and nothing logged or
// changed that a store could not keep or that the request does not have.

#include "health_agent/agent/local/local_agent.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "fuzz/require.h"

namespace {

using namespace health_agent;
using vitals::base::is_utf8;
using vitals::fuzz::require;

constexpr std::int64_t kNow = 1'795'960'800;  // 2026-11-29, 14:40 UTC
constexpr std::int64_t kDay = 86'400;

FoodEntry logged(std::int64_t id, std::int64_t time, std::vector<Food> foods) {
  return {id, "ann", std::move(foods), "lunch", time, ""};
}

Food food(const char* name, double quantity, const char* unit, double calories) {
  return {name, quantity, unit, calories, std::nullopt, std::nullopt, std::nullopt};
}

void check(const FoodEntry& entry) {
  require(!entry.foods.empty() && entry.foods.size() <= 100);
  require(entry.meal_type == "breakfast" || entry.meal_type == "lunch" ||
          entry.meal_type == "dinner" || entry.meal_type == "snack");
  require(entry.timestamp <= kNow && entry.timestamp > kNow - 400 * kDay);
  for (const Food& each : entry.foods) {
    require(!each.name.empty() && is_utf8(each.name) && is_utf8(each.unit));
    require(std::isfinite(each.quantity) && each.quantity >= 0);
    require(std::isfinite(each.calories) && each.calories >= 0 && each.calories <= 15'000);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static agent::LocalAgent local;
  agent::AgentRequest request;
  request.user_id = "ann";
  request.message = vitals::fuzz::text_of(data, size);
  request.now = kNow;
  request.today = Totals{};
  // Half of all messages find something to change.
  if (size % 2 == 0) {
    request.recent = {
        logged(3, kNow - 600, {food("egg", 2, "piece", 143)}),
        logged(2, kNow - 7'200, {food("pizza", 1, "slice", 285), food("cola", 330, "ml", 139)}),
        logged(1, kNow - kDay, {food("rice", 150, "g", 195)})};
    request.undo = {{3, std::nullopt}};
  }
  const agent::AgentReply reply = local.reply(request, {});
  require(!reply.text.empty() && is_utf8(reply.text));
  require(reply.food_entries.empty() || reply.changes.empty());
  for (const FoodEntry& entry : reply.food_entries)
    check(entry);
  for (const FoodChange& change : reply.changes) {
    require(std::ranges::any_of(
        request.recent, [&](const FoodEntry& entry) { return entry.id == change.entry_id; }));
    if (change.after) check(*change.after);
  }
  return 0;
}
