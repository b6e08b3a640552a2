// Objects and arrays as values: of contexts, extra, data, attributes and parameters.
#include <string>
#include <vector>

#include "fixture.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"

namespace vitals::sentry {
namespace {

using context::set_extra;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class NestedTest : public ClientTest {
 protected:
  /// What an event has as `extra` after these calls.
  template <class Set>
  Json extra_after(const Set& set) {
    if (!guard.active()) start();
    set();
    context::capture_message("x");
    return event()["extra"];
  }
};

TEST_F(NestedTest, AFieldMayBeAnObjectOrAnArray) {
  start();
  const context::Scope scope = context::Scope::fork();
  const context::Activation active = scope.activate();
  const std::vector<ValueView> sizes{1, 2.5, "big", nullptr};
  const std::vector<FieldView> lid{{"colour", "r\"ed"}, {"sizes", ValueView::array(sizes)}};
  scope.set_context("box", {{"height", 3},
                            {"inside", {{"depth", 2}, {"padded", true}}},
                            {"lid", ValueView::object(lid)},
                            {"none", ValueView::array({})},
                            {"list", ValueView::array({1, {{"width", 3}}, {{"id", 7}, {"n", 8}}})},
                            {"made", ValueView::json("[1,{\"a\":2}]")}});
  scope.set_extra("also", {{"here", -1}});
  scope.add_breadcrumb({.message = "crumb", .data = {{"at", {{"x", 1}}}}});
  context::capture_message("x", Level::kInfo, {.extra = {{"mine", {{"too", 1}}}}});
  const Json sent = event();
  EXPECT_EQ(sent["contexts"]["box"], Json::parse(R"({
      "height":3,"inside":{"depth":2,"padded":true},
      "lid":{"colour":"r\"ed","sizes":[1,2.5,"big",null]},
      "none":[],"list":[1,{"width":3},{"id":7,"n":8}],"made":[1,{"a":2}]})"));
  EXPECT_EQ(sent["extra"]["also"], Json::parse(R"({"here":-1})"));
  EXPECT_EQ(sent["extra"]["mine"], Json::parse(R"({"too":1})"));
  EXPECT_EQ(sent["breadcrumbs"]["values"][0]["data"]["at"], Json::parse(R"({"x":1})"));
}

TEST_F(NestedTest, ABraceTooManyIsTheSameField) {
  const Json extra = extra_after([] { set_extra("box", {{{"width", 3}}}); });
  EXPECT_EQ(extra["box"], Json::parse(R"({"width":3})"));
}

TEST_F(NestedTest, ASpansDataMayBeNested) {
  Options given = options();
  given.traces_sample_rate = 1.0;
  start(std::move(given));
  const context::Span root = context::start_transaction({.name = "work", .op = "task"});
  const context::Span part = root.start_child("part");
  part.set_data("rows", ValueView::array({1, 2}));
  root.set_data("form", {{"password", "hunter2"}, {"user", "ann"}});
  part.finish();
  root.finish();
  const Json sent = transaction();
  EXPECT_EQ(sent["spans"][0]["data"]["rows"], Json::parse("[1,2]"));
  EXPECT_EQ(sent["contexts"]["trace"]["data"]["form"],
            Json::parse(R"({"password":"[Filtered]","user":"ann"})"));
}

TEST_F(NestedTest, ItsSecretsAreMasked) {
  const Json extra = extra_after([] {
    set_extra("form", {{"user", "ann"}, {"password", "hunter2"}});
    set_extra("token", {{"id", 7}});
    set_extra("tokens", ValueView::array({"ghp_hunter2"}));
    set_extra("auth_tokens", ValueView::json("[\"hunter2\"]"));
    set_extra("usage", {{"input_tokens", 12}});
    set_extra("client", {{"ip_address", "203.0.113.7"}, {"name", "curl"}});
    set_extra("note", {{"text", "go to https://a:hunter2@b.example/"}});
  });
  EXPECT_EQ(extra["form"], Json::parse(R"({"user":"ann","password":"[Filtered]"})"));
  EXPECT_EQ(extra["token"], "[Filtered]");
  EXPECT_EQ(extra["tokens"], "[Filtered]");
  EXPECT_EQ(extra["auth_tokens"], "[Filtered]");
  EXPECT_EQ(extra["usage"]["input_tokens"], 12);
  EXPECT_EQ(extra["client"], Json::parse(R"({"ip_address":"[Filtered]","name":"curl"})"));
  EXPECT_THAT(extra.dump(), Not(HasSubstr("hunter2")));
}

TEST_F(NestedTest, WhatAHookPutsInIsMaskedToo) {
  Options given = options();
  given.before_send = [](Event& event) {
    event.extra.emplace_back("hooked", JsonText{R"({"password":"hunter2","n":1})"});
    event.extra.emplace_back("empty", JsonText{});
    return true;
  };
  start(std::move(given));
  const Json extra = extra_after([] {});
  EXPECT_EQ(extra["hooked"], Json::parse(R"({"password":"[Filtered]","n":1})"));
  EXPECT_EQ(extra["empty"], "");
}

TEST_F(NestedTest, WhatIsNoJsonIsATextAndBreaksNothing) {
  const Json extra = extra_after([] {
    set_extra("cut", ValueView::json("{\"key\":\"hunter2"));
    set_extra("bytes", ValueView::json("{\"a\":\"\xff\"}"));
    set_extra("outer", {{"password", "hunter2"},
                        {"bad", ValueView::json("1,\"admin\":true")},
                        {"good", ValueView::json("{\"b\":[1]}")},
                        {"empty", ValueView::json("")}});
  });
  EXPECT_TRUE(extra["cut"].is_string());
  EXPECT_EQ(extra["bytes"], Json::parse("{\"a\":\"\uFFFD\"}"));
  EXPECT_EQ(extra["outer"]["password"], "[Filtered]");
  EXPECT_EQ(extra["outer"]["bad"], "1,\"admin\":true");
  EXPECT_EQ(extra["outer"]["good"], Json::parse(R"({"b":[1]})"));
  EXPECT_EQ(extra["outer"]["empty"], "");
  EXPECT_FALSE(extra["outer"].contains("admin"));
  EXPECT_THAT(extra.dump(), Not(HasSubstr("hunter2")));
}

TEST_F(NestedTest, WhatIsTooLargeOrTooDeepIsLeftOut) {
  const std::string much(10'000, 'x');
  const std::vector<ValueView> many(1'000'000, ValueView{1});
  std::vector<std::vector<ValueView>> levels(40);
  ValueView deep = 1;
  for (auto& level : levels) {
    level = {deep, deep};  // 2 to the power of the levels, if all were written
    deep = ValueView::array(level);
  }
  std::vector<std::vector<ValueView>> narrow(40);
  ValueView low = 1;
  for (auto& level : narrow) {
    level = {low};
    low = ValueView::array(level);
  }
  const Json extra = extra_after([&] {
    set_extra("long", {{"password", "hunter2"}, {"much", much}});
    set_extra("text", ValueView::json("\"" + much + "\""));
    set_extra("many", ValueView::array(many));
    set_extra("deep", deep);
    set_extra("low", low);
  });
  for (const char* name : {"long", "text", "many", "deep"})
    EXPECT_THAT(extra[name].dump(), StartsWith("\"(left out: more than 8192")) << name;
  EXPECT_TRUE(extra["low"].is_array());
  EXPECT_THAT(extra["low"].dump(), HasSubstr("\u2026"));
}

TEST_F(NestedTest, AParameterOfAMessageIsMaskedInItsTextToo) {
  start();
  context::capture_formatted("the cart was {}",
                             {ValueView::json(R"({"user":"ann","password":"hunter2"})")});
  const Json sent = event();
  EXPECT_THAT(sent["logentry"]["formatted"].get<std::string>(), HasSubstr("\"user\":\"ann\""));
  EXPECT_THAT(sent.dump(), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace vitals::sentry
