#include "sentry/grouping/fingerprint_rules.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "fixture.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using detail::FingerprintRules;
using detail::parse_fingerprint_rules;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

FingerprintRules rules_of(std::string_view text) {
  Result<FingerprintRules> rules = parse_fingerprint_rules(text);
  EXPECT_TRUE(rules) << rules.error().message;
  return rules ? std::move(*rules) : FingerprintRules{};
}

std::string fault_of(std::string_view text) {
  const Result<FingerprintRules> rules = parse_fingerprint_rules(text);
  EXPECT_FALSE(rules) << text;
  return rules ? "" : rules.error().message;
}

FrameRecord frame(std::string function, std::string path, bool in_app = true) {
  FrameRecord made;
  made.function = std::move(function);
  made.filename = path.substr(path.rfind('/') + 1);
  made.abs_path = std::move(path);
  made.package = "/opt/shop/bin/shop";
  made.in_app = in_app;
  return made;
}

/// A socket's error, wrapped in a database's.
Event database_event() {
  Event event;
  event.level = Level::kWarning;
  event.logger = "shop.payments";
  event.transaction = "POST /pay";
  event.release = "shop@1.4.2";
  event.tags = {{"region", "eu"}, {"model", "small"}};
  ExceptionRecord cause;
  cause.type = "net::SocketError";
  cause.value = "Connection reset";
  ExceptionRecord outer;
  outer.type = "shop::DatabaseError";
  outer.value = "A TIMEOUT after 5 s\n";
  outer.frames = {frame("main", "/src/main.cc"),
                  frame("void shop::Store::save<int>(int const&)", "/src/store/save.cc"),
                  frame("pqxx::exec(char const*)", "/usr/include/pqxx/exec.hxx", false)};
  event.exceptions = {cause, outer};
  return event;
}

std::vector<std::string> fingerprint_by(std::string_view rules, Event event = database_event()) {
  rules_of(rules).apply(event);
  return event.fingerprint;
}

bool holds(std::string_view matchers, Event event = database_event()) {
  return !fingerprint_by(std::string{matchers} + " -> x", std::move(event)).empty();
}

TEST(FingerprintRules, TheSpecificationsExampleHolds) {
  EXPECT_THAT(fingerprint_by(R"(type:DatabaseError message:"*timeout*" -> db-timeout)"),
              ElementsAre("db-timeout"));
}

TEST(FingerprintRules, CommentsAndBlankLinesSayNothing) {
  EXPECT_EQ(rules_of("").size(), 0U);
  EXPECT_EQ(rules_of("\xef\xbb\xbf# one\r\n\r\n   \t\n  # two\ntype:A -> a\r\n").size(), 1U);
}

TEST(FingerprintRules, TheFirstRuleThatHoldsWins) {
  EXPECT_THAT(fingerprint_by("type:Other -> a\ntype:*Error -> b\ntype:* -> c"), ElementsAre("b"));
}

TEST(FingerprintRules, AllMatchersHaveToHold) {
  EXPECT_TRUE(holds("logger:shop.* level:warning tags.region:eu"));
  EXPECT_FALSE(holds("logger:shop.* level:error tags.region:eu"));
}

TEST(FingerprintRules, TypeAndValueHoldOfTheSameExceptionOfTheChain) {
  EXPECT_TRUE(holds(R"(type:SocketError value:"connection reset")"));
  EXPECT_FALSE(holds(R"(type:SocketError value:*timeout*)"));
  EXPECT_TRUE(holds(R"(error.type:shop::DatabaseError error.value:"a timeout*s")"));
}

TEST(FingerprintRules, MessageHoldsOfTheMessageOrOfAnyExceptionsValue) {
  EXPECT_TRUE(holds("message:*reset"));
  Event event;
  event.message = " Queue full ";
  EXPECT_TRUE(holds(R"(message:"queue FULL")", event));
  EXPECT_FALSE(holds("message:queue", event));
}

TEST(FingerprintRules, MatchersOfFramesHoldOfOneFrameTogether) {
  EXPECT_TRUE(holds("function:shop::Store::save<int> path:**/store/*.cc app:yes"));
  EXPECT_TRUE(holds("stack.function:exec stack.abs_path:/usr/** app:no"));
  EXPECT_FALSE(holds("function:main path:**/store/*.cc"));
  EXPECT_FALSE(holds("function:exec app:yes"));
  EXPECT_TRUE(holds("package:**/shop module:shop"));
}

TEST(FingerprintRules, NeighboursOfAFrameCanBeAskedFor) {
  EXPECT_TRUE(holds("[ function:main ] | function:save*"));
  EXPECT_FALSE(holds("[ function:main ] | function:exec"));
  EXPECT_TRUE(holds("function:save* | [ app:no ]"));
  EXPECT_FALSE(holds("function:exec | [ app:no ]"));
}

TEST(FingerprintRules, TypeFunctionLoggerAndTagsMindTheirCase) {
  EXPECT_FALSE(holds("type:databaseerror"));
  EXPECT_FALSE(holds("function:MAIN"));
  EXPECT_FALSE(holds("logger:SHOP.*"));
  EXPECT_FALSE(holds("tags.region:EU"));
  EXPECT_TRUE(holds("level:WARNING release:SHOP@1.* family:native,other"));
}

TEST(FingerprintRules, NegationHoldsOfWhatIsMissingInATagButNotOfNoExceptionAtAll) {
  EXPECT_TRUE(holds("!tags.zone:a"));
  EXPECT_FALSE(holds("!tags.region:eu"));
  EXPECT_TRUE(holds("!type:DatabaseError"));  // of the cause
  EXPECT_FALSE(holds("!type:*"));
  EXPECT_FALSE(holds("!type:DatabaseError", Event{}));
  EXPECT_FALSE(holds("!function:f", Event{}));
}

TEST(FingerprintRules, ValuesAreSeparatedByCommasOrSpaces) {
  EXPECT_THAT(fingerprint_by(R"(level:* -> a, b c,"d, e" "f \"g\" \\")"),
              ElementsAre("a", "b", "c", "d, e", R"(f "g" \)"));
}

TEST(FingerprintRules, VariablesAreFilledInAlsoInsideAValue) {
  EXPECT_THAT(
      fingerprint_by("level:* -> {{ default }}, {{type}}, db-{{ tags.region }}-{{level}}, "
                     "{{ function }}, {{ package }}, {{ logger }}, {{ transaction }}"),
      ElementsAre("{{ default }}", "shop::DatabaseError", "db-eu-warning",
                  "void shop::Store::save<int>(int const&)", "shop", "shop.payments", "POST /pay"));
  EXPECT_THAT(fingerprint_by(R"(level:* -> "in {{ stack.abs_path }}", {{ tags.none }})"),
              ElementsAre("in /src/store/save.cc", "<no-value-for-tag-none>"));
  EXPECT_THAT(
      fingerprint_by("level:* -> {{ type }} {{ value }} {{ message }} {{ function }}", Event{}),
      ElementsAre("<no-type>", "<no-value>", "<no-message>", "<no-function>"));
}

TEST(FingerprintRules, ATitleTravelsAsATag) {
  Event event = database_event();
  rules_of(R"(type:* -> a title="{{ logger }}: {{ value }}")").apply(event);
  EXPECT_THAT(event.fingerprint, ElementsAre("a"));
  EXPECT_EQ(event.tags.back().first, "fingerprint.title");
  EXPECT_EQ(event.tags.back().second, "shop.payments: A TIMEOUT after 5 s\n");
}

TEST(FingerprintRules, BracesAreAlternatives) {
  EXPECT_TRUE(holds("type:{Socket,Disk}Error"));
  EXPECT_FALSE(holds("type:{Disk,File}Error"));
}

TEST(FingerprintRules, QuotedPatternsHaveEscapes) {
  Event event;
  event.message = "say \"hi\" to [all]\nof C:\\temp";
  EXPECT_TRUE(holds(R"(message:"say \"hi\" to \[all\]\nof C:\\temp")", event));
  EXPECT_FALSE(holds(R"(message:"say \"hi\" to [all]*")", event));
}

TEST(FingerprintRules, FaultsNameLineAndColumnAndWhatWouldBeRight) {
  const std::string faults = fault_of(
      "type:A -> a\n"
      "  typ:A -> a\n"
      "type:A\n"
      "type:A ->\n"
      "type:\"A -> a\n"
      "app:maybe -> a\n"
      "type:[A -> a\n"
      "type:A -> {{ typ }}\n"
      "type:A -> x{{ default }}\n"
      "type:A -> a titel=\"x\"\n"
      "-> a\n");
  EXPECT_THAT(faults, HasSubstr("line 2, column 3: `typ` is no matcher; it should be one of type"));
  EXPECT_THAT(faults, HasSubstr("line 3, column 7: `->` and a fingerprint should follow"));
  EXPECT_THAT(faults, HasSubstr("line 4, column 10: a fingerprint should follow `->`"));
  EXPECT_THAT(faults, HasSubstr("line 5, column 6: a quotation mark without its second one"));
  EXPECT_THAT(faults, HasSubstr("line 6, column 5: `maybe` should be yes or no"));
  EXPECT_THAT(faults, HasSubstr("line 7, column 6: `[A` has a `[` without its `]`"));
  EXPECT_THAT(faults, HasSubstr("line 8, column 11: `typ` is no variable; it should be one of"));
  EXPECT_THAT(faults, HasSubstr("line 9, column 11: `{{ default }}` should be a value of its own"));
  EXPECT_THAT(faults, HasSubstr("line 10, column 13: `titel` is no attribute"));
  EXPECT_THAT(faults, HasSubstr("line 11, column 1: a matcher should come first"));
}

TEST(FingerprintRules, WhatEndsTooSoonIsAFault) {
  for (const char* text :
       {"[", "!", "[ function:a", "[ function:a ] |", "type:A |", "type:A | [", "type:", "\"",
        "type:A -> \"", "type:A -> {{", "-", "[ type:A ] | app:1 ->"}) {
    fault_of(text);
  }
}

TEST(FingerprintRules, ReportsTheFirstTwentyFaults) {
  std::string text;
  for (int i = 0; i < 30; ++i)
    text += "nonsense\n";
  const std::string faults = fault_of(text);
  EXPECT_THAT(faults, HasSubstr("line 20,"));
  EXPECT_THAT(faults, ::testing::Not(HasSubstr("line 21,")));
  EXPECT_THAT(faults, HasSubstr("and perhaps more"));
}

TEST(FingerprintRules, RefusesWhatIsTooMuch) {
  std::string many;
  for (int i = 0; i < 1001; ++i)
    many += "type:A -> a\n";
  EXPECT_THAT(fault_of(many), HasSubstr("line 1001, column 1: more than 1000 rules"));
  EXPECT_THAT(fault_of(std::string(1024 * 1024 + 1, '#')), HasSubstr("at most 1 MiB"));
  EXPECT_THAT(fault_of("type:" + std::string(9000, 'a') + " -> a"), HasSubstr("8192 bytes"));
  EXPECT_THAT(fault_of("type:{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b} -> a"), HasSubstr("64 patterns"));
}

TEST(FingerprintRules, CutsAValueThatItsVariablesMadeTooLong) {
  Event event;
  event.message = std::string(5000, 'm');
  EXPECT_EQ(fingerprint_by("level:* -> {{ message }}", event).at(0).size(), 1024U);
}

class FingerprintTest : public ClientTest {};

TEST_F(FingerprintTest, RulesStandAboveTheScopeAndTheCapture) {
  Options given = options();
  given.fingerprint_rules = "type:runtime_error value:*timeout* -> db-timeout";
  start(std::move(given));
  const Scope scope = Scope::fork();
  const Activation active = scope.activate();
  scope.set_fingerprint({"of-the-scope"});
  capture_exception(std::runtime_error{"a timeout"}, {.fingerprint = {"of-the-capture"}});
  capture_exception(std::runtime_error{"other"});
  const std::vector<Json> events = sent("event");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0]["fingerprint"], Json({"db-timeout"}));
  EXPECT_EQ(events[1]["fingerprint"], Json({"of-the-scope"}));
}

TEST_F(FingerprintTest, TheHookHasTheLastWord) {
  Options given = options();
  given.fingerprint_rules = "message:* -> by-rule";
  given.before_send = [](Event& event) {
    EXPECT_THAT(event.fingerprint, ElementsAre("by-rule"));
    event.fingerprint = {"by-hook"};
    return true;
  };
  start(std::move(given));
  capture_message("x");
  EXPECT_EQ(event()["fingerprint"], Json({"by-hook"}));
}

TEST_F(FingerprintTest, FaultyRulesAreTheErrorOfInit) {
  Options given = options();
  given.fingerprint_rules = "type:A";
  const Result<Guard> started = init(std::move(given));
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr("line 1, column 7"));
}

TEST_F(FingerprintTest, NewRulesTakeTheirPlaceAndFaultyOnesDoNot) {
  Options given = options();
  given.fingerprint_rules = "message:* -> first";
  start(std::move(given));
  EXPECT_FALSE(set_fingerprint_rules("message"));
  capture_message("x");
  ASSERT_TRUE(flush(kPlenty));
  const Result<std::size_t> count = set_fingerprint_rules("message:y -> a\nmessage:* -> second");
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 2U);
  capture_message("x");
  const std::vector<Json> events = sent("event");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0]["fingerprint"], Json({"first"}));
  EXPECT_EQ(events[1]["fingerprint"], Json({"second"}));
}

}  // namespace
}  // namespace vitals::sentry
