#include "health_agent/api/food_handlers.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "health_agent/api/json_input.h"
#include "health_agent/api/json_output.h"
#include "health_agent/api/user_handler.h"
#include "health_agent/errors.h"
#include "health_agent/goals.h"
#include "health_agent/json_type.h"
#include "health_agent/preferences.h"
#include "health_agent/time.h"

namespace health_agent::api {
namespace {

using nlohmann::json;
using vitals::monitor::Method;

constexpr std::string_view kFoodPath = "/api/v1/users/{user_id}/food";
constexpr std::string_view kEntryPath = "/api/v1/users/{user_id}/food/{entry_id}";
constexpr std::int64_t kMostDays = 366;
/// That are loaded together, where there are many.
constexpr std::int64_t kDaysAtOnce = 31;

/// The id in the path: decimal digits, without zeros in front, so that an entry has one path.
std::int64_t path_entry(const Request& request) {
  const std::string& text = request.params.at(1);
  const bool digits =
      !text.empty() && text.size() <= kMaxIdSize &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
      (text.front() != '0' || text == "0");
  if (!digits) {
    throw ValidationError("entry_id in the path: a number like 17 is wanted, not " +
                          dump(json(text.substr(0, 60))));
  }
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  // No entry has a number that is too large.
  return error == std::errc{} ? id : 0;
}

std::optional<std::int64_t> day_parameter(const Request& request, std::string_view name) {
  const auto text = find_query_value(request.query, name);
  if (!text || (text->empty() && name == "date")) return std::nullopt;
  const auto day = parse_date(*text);
  if (!day) {
    throw ValidationError("parameter '" + std::string{name} +
                          "': a day like 2026-11-24 is wanted, not " +
                          dump(json(text->substr(0, 60))));
  }
  return day;
}

/// The members of `more` stand behind the date and the entries. Written entry by entry: as one
/// document, a long day would take many times its length.
std::string day_text(std::int64_t day, const cache::DaySummary& summary, json more) {
  std::string text = "{\"date\":\"" + format_date(day) + "\",\"entries\":[";
  for (const FoodEntry& entry : summary.entries) {
    if (&entry != &summary.entries.front()) text += ',';
    text += dump(to_json(entry));
  }
  more["totals"] = to_json(summary.totals);
  return text.append("],").append(dump(more), 1);
}

Response text_response(std::string text) {
  Response response;
  response.body = std::move(text);
  return response;
}

/// `goals` and what is `left` of them, which is below 0 when it was more; neither without goals.
void add_goals(json& day, const Fields& preferences, const Totals& totals) {
  const Goals goals = goals_of(preferences);
  for (const GoalKind& kind : goal_kinds()) {
    const std::optional<double> goal = goals.*kind.goal;
    if (!goal) continue;
    day["goals"][kind.name] = *goal;
    day["left"][kind.name] = *goal - totals.*kind.total;
  }
}

class FoodHandlers {
 public:
  FoodHandlers(const Services& services, std::shared_ptr<Retries> retries)
      : services_(services), retries_(std::move(retries)) {}

  Response post(Request& request, const std::string& id) const {
    const std::int64_t now = unix_now();
    const json body = parse_object(request.body, {"foods", "meal_type", "timestamp", "notes"});
    FoodEntry entry = read_food_entry(body, now);
    entry.user_id = id;
    const auto attempt = retries_->begin(request, id, "POST /food", dump(body));
    if (!attempt) return json_response(201, to_json(services_.coach.log_food(entry, now)));
    if (attempt->first()) return replay(*attempt->first());
    try {
      const FoodEntry stored = services_.coach.log_food(
          entry, now, [&](db::Connection& connection, std::span<const FoodEntry> entries) {
            attempt->keep(connection, 201, dump(to_json(entries.front())));
          });
      return json_response(201, to_json(stored));
    } catch (const db::KeyTaken&) {
      return replay(attempt->faster());
    }
  }

  Response get(Request& request, const std::string& id) const {
    const auto date = day_parameter(request, "date");
    const auto from = day_parameter(request, "from");
    const auto to = day_parameter(request, "to");
    if (from || to) {
      if (date) throw ValidationError("parameter 'date' does not go with 'from' and 'to'");
      if (!from || !to) throw ValidationError("the parameters 'from' and 'to' are wanted together");
      return get_days(id, *from, *to);
    }
    const std::int64_t now = unix_now();
    const Fields preferences = services_.users.preferences(id);
    const TimeZone zone = zone_of(preferences);
    const std::int64_t day = date.value_or(zone.day_of(now));
    const cache::DaySummary summary = services_.users.food_of_day(id, zone, day, now);
    json more = {{"user_id", id}};
    add_goals(more, preferences, summary.totals);
    return text_response(day_text(day, summary, std::move(more)));
  }

  Response get_entry(Request& request, const std::string& id) const {
    const std::int64_t number = path_entry(request);
    const auto entry = services_.store.food_entry(id, number);
    if (!entry) {
      throw RecordNotFoundError("user '" + id + "' has no food entry " + request.params.at(1));
    }
    return json_response(200, to_json(*entry));
  }

  Response patch_entry(Request& request, const std::string& id) const {
    const std::int64_t number = path_entry(request);
    const FoodEdit edit =
        read_food_edit(parse_object(request.body, {"foods", "meal_type", "timestamp", "notes"}));
    const FoodEntry entry =
        services_.users.edit_food(id, number, [&edit](FoodEntry& changed) { edit.apply(changed); });
    return json_response(200, to_json(entry));
  }

  Response delete_entry(Request& request, const std::string& id) const {
    services_.users.change_food(id, {path_entry(request), std::nullopt});
    return no_content();
  }

 private:
  Response get_days(const std::string& id, std::int64_t from, std::int64_t to) const {
    if (to < from) throw ValidationError("parameter 'to' is a day before 'from'");
    if (to - from >= kMostDays) {
      throw ValidationError("the parameters 'from' and 'to' name " + std::to_string(to - from + 1) +
                            " days; at most " + std::to_string(kMostDays) + " are wanted");
    }
    const TimeZone zone = zone_of(services_.users.preferences(id));
    if (services_.store.food_text(id, zone.start_of(from), zone.start_of(to + 1)) > kMaxFoodText) {
      throw ValidationError(
          "the parameters 'from' and 'to' name days with more than " +
          std::to_string(kMaxFoodText / 1024 / 1024) +
          " MiB of foods and notes, too much for one answer; ask for fewer days at once");
    }
    std::string text = "{\"days\":[";
    Totals totals;
    for (std::int64_t day = from; day <= to;) {
      const std::int64_t last = std::min(day + kDaysAtOnce - 1, to);
      for (const cache::DaySummary& summary : services_.users.food_of_days(id, zone, day, last)) {
        totals += summary.totals;
        if (day != from) text += ',';
        text += day_text(day++, summary, json::object());
      }
    }
    const json more = {{"user_id", id},
                       {"from", format_date(from)},
                       {"to", format_date(to)},
                       {"totals", to_json(totals)}};
    return text_response(text.append("],").append(dump(more), 1));
  }

  Services services_;
  std::shared_ptr<Retries> retries_;
};

}  // namespace

void add_food_routes(RouteTable& table, const Services& services,
                     const std::shared_ptr<Retries>& retries) {
  const auto handlers = std::make_shared<const FoodHandlers>(services, retries);
  const auto add = [&](Method method, std::string_view path, std::string_view operation,
                       Response (FoodHandlers::*handler)(Request&, const std::string&) const) {
    table.add({{method, path, operation},
               for_user([handlers, handler](Request& request, const std::string& id) {
                 return ((*handlers).*handler)(request, id);
               })});
  };
  add(Method::kPost, kFoodPath, "save_food_entry", &FoodHandlers::post);
  add(Method::kGet, kFoodPath, "get_food", &FoodHandlers::get);
  add(Method::kGet, kEntryPath, "get_food_entry", &FoodHandlers::get_entry);
  add(Method::kPatch, kEntryPath, "update_food_entry", &FoodHandlers::patch_entry);
  add(Method::kDelete, kEntryPath, "delete_food_entry", &FoodHandlers::delete_entry);
}

}  // namespace health_agent::api
