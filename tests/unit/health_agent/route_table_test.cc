#include "health_agent/api/route_table.h"

#include <gmock/gmock.h>

namespace health_agent::api {
namespace {

using ::testing::ElementsAre;
using vitals::monitor::Method;

RouteTable table() {
  RouteTable routes;
  routes.add({{Method::kGet, "/users/{id}", "get"}, Access::kEverybody, nullptr});
  routes.add({{Method::kDelete, "/users/{id}", "delete"}, Access::kEverybody, nullptr});
  routes.add({{Method::kGet, "/users/{id}/food", "food"}, Access::kEverybody, nullptr});
  routes.add({{Method::kGet, "/health", "health"}, Access::kEverybody, nullptr});
  return routes;
}

TEST(RouteTable, FindsTheTemplateAndItsValues) {
  const RouteTable routes = table();
  const auto match = routes.find(Method::kGet, "/users/ana%40home/food");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.path, "/users/{id}/food");
  EXPECT_THAT(match.params, ElementsAre("ana@home"));
}

TEST(RouteTable, SaysWhichMethodsAPathTakes) {
  const RouteTable routes = table();
  const auto match = routes.find(Method::kPost, "/users/1");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.path, "/users/{id}");
  EXPECT_EQ(match.allowed, "GET, DELETE");
}

TEST(RouteTable, HeadIsServedByGet) {
  const RouteTable routes = table();
  EXPECT_NE(routes.find(Method::kHead, "/health").route, nullptr);
  EXPECT_EQ(routes.find(Method::kHead, "/nowhere").route, nullptr);
}

TEST(RouteTable, MatchesWholePathsOnly) {
  const RouteTable routes = table();
  for (const char* path : {"", "/", "/users", "/users/1/", "/users/1/food/2", "/health/",
                           "//health", "health", "/users/1/fo", "/Health"}) {
    EXPECT_TRUE(routes.find(Method::kGet, path).path.empty()) << path;
  }
}

TEST(RouteTable, EmptyValueIsGivenToTheHandlerToRefuse) {
  const RouteTable routes = table();
  const auto match = routes.find(Method::kGet, "/users//food");
  ASSERT_NE(match.route, nullptr);
  EXPECT_THAT(match.params, ElementsAre(""));
}

TEST(RouteTable, BadPercentCodesAreMarked) {
  const RouteTable routes = table();
  for (const char* path : {"/users/%", "/users/%4", "/users/%zz"})
    EXPECT_TRUE(routes.find(Method::kGet, path).malformed) << path;
  EXPECT_FALSE(routes.find(Method::kGet, "/users/%00").malformed);
}

TEST(QueryValue, IsFoundByItsWholeNameAndDecoded) {
  EXPECT_EQ(query_value("a=1&date=2026-01-02&b=", "date"), "2026-01-02");
  EXPECT_EQ(query_value("update=1", "date"), "");
  EXPECT_EQ(query_value("date=a%20b+c", "date"), "a b c");
  EXPECT_EQ(query_value("date", "date"), "");
  EXPECT_EQ(query_value("date=%zz", "date"), "%zz");
}

}  // namespace
}  // namespace health_agent::api
