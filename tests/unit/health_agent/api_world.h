#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "health_agent/api/error_body.h"
#include "health_agent/api/handlers.h"
#include "health_agent/cache/memory_cache.h"
#include "health_agent/db/migrations.h"
#include "health_agent/errors.h"
#include "tests/unit/health_agent/db_testing.h"
#include "vitals/console/recent_events.h"

namespace health_agent::api {

/// An agent that does what the test says.
class ToldAgent final : public agent::Agent {
 public:
  agent::AgentReply reply(const agent::AgentRequest& request,
                          const agent::OnText& on_text) override {
    ++calls;
    if (meanwhile) meanwhile();
    if (fails) throw AgentError("no answer");
    agent::AgentReply answer = next;
    if (answer.text.empty()) answer.text = "You said: " + request.message;
    if (on_text && !on_text(answer.text)) answer.cancelled = true;
    return answer;
  }
  [[nodiscard]] agent::AgentType type() const noexcept override { return agent::AgentType::kLocal; }
  [[nodiscard]] std::string model() const override { return "told"; }

  agent::AgentReply next;
  std::function<void()> meanwhile;
  int calls = 0;
  bool fails = false;
};

/// What a handler gave, or the error that stands for it.
struct Given {
  int status = 0;
  std::map<std::string, std::string> headers;
  std::string body;

  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};

struct Ask {
  std::string body{};
  std::string idempotency_key{};
  std::string key_name{};
  bool streamed = false;
};

/// The API's handlers over a database, without a server. A second one on the same path is another
/// process, or the next.
class ApiProcess {
 public:
  explicit ApiProcess(const std::string& path) : pool_{{.url = "sqlite:" + path, .size = 4}} {}

  [[nodiscard]] Given call(vitals::monitor::Method method, const std::string& target,
                           const Ask& ask = {}) {
    const std::size_t mark = target.find('?');
    const std::string path = target.substr(0, mark);
    const std::string query = mark == std::string::npos ? "" : target.substr(mark + 1);
    RouteTable::Match match = routes_.find(method, path);
    if (match.route == nullptr) return {.status = 405, .headers = {}, .body = {}};
    vitals::monitor::RequestScope scope{{}};
    Request request;
    request.method = method;
    request.path = path;
    request.query = query;
    request.body = ask.body;
    request.key_name = ask.key_name;
    if (!ask.idempotency_key.empty()) request.idempotency_key = ask.idempotency_key;
    request.params = std::move(match.params);
    request.header = [&ask](std::string_view name) {
      return std::string_view{name == "Accept" && ask.streamed ? "text/event-stream" : ""};
    };
    request.scope = &scope;
    Response response;
    std::string streamed;
    try {
      response = match.route->handler(request);
      if (response.stream) {
        response.stream([&](std::string_view piece) {
          streamed += piece;
          return !client_leaves;
        });
      }
    } catch (const ServiceError& error) {
      response = error_response(error, scope.request_id());
    }
    Given given{response.status, {}, response.stream ? streamed : response.body};
    for (const auto& [name, value] : response.headers)
      given.headers[name] = value;
    return given;
  }
  [[nodiscard]] Given get(const std::string& target) {
    return call(vitals::monitor::Method::kGet, target);
  }
  [[nodiscard]] Given post(const std::string& target, const Ask& ask) {
    return call(vitals::monitor::Method::kPost, target, ask);
  }
  [[nodiscard]] Given patch(const std::string& target, const nlohmann::json& body) {
    return call(vitals::monitor::Method::kPatch, target, {.body = body.dump()});
  }
  [[nodiscard]] Given del(const std::string& target) {
    return call(vitals::monitor::Method::kDelete, target);
  }

  [[nodiscard]] const RouteTable& routes() const { return routes_; }
  [[nodiscard]] db::Store& store() { return store_; }
  [[nodiscard]] db::Pool& pool() { return pool_; }
  [[nodiscard]] auto free_connections() const { return pool_.counts().available; }

  ToldAgent agent;
  bool client_leaves = false;

 private:
  db::Pool pool_;
  const int migrated_ = db::migrate(pool_);
  db::Store store_{pool_};
  db::Probe probe_{store_};
  cache::MemoryCache cache_;
  cache::CachedUsers users_{store_, cache_};
  Coach coach_{store_, users_, agent};
  vitals::metrics::Registry registry_;
  vitals::exporting::ScrapeHandler scrapes_{registry_};
  vitals::console::Console console_{&registry_, std::make_shared<vitals::console::RecentEvents>()};
  RouteTable routes_ = make_routes({.store = store_,
                                    .database = probe_,
                                    .cache = cache_,
                                    .users = users_,
                                    .coach = coach_,
                                    .agent = agent,
                                    .metrics = &scrapes_,
                                    .take_update = [](std::string_view) { return true; },
                                    .console = &console_});
};

}  // namespace health_agent::api
