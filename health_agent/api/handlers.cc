#include "health_agent/api/handlers.h"

#include <utility>

#include "health_agent/api/chat_handlers.h"
#include "health_agent/api/console_routes.h"
#include "health_agent/api/export_handler.h"
#include "health_agent/api/food_handlers.h"
#include "health_agent/api/json_input.h"
#include "health_agent/api/json_output.h"
#include "health_agent/api/openapi.h"
#include "health_agent/api/retries.h"
#include "health_agent/api/user_handler.h"
#include "health_agent/errors.h"
#include "health_agent/json_type.h"
#include "health_agent/preferences.h"
#include "health_agent/time.h"
#include "health_agent/version.h"

namespace health_agent::api {
namespace {

using nlohmann::json;
using vitals::monitor::Method;
class Handlers {
 public:
  explicit Handlers(const Services& services) : services_(services) {}

  Response create_user(Request& request) const {
    const json body = parse_object(request.body, {"user_id", "profile"});
    const std::string id = require_user_id("user_id", required_string(body, "user_id", kMaxIdSize));
    const Fields profile = optional_fields(body, "profile");
    begin_for(request, id);
    const bool created = services_.coach.welcome(id, unix_now());
    for (const auto& [field, value] : profile)
      services_.users.set_profile_field(id, field, value);
    return json_response(created ? 201 : 200, describe_user(id));
  }

  Response get_user(Request&, const std::string& id) const {
    return json_response(200, describe_user(id));
  }

  Response delete_user(Request&, const std::string& id) const {
    if (!services_.users.delete_user(id))
      throw RecordNotFoundError("user '" + id + "' does not exist");
    return no_content();
  }

  Response get_profile(Request&, const std::string& id) const {
    return json_response(200, {{"user_id", id}, {"profile", to_json(services_.users.profile(id))}});
  }

  Response patch_profile(Request& request, const std::string& id) const {
    const json body = parse_object(request.body, {"field", "value"});
    services_.users.set_profile_field(id, required_name(body, "field"),
                                      required_value(body, "value"));
    return json_response(200, {{"user_id", id}, {"profile", to_json(services_.users.profile(id))}});
  }

  Response get_preferences(Request&, const std::string& id) const {
    return json_response(
        200, {{"user_id", id}, {"preferences", to_json(services_.users.preferences(id))}});
  }

  Response patch_preferences(Request& request, const std::string& id) const {
    const json body = parse_object(request.body, {"preference", "value"});
    const std::string name = required_name(body, "preference");
    const std::string value = required_value(body, "value");
    check_preference(name, value);
    services_.users.set_preference(id, name, value);
    return json_response(
        200, {{"user_id", id}, {"preferences", to_json(services_.users.preferences(id))}});
  }

  Response delete_conversation(Request&, const std::string& id) const {
    services_.store.clear_conversation(id);
    return no_content();
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
    const bool full = services_.cache.full();
    const bool bot_well = !services_.bot_healthy || services_.bot_healthy();
    const bool metrics_well = !services_.metrics_healthy || services_.metrics_healthy();
    const bool well = there && !busy && writes && listens && !full && bot_well && metrics_well;
    const char* const database = !there    ? "unavailable"
                                 : !writes ? "read-only"
                                 : busy    ? "busy"
                                           : "ok";
    json body = {{"status", well    ? "ok"
                            : there ? "degraded"
                                    : "unavailable"},
                 {"database", database},
                 {"cache", !services_.cache.healthy() ? "unavailable"
                           : full                     ? "degraded"
                                                      : "ok"},
                 {"agent", services_.agent.healthy() ? "ok" : "degraded"},
                 {"listener", listens ? "ok" : "degraded"},
                 {"timestamp", format_timestamp(unix_now())},
                 {"version", kVersion}};
    if (services_.bot_healthy) body["bot"] = bot_well ? "ok" : "degraded";
    if (services_.metrics_healthy) body["metrics_listener"] = metrics_well ? "ok" : "degraded";
    return json_response(there ? 200 : 503, body);
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
    json about = json::object();  // braces would allocate each member twice
    about["user_id"] = id;
    about["created_at"] = format_timestamp(user->created_at);
    about["profile"] = to_json(services_.users.profile(id));
    about["preferences"] = to_json(services_.users.preferences(id));
    return about;
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
  const auto add_of_user = [&](Method method, std::string_view path, std::string_view operation,
                               Response (Handlers::*handler)(Request&, const std::string&) const) {
    table.add({{method, path, operation},
               for_user([handlers, handler](Request& request, const std::string& id) {
                 return ((*handlers).*handler)(request, id);
               })});
  };
  const auto retries = std::make_shared<Retries>(services.store);
  add_chat_route(table, services, retries);
  add(Method::kPost, "/api/v1/users", "create_user", &Handlers::create_user);
  add_of_user(Method::kGet, "/api/v1/users/{user_id}", "get_user", &Handlers::get_user);
  add_of_user(Method::kDelete, "/api/v1/users/{user_id}", "delete_user", &Handlers::delete_user);
  add_of_user(Method::kGet, "/api/v1/users/{user_id}/profile", "get_profile",
              &Handlers::get_profile);
  add_of_user(Method::kPatch, "/api/v1/users/{user_id}/profile", "update_profile",
              &Handlers::patch_profile);
  add_of_user(Method::kGet, "/api/v1/users/{user_id}/preferences", "get_preferences",
              &Handlers::get_preferences);
  add_of_user(Method::kPatch, "/api/v1/users/{user_id}/preferences", "update_preferences",
              &Handlers::patch_preferences);
  add_of_user(Method::kDelete, "/api/v1/users/{user_id}/conversation", "clear_conversation",
              &Handlers::delete_conversation);
  add_food_routes(table, services, retries);
  add_export_route(table, services);
  add(Method::kGet, "/api/health", "health", &Handlers::health, Access::kProbes);
  add(Method::kGet, "/api/cache/stats", "cache_stats", &Handlers::cache_stats);
  if (services.take_update) {
    add(Method::kPost, "/api/v1/telegram/webhook", "telegram_webhook", &Handlers::telegram_webhook,
        Access::kTelegram);
  }
  if (services.metrics != nullptr) {
    table.add({{Method::kGet, "/metrics", "metrics"},
               [handlers](Request& request) { return handlers->metrics(request); },
               Access::kProbes,
               Pace::kDatabase,
               true});
  }
  if (services.console != nullptr) add_console_routes(table, *services.console);
  add_openapi_route(table);
  return table;
}

}  // namespace health_agent::api
