#include "health_agent/api/route_table.h"

#include <gmock/gmock.h>

namespace health_agent::api {
namespace {

using ::testing::ElementsAre;
using vitals::monitor::Method;

RouteTable table() {
  RouteTable routes;
  routes.add({{Method::kGet, "/users/{id}", "get"}, nullptr, Access::kEverybody});
  routes.add({{Method::kDelete, "/users/{id}", "delete"}, nullptr, Access::kEverybody});
  routes.add({{Method::kGet, "/users/{id}/food", "food"}, nullptr, Access::kEverybody});
  routes.add({{Method::kGet, "/health", "health"}, nullptr, Access::kEverybody});
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
  EXPECT_EQ(match.allowed, "GET, HEAD, DELETE");
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

TEST(RouteTable, AValueIsOneSegmentThatIsNotEmpty) {
  const RouteTable routes = table();
  EXPECT_TRUE(routes.find(Method::kGet, "/users//food").path.empty());
  EXPECT_TRUE(routes.find(Method::kGet, "/users/").path.empty());
}

TEST(RouteTable, WhatATemplateSpellsOutHasNoOtherSpelling) {
  const RouteTable routes = table();
  for (const char* path : {"/%68ealth", "/healt%68", "/users/1/f%6fod", "/HEALTH", "/%75sers/1"})
    EXPECT_TRUE(routes.find(Method::kGet, path).path.empty()) << path;
}

TEST(RouteTable, ARouteThatSaysNothingWantsAKeyAndSoDoesWhatBeginsLikeIt) {
  RouteTable routes;
  routes.add({{Method::kGet, "/api/a", "a"}, nullptr});
  routes.add({{Method::kGet, "/api/open", "open"}, nullptr, Access::kProbes});
  routes.add({{Method::kGet, "/page", "page"}, nullptr, Access::kEverybody});
  for (const char* path : {"/api/a", "/api/", "/api/b", "/api/a/b"})
    EXPECT_TRUE(routes.find(Method::kGet, path).wants_key) << path;
  for (const char* path : {"/api/open", "/page", "/", "/api", "/other", "/apiary"})
    EXPECT_FALSE(routes.find(Method::kGet, path).wants_key) << path;
  EXPECT_TRUE(routes.find(Method::kPost, "/api/a").wants_key);
  EXPECT_FALSE(routes.find(Method::kPost, "/page").wants_key);
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
