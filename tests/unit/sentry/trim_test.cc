#include "sentry/event/trim.h"

#include <stdexcept>
#include <string>

#include "base/json_writer.h"
#include "fixture.h"
#include "vitals/context/capture.h"
#include "vitals/context/span.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t kLimit = 1024 * 1024;

Json written(const Event& event, std::size_t limit = kLimit) {
  std::string out;
  detail::write_event_within(limit, event, {{}, false}, out);
  EXPECT_LE(out.size(), limit);
  return Json::parse(out);
}

FrameRecord numbered_frame(int i) {
  FrameRecord frame;
  frame.function = "f" + std::to_string(i);
  frame.context_line = std::string(100, 's');
  return frame;
}

/// An event of `size` breadcrumbs, frames and the like, each of them worth a hundred bytes or more.
Event large_event(int size) {
  Event event;
  event.message = "what happened";
  ExceptionRecord exception;
  exception.type = "shop::Error";
  exception.value = "went wrong";
  event.exceptions.push_back(exception);
  for (int i = 0; i < size; ++i) {
    BreadcrumbRecord crumb;
    crumb.message = "crumb " + std::to_string(i) + std::string(100, 'm');
    crumb.data = {{"text", std::string(100, 'd')}};
    event.breadcrumbs.push_back(crumb);
  }
  event.extra = {{"note", std::string{"short"}}};
  return event;
}

TEST(Trim, LeavesWhatFitsAloneWithoutAMark) {
  const Json e = written(large_event(100));
  EXPECT_EQ(e["breadcrumbs"]["values"].size(), 100U);
  EXPECT_FALSE(e.contains("_meta"));
}

TEST(Trim, CutsALongTextWithEllipsisAndSaysHowLongItWas) {
  Event event = large_event(1);
  event.exceptions[0].value.clear();
  for (int i = 0; i < 6000; ++i)
    event.exceptions[0].value += "é";  // two bytes each
  const Json e = written(event);
  const std::string value = e["exception"]["values"][0]["value"];
  EXPECT_LE(value.size(), 8192U);
  EXPECT_THAT(value, EndsWith("é..."));
  const Json meta = e["_meta"]["exception"]["values"]["0"]["value"][""];
  EXPECT_EQ(meta["len"], 6000);
  EXPECT_EQ(meta["rem"], Json::parse(R"([["!limit","s",4094,4097]])"));
}

TEST(Trim, AMessageOfMegabytesArrives) {
  Event event;
  event.message = std::string(3'000'000, 'm');
  const Json e = written(event);
  EXPECT_EQ(e["logentry"]["formatted"].get<std::string>().size(), 8192U);
  EXPECT_EQ(e["_meta"]["logentry"]["formatted"][""]["len"], 3'000'000);
}

TEST(Trim, ASecretIsMaskedBeforeTheTextAroundItIsCut) {
  for (const char* secret : {" postgres://bob:hush-hush-hush-hush-hush-hush@db",
                             " <password>hush-hush-hush-hush-hush</password>"}) {
    Event event;
    event.message = std::string(8165, 'x') + secret;
    EXPECT_THAT(written(event).dump(), Not(HasSubstr("hush")));
  }
}

TEST(Trim, BreadcrumbsLoseTheirDataFirstAndThenTheOldestGo) {
  Event event = large_event(3000);
  const Json with_data_gone = written(event, 650'000);
  EXPECT_EQ(with_data_gone["breadcrumbs"]["values"].size(), 3000U);
  EXPECT_FALSE(with_data_gone["breadcrumbs"]["values"][0].contains("data"));
  EXPECT_EQ(with_data_gone["extra"]["note"], "short");

  const Json fewer = written(event, 300'000);
  const auto& values = fewer["breadcrumbs"]["values"];
  EXPECT_GT(values.size(), 1000U);
  EXPECT_LT(values.size(), 3000U);
  EXPECT_THAT(values.back()["message"].get<std::string>(), HasSubstr("crumb 2999"));
  EXPECT_EQ(fewer["_meta"]["breadcrumbs"]["values"][""]["len"], 3000);
  EXPECT_EQ(fewer["extra"]["note"], "short");
}

TEST(Trim, LongValuesOfExtraAreCutBeforeExtraGoes) {
  Event event = large_event(0);
  for (int i = 0; i < 10; ++i)
    event.extra.emplace_back("long" + std::to_string(i), std::string(200'000, 'v'));
  event.contexts.push_back({"vendor", {{"dump", std::string(200'000, 'c')}}});
  const Json e = written(event);
  EXPECT_EQ(e["extra"]["note"], "short");
  EXPECT_EQ(e["extra"]["long9"].get<std::string>().size(), 1024U);
  EXPECT_EQ(e["contexts"]["vendor"]["dump"].get<std::string>().size(), 1024U);
  EXPECT_EQ(e["_meta"]["extra"]["long9"][""]["len"], 200'000);
  EXPECT_EQ(e["_meta"]["contexts"]["vendor"]["dump"][""]["len"], 200'000);

  for (int i = 0; i < 3000; ++i)
    event.extra.emplace_back("many" + std::to_string(i), std::string(1000, 'v'));
  const Json without = written(event);
  EXPECT_FALSE(without.contains("extra"));
  EXPECT_TRUE(without["_meta"]["extra"].contains(""));
  EXPECT_EQ(without["exception"]["values"][0]["type"], "shop::Error");
}

TEST(Trim, ALongObjectGoesWholeAndNeverAPartOfIt) {
  Event event = large_event(0);
  event.extra.emplace_back(
      "form", JsonText{R"({"password":"hunter2","text":")" + std::string(4000, 'v') + "\"}"});
  EXPECT_TRUE(written(event)["extra"]["form"].is_object());
  for (int i = 0; i < 10; ++i)
    event.extra.emplace_back("long" + std::to_string(i), std::string(200'000, 'v'));
  const Json e = written(event);
  EXPECT_THAT(e["extra"]["form"].dump(), HasSubstr("(left out"));
  EXPECT_THAT(e.dump(), Not(HasSubstr("hunter2")));
}

TEST(Trim, AStackLosesItsMiddle) {
  Event event = large_event(0);
  for (int i = 0; i < 1000; ++i)
    event.exceptions[0].frames.push_back(numbered_frame(i));
  std::string out;
  detail::write_event_within(kLimit, event, {{}, false}, out);
  const Json meta = Json::parse(out)["_meta"]["exception"]["values"]["0"]["stacktrace"]["frames"];
  EXPECT_EQ(meta[""]["len"], 1000);
}

TEST(Trim, SpansGoFromTheEndAndAreCounted) {
  Event event;
  event.type = Event::Type::kTransaction;
  event.trace_id.bytes[0] = 1;
  for (int i = 0; i < 5000; ++i) {
    SpanRecord span;
    span.op = "db";
    span.description = "query " + std::to_string(i) + std::string(300, 'q');
    span.data = {{"rows", std::int64_t{i}}};
    event.spans.push_back(span);
  }
  const Json t = written(event);
  EXPECT_GT(t["spans"].size(), 1000U);
  EXPECT_THAT(t["spans"][0]["description"].get<std::string>(), HasSubstr("query 0q"));
  EXPECT_EQ(t["extra"]["spans_dropped"].get<std::size_t>() + t["spans"].size(), 5000U);
  EXPECT_EQ(t["_meta"]["spans"][""]["len"], 5000);
}

TEST(Trim, LinksGoBeforeSpansAndAreSaid) {
  Event event;
  event.type = Event::Type::kTransaction;
  event.trace_id.bytes[0] = 1;
  event.links.resize(30'000);
  for (LinkRecord& link : event.links) {
    link.trace_id.bytes[0] = 2;
    link.span_id.bytes[0] = 3;
    link.type = "previous_trace";
  }
  event.spans.resize(10);
  event.spans[9].links = event.links;
  const Json t = written(event);
  EXPECT_EQ(t["spans"].size(), 10U);
  EXPECT_FALSE(t["spans"][9].contains("links"));
  EXPECT_GT(t["contexts"]["trace"]["links"].size(), 1000U);
  EXPECT_EQ(t["_meta"]["contexts"]["trace"]["links"][""]["len"], 30'000);
}

TEST(Trim, AnEventIsNeverLostWhateverAHookPutsIn) {
  // Each part by itself is more than an event may have.
  Event event = large_event(10);
  event.trace_id.bytes[0] = 1;
  event.links.resize(15'000);
  event.flags.assign(1'200, {std::string(1000, 'f'), true});
  event.dist = std::string(1'200'000, 'd');
  event.exceptions.resize(50, event.exceptions[0]);
  for (ExceptionRecord& exception : event.exceptions)
    exception.type = std::string(10'000, '\x01');
  event.tags.assign(3000, {"tag", std::string(200, '"')});
  event.release = std::string(1'200'000, 'r');
  event.fingerprint.assign(300, std::string(5000, 'f'));
  event.images.resize(50);
  for (ImageRecord& image : event.images)
    image.code_file = std::string(5000, '\x02');
  event.user.id = std::string(1'200'000, 'u');
  event.request.headers = {{"Long", std::string(1'200'000, 'h')}};
  const Json e = written(event);
  EXPECT_EQ(e["exception"]["values"].size(), 2U);
  EXPECT_EQ(e["logentry"]["formatted"], "what happened");
  EXPECT_EQ(e["user"]["id"].get<std::string>().size(), 200U);
}

class TrimTest : public ClientTest {};

TEST_F(TrimTest, SpansThatAreCutAreCountedAsLostAndTheRestAsSent) {
  Options given = options();
  given.traces_sample_rate = 1.0;
  given.before_send_transaction = [](Event& event) {
    event.spans.assign(5000, {});
    for (SpanRecord& span : event.spans)
      span.description = std::string(400, 'q');
    return true;
  };
  start(std::move(given));
  start_transaction({.name = "a"}).finish();
  const std::size_t left = transaction()["spans"].size();
  EXPECT_LT(left, 5000U);
  EXPECT_EQ(counted(Category::kSpan, Outcome::kTooLarge), 5000U - left);
}

TEST_F(TrimTest, AnExceptionWithAHugeTextIsSentAndNotCountedAsLost) {
  start();
  capture_exception(std::runtime_error{std::string(2'000'000, 'x')});
  EXPECT_EQ(event()["exception"]["values"][0]["value"].get<std::string>().size(), 8192U);
  EXPECT_EQ(counted(Category::kError, Outcome::kTooLarge), 0U);
}

}  // namespace
}  // namespace vitals::sentry
