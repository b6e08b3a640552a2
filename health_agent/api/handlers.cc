#include "health_agent/api/handlers.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "health_agent/api/console_routes.h"
#include "health_agent/api/json_input.h"
#include "health_agent/errors.h"
#include "health_agent/faults.h"
#include "health_agent/preferences.h"
#include "health_agent/time.h"
#include "health_agent/version.h"

namespace health_agent::api {
namespace {

using nlohmann::json;
using vitals::monitor::Method;
using Clock = std::chrono::steady_clock;

/// After so much silence of the model a stream says that it is alive.
constexpr auto kSilence = std::chrono::seconds{2};

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Response json_response(int status, const json& body) {
  Response response;
  response.status = status;
  response.body = dump(body);
  return response;
}

Response no_content() {
  Response response;
  response.status = 204;
  response.content_type.clear();
  return response;
}

json to_json(const Fields& fields) {
  json object = json::object();
  for (const auto& [name, text] : fields)
    object[name] = json::parse(text, nullptr, false);
  return object;
}

json to_json(const FoodEntry& entry) {
  json foods = json::array();
  for (const Food& food : entry.foods) {
    json item = {{"name", food.name},
                 {"quantity", food.quantity},
                 {"unit", food.unit},
                 {"calories", food.calories}};
    if (food.protein) item["protein"] = *food.protein;
    if (food.carbs) item["carbs"] = *food.carbs;
    if (food.fat) item["fat"] = *food.fat;
    foods.push_back(std::move(item));
  }
  return {{"id", entry.id},
          {"user_id", entry.user_id},
          {"foods", std::move(foods)},
          {"meal_type", entry.meal_type},
          {"timestamp", format_timestamp(entry.timestamp)},
          {"notes", entry.notes}};
}

json to_json(const Totals& totals) {
  return {{"calories", totals.calories},
          {"protein", totals.protein},
          {"carbs", totals.carbs},
          {"fat", totals.fat}};
}

/// Tells the monitoring who asks, and lets a configured fault happen: from here on an event names
/// its user.
void identify(const Request& request, const std::string& id) {
  request.scope->set_user(id);
  faults::maybe_fail(faults::Fault::kHandler);
}

/// The user that the path names, checked and identified.
const std::string& path_user(const Request& request) {
  const std::string& id = require_user_id("user_id in the path", request.params.at(0));
  identify(request, id);
  return id;
}

class Handlers {
 public:
  explicit Handlers(const Services& services) : services_(services) {}

  Response create_user(Request& request) const {
    const json body = parse_object(request.body, {"user_id", "profile"});
    const std::string id = require_user_id("user_id", required_string(body, "user_id", kMaxIdSize));
    const Fields profile = optional_fields(body, "profile");
    identify(request, id);
    const bool created = services_.coach.welcome(id, unix_now());
    for (const auto& [field, value] : profile)
      services_.users.set_profile_field(id, field, value);
    return json_response(created ? 201 : 200, describe_user(id));
  }

  Response get_user(Request& request) const {
    return json_response(200, describe_user(path_user(request)));
  }

  Response delete_user(Request& request) const {
    const std::string& id = path_user(request);
    if (!services_.users.delete_user(id))
      throw RecordNotFoundError("user '" + id + "' does not exist");
    return no_content();
  }

  Response get_profile(Request& request) const {
    const std::string& id = path_user(request);
    return json_response(200, {{"user_id", id}, {"profile", to_json(services_.users.profile(id))}});
  }

  Response patch_profile(Request& request) const {
    const std::string& id = path_user(request);
    const json body = parse_object(request.body, {"field", "value"});
    services_.users.set_profile_field(id, required_name(body, "field"),
                                      required_value(body, "value"));
    return json_response(200, {{"user_id", id}, {"profile", to_json(services_.users.profile(id))}});
  }

  Response get_preferences(Request& request) const {
    const std::string& id = path_user(request);
    return json_response(
        200, {{"user_id", id}, {"preferences", to_json(services_.users.preferences(id))}});
  }

  Response patch_preferences(Request& request) const {
    const std::string& id = path_user(request);
    const json body = parse_object(request.body, {"preference", "value"});
    const std::string name = required_name(body, "preference");
    const std::string value = required_value(body, "value");
    check_preference(name, value);
    services_.users.set_preference(id, name, value);
    return json_response(
        200, {{"user_id", id}, {"preferences", to_json(services_.users.preferences(id))}});
  }

  Response delete_conversation(Request& request) const {
    services_.store.clear_conversation(path_user(request));
    return no_content();
  }

  Response post_food(Request& request) const {
    const std::string& id = path_user(request);
    const std::int64_t now = unix_now();
    FoodEntry entry = read_food_entry(
        parse_object(request.body, {"foods", "meal_type", "timestamp", "notes"}), now);
    entry.user_id = id;
    return json_response(201, to_json(services_.coach.log_food(std::move(entry), now)));
  }

  Response get_food(Request& request) const {
    const std::string& id = path_user(request);
    const std::int64_t now = unix_now();
    const TimeZone zone = zone_of(services_.users.preferences(id));
    std::int64_t day = zone.day_of(now);
    if (const std::string date = query_value(request.query, "date"); !date.empty()) {
      const auto parsed = parse_date(date);
      if (!parsed)
        throw ValidationError("parameter 'date': a day like 2026-11-24 is wanted, not " +
                              dump(json(date.substr(0, 60))));
      day = *parsed;
    }
    const cache::DaySummary summary = services_.users.food_of_day(id, zone, day, now);
    json entries = json::array();
    for (const FoodEntry& entry : summary.entries)
      entries.push_back(to_json(entry));
    return json_response(200, {{"user_id", id},
                               {"date", format_date(day)},
                               {"entries", std::move(entries)},
                               {"totals", to_json(summary.totals)}});
  }

  Response chat(Request& request) const {
    const json body = parse_object(request.body, {"user_id", "message", "message_history"});
    const std::string id = require_user_id("user_id", required_string(body, "user_id", kMaxIdSize));
    std::string message = required_string(body, "message", kMaxMessageSize);
    std::optional<std::vector<Message>> history;
    if (const auto given = body.find("message_history"); given != body.end() && !given->is_null()) {
      history = read_history(*given);
    }
    identify(request, id);
    if (request.header("Accept").find("text/event-stream") != std::string_view::npos) {
      return stream_chat(request, id, std::move(message), std::move(history));
    }
    const std::int64_t now = unix_now();
    const Answer answer = services_.coach.chat(id, std::move(message), std::move(history), now);
    return json_response(200, chat_answer(answer, id, now, request.scope->request_id()));
  }

  /// With `?live` it only says that the service answers: for a probe that restarts what does not,
  /// which brings no database back.
  Response health(Request& request) const {
    if (request.query == "live" || request.query.starts_with("live=")) {
      return json_response(
          200,
          {{"status", "ok"}, {"timestamp", format_timestamp(unix_now())}, {"version", kVersion}});
    }
    const db::Probe::Answer answer = services_.database.ask();
    const bool there = answer != db::Probe::Answer::kAway;
    const bool busy = answer == db::Probe::Answer::kBusy;
    const bool listens = services_.listener == nullptr || !services_.listener->troubled;
    const bool writes = !services_.store.writing_fails();
    const bool well = there && !busy && writes && listens;
    const char* const database = !there    ? "unavailable"
                                 : !writes ? "read-only"
                                 : busy    ? "busy"
                                           : "ok";
    return json_response(there ? 200 : 503,
                         {{"status", well    ? "ok"
                                     : there ? "degraded"
                                             : "unavailable"},
                          {"database", database},
                          {"cache", services_.cache.healthy() ? "ok" : "unavailable"},
                          {"agent", services_.agent.healthy() ? "ok" : "degraded"},
                          {"listener", listens ? "ok" : "degraded"},
                          {"timestamp", format_timestamp(unix_now())},
                          {"version", kVersion}});
  }

  Response cache_stats(Request&) const {
    const cache::CacheStats stats = services_.cache.stats();
    const std::uint64_t gets = stats.hits + stats.misses;
    return json_response(
        200,
        {{"backend", stats.backend},
         {"hits", stats.hits},
         {"misses", stats.misses},
         {"hit_rate",
          gets == 0 ? json() : json(static_cast<double>(stats.hits) / static_cast<double>(gets))},
         {"size", stats.size}});
  }

  /// Answers before the update is: Telegram sends again what it has waited for too long.
  Response telegram_webhook(Request& request) const {
    constexpr int kComeAgain = 5;
    if (!services_.take_update(request.body))
      throw RateLimitError("the bot has as many updates in hand as it can hold", kComeAgain);
    return json_response(200, json::object());
  }

  Response metrics(Request& request) const {
    // The page for HEAD too, whose body the server leaves out: so the length is that of the page.
    const Method method = request.method == Method::kHead ? Method::kGet : request.method;
    vitals::exporting::ScrapeResponse scraped =
        services_.metrics->handle({.method = vitals::monitor::to_string(method),
                                   .accept = request.header("Accept"),
                                   .accept_encoding = request.header("Accept-Encoding"),
                                   .authorization = request.header("Authorization"),
                                   .query = request.query});
    Response response;
    response.status = scraped.status;
    response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
    response.content_type = std::move(scraped.content_type);
    response.body = std::move(scraped.body);
    if (!scraped.content_encoding.empty())
      response.headers.emplace_back("Content-Encoding", scraped.content_encoding);
    if (!scraped.www_authenticate.empty())
      response.headers.emplace_back("WWW-Authenticate", scraped.www_authenticate);
    return response;
  }

 private:
  json describe_user(const std::string& id) const {
    const std::optional<User> user = services_.store.find_user(id);
    if (!user) throw RecordNotFoundError("user '" + id + "' does not exist");
    return {{"user_id", id},
            {"created_at", format_timestamp(user->created_at)},
            {"profile", to_json(services_.users.profile(id))},
            {"preferences", to_json(services_.users.preferences(id))}};
  }

  static json chat_answer(const Answer& answer, const std::string& id, std::int64_t now,
                          std::string_view request_id) {
    json body = {{"response", answer.text},
                 {"user_id", id},
                 {"timestamp", format_timestamp(now)},
                 {"request_id", request_id}};
    if (!answer.food_entries.empty()) body["food_entry"] = to_json(answer.food_entries.front());
    return body;
  }

  /// Server-sent events: `delta` {text} for each piece, then `done` with the whole answer as JSON,
  /// or `error`. While the model is silent a comment comes from time to time: it keeps what stands
  /// in between from closing the connection, and finds out that the client has left.
  Response stream_chat(Request& request, const std::string& id, std::string message,
                       std::optional<std::vector<Message>> history) const {
    Response response;
    response.content_type = "text/event-stream; charset=utf-8";
    response.headers.emplace_back("Cache-Control", "no-store");
    response.headers.emplace_back("X-Accel-Buffering", "no");  // nginx would gather the pieces
    response.stream = [this, id, message = std::move(message), history = std::move(history),
                       request_id =
                           std::string{request.scope->request_id()}](const StreamWriter& write) {
      const std::int64_t now = unix_now();
      auto last = Clock::now();
      const Answer answer =
          services_.coach.chat(id, message, history, now, [&](std::string_view piece) {
            if (piece.empty()) {
              if (Clock::now() - last < kSilence) return true;
              last = Clock::now();
              return write(": the coach is thinking\n\n");
            }
            last = Clock::now();
            return write("event: delta\ndata: " + dump({{"text", piece}}) + "\n\n");
          });
      write("event: done\ndata: " + dump(chat_answer(answer, id, now, request_id)) + "\n\n");
    };
    return response;
  }

  Services services_;
};

}  // namespace

RouteTable make_routes(const Services& services) {
  const auto handlers = std::make_shared<const Handlers>(services);
  RouteTable table;
  const auto add = [&](Method method, std::string_view path, std::string_view operation,
                       Response (Handlers::*handler)(Request&) const,
                       Access access = Access::kKeyHolders) {
    table.add({{method, path, operation},
               [handlers, handler](Request& request) { return ((*handlers).*handler)(request); },
               access});
  };
  add(Method::kPost, "/api/v1/chat", "chat", &Handlers::chat);
  add(Method::kPost, "/api/v1/users", "create_user", &Handlers::create_user);
  add(Method::kGet, "/api/v1/users/{user_id}", "get_user", &Handlers::get_user);
  add(Method::kDelete, "/api/v1/users/{user_id}", "delete_user", &Handlers::delete_user);
  add(Method::kGet, "/api/v1/users/{user_id}/profile", "get_profile", &Handlers::get_profile);
  add(Method::kPatch, "/api/v1/users/{user_id}/profile", "update_profile",
      &Handlers::patch_profile);
  add(Method::kGet, "/api/v1/users/{user_id}/preferences", "get_preferences",
      &Handlers::get_preferences);
  add(Method::kPatch, "/api/v1/users/{user_id}/preferences", "update_preferences",
      &Handlers::patch_preferences);
  add(Method::kDelete, "/api/v1/users/{user_id}/conversation", "clear_conversation",
      &Handlers::delete_conversation);
  add(Method::kPost, "/api/v1/users/{user_id}/food", "save_food_entry", &Handlers::post_food);
  add(Method::kGet, "/api/v1/users/{user_id}/food", "get_food", &Handlers::get_food);
  add(Method::kGet, "/api/health", "health", &Handlers::health, Access::kProbes);
  add(Method::kGet, "/api/cache/stats", "cache_stats", &Handlers::cache_stats);
  if (services.take_update) {
    add(Method::kPost, "/api/v1/telegram/webhook", "telegram_webhook", &Handlers::telegram_webhook,
        Access::kTelegram);
  }
  if (services.metrics != nullptr) {
    add(Method::kGet, "/metrics", "metrics", &Handlers::metrics, Access::kProbes);
  }
  if (services.console != nullptr) add_console_routes(table, *services.console);
  return table;
}

}  // namespace health_agent::api
