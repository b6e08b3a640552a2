#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "health_agent/agent/agent.h"
#include "health_agent/api/admission.h"
#include "health_agent/api/handlers.h"
#include "health_agent/cache/memory_cache.h"
#include "health_agent/coach.h"
#include "health_agent/db/migrations.h"
#include "health_agent/db/pool.h"
#include "health_agent/settings.h"
#include "integration/fixture.h"
#include "integration/support/process.h"
#include "integration/support/raw_socket.h"
#include "integration/support/spellings.h"
#include "vitals/console/recent_events.h"
#include "vitals/metrics/registry.h"

namespace integration {
namespace {

using health_agent::api::Access;
using health_agent::api::Admission;
using health_agent::api::Entry;
using health_agent::api::RequestHead;
using health_agent::api::Route;
using health_agent::api::RouteTable;

constexpr const char* kWalkKey = "the-key-of-the-house";

/// The path with `value` for each part that the template leaves open.
std::string filled(std::string path, const std::string& value) {
  for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{'))
    path.replace(open, path.find('}') - open + 1, value);
  return path;
}

/// The routes that the service has with everything on, over a database of their own.
class World {
 public:
  [[nodiscard]] const RouteTable& routes() const { return table_; }

  /// The paths of all routes, with values for what the templates leave open.
  [[nodiscard]] std::set<std::string> paths() const {
    std::set<std::string> all;
    for (const Route& route : table_.routes()) {
      const std::string path{route.endpoint.route()};
      for (const char* value : {"ann", "app.css"})
        all.insert(filled(path, value));
    }
    for (const char* name : {"overview", "live", "error", "trace", "search", "health"})
      all.insert(std::string{"/console/api/"} + name);
    return all;
  }

 private:
  TempDir folder_;
  health_agent::db::Pool pool_{{.url = "sqlite:" + folder_.file("walk.db"), .size = 2}};
  const int migrated_ = health_agent::db::migrate(pool_);
  health_agent::db::Store store_{pool_};
  health_agent::db::Probe probe_{store_};
  health_agent::cache::MemoryCache cache_;
  health_agent::cache::CachedUsers users_{store_, cache_};
  std::unique_ptr<health_agent::agent::Agent> agent_ =
      health_agent::agent::make_agent(health_agent::agent_options({}));
  health_agent::Coach coach_{store_, users_, *agent_};
  vitals::metrics::Registry registry_;
  vitals::exporting::ScrapeHandler scrapes_{registry_};
  vitals::console::Console console_{&registry_, std::make_shared<vitals::console::RecentEvents>()};
  RouteTable table_ =
      health_agent::api::make_routes({.store = store_,
                                      .database = probe_,
                                      .cache = cache_,
                                      .users = users_,
                                      .coach = coach_,
                                      .agent = *agent_,
                                      .metrics = &scrapes_,
                                      .take_update = [](std::string_view) { return true; },
                                      .console = &console_});
};

/// Whether an answer of the console's open part is what it may be: a file of the page, or nothing.
bool is_of_the_page(int status, bool has_etag) {
  return status == 404 || status == 405 || has_etag;
}

TEST(AccessWalk, NoSpellingOfAnyRouteIsLetInWithoutItsKey) {
  const World world;
  Admission closed{{.keys = {kWalkKey}, .telegram_secret = "hush"}, world.routes()};
  int tried = 0;
  std::map<std::string, int> let_in;
  for (const std::string& path : world.paths()) {
    for (const std::string& target : spellings_of(path)) {
      for (const std::string_view method : kMethods) {
        ++tried;
        RequestHead head;
        head.method = vitals::monitor::parse_method(method);
        head.target = target;
        head.host = "localhost";
        head.remote_address = "127.0.0.1";
        const Entry entry = closed.decide(head);
        if (entry.refusal || entry.ready) continue;
        SCOPED_TRACE(std::string{method} + " " + target);
        const Route* const route = entry.match.route;
        ASSERT_NE(route, nullptr);
        ++let_in[std::string{route->endpoint.route()}];
        ASSERT_TRUE(route->access == Access::kProbes || route->access == Access::kEverybody);
        if (route->access == Access::kProbes) {
          EXPECT_TRUE(entry.path == "/api/health" || entry.path == "/metrics") << entry.path;
          continue;
        }
        health_agent::api::Request request;
        request.method = head.method;
        request.path = entry.path;
        request.query = entry.query;
        request.params = entry.match.params;
        request.header = [](std::string_view) { return std::string_view{}; };
        const health_agent::api::Response response = route->handler(request);
        bool etag = false;
        for (const auto& [name, value] : response.headers)
          etag = etag || name == "ETag";
        EXPECT_TRUE(is_of_the_page(response.status, etag)) << response.status << response.body;
        EXPECT_FALSE(response.attach) << "a live stream";
      }
    }
  }
  EXPECT_GT(tried, 50'000);
  // The walk is no walk if all is refused.
  for (const char* open : {"/api/health", "/metrics", "/console", "/console/{file}"})
    EXPECT_GT(let_in[open], 0) << open;
}

TEST(AccessWalk, EveryRouteIsReachedByItsOwnSpellingWithTheKey) {
  const World world;
  Admission closed{{.keys = {kWalkKey}, .telegram_secret = "hush"}, world.routes()};
  const std::string bearer = std::string{"Bearer "} + kWalkKey;
  for (const Route& route : world.routes().routes()) {
    const std::string path = filled(std::string{route.endpoint.route()}, "overview");
    RequestHead head;
    head.method = route.endpoint.method();
    head.target = path;
    head.host = "localhost";
    head.authorization = bearer;
    head.telegram_secret = "hush";
    head.remote_address = "127.0.0.1";
    const Entry entry = closed.decide(head);
    EXPECT_EQ(entry.match.route, &route) << route.endpoint.name();
    EXPECT_EQ(entry.refusal, nullptr) << route.endpoint.name();
  }
}

TEST(AccessWalk, OpenIsOnlyWhatTheSpecificationNames) {
  const World world;
  std::set<std::string> open;
  for (const Route& route : world.routes().routes()) {
    if (route.access != Access::kKeyHolders) open.insert(std::string{route.endpoint.name()});
  }
  EXPECT_EQ(open, (std::set<std::string>{"GET /api/health", "GET /metrics", "GET /console",
                                         "GET /console/{file}", "POST /api/v1/telegram/webhook"}));
}

/// Over a socket the server's own reading of the request line is walked too.
TEST(AccessWalk, NoSpellingIsAnsweredWithoutAKeyOverASocket) {
  const World world;
  const Service service{health_agent({{"API_KEYS", kWalkKey}, {"LOG_LEVEL", "error"}})};
  auto socket = std::make_unique<RawSocket>(service.api_port());
  int answered = 0;
  std::map<int, int> statuses;
  for (const std::string& path : world.paths()) {
    if (!path.starts_with("/console/api/") && !path.starts_with("/api/v1/users/ann") &&
        path != "/api/cache/stats" && path != "/api/openapi.json" && path != "/console/ann")
      continue;
    for (const std::string& target : spellings_of(path)) {
      const std::string method = answered % 5 == 0 ? "DELETE" : "GET";
      SCOPED_TRACE(method + " " + target);
      const std::string request =
          method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
      if (!socket->send(request)) {
        socket = std::make_unique<RawSocket>(service.api_port());
        ASSERT_TRUE(socket->send(request));
      }
      const auto response = socket->read_response(60s);
      ++answered;
      if (!response || response->header("connection") == "close")
        socket = std::make_unique<RawSocket>(service.api_port());
      if (!response) continue;
      ++statuses[response->status];
      // None of these paths is open under any spelling, but for the files of the page.
      EXPECT_TRUE(response->status >= 400 || response->headers.contains("etag"))
          << response->status << " " << response->body.substr(0, 300);
    }
  }
  EXPECT_GT(answered, 2'000);
  EXPECT_GT(statuses[401], 0);
  EXPECT_GT(statuses[400], 0);
  EXPECT_EQ(statuses[500], 0);
}

}  // namespace
}  // namespace integration
