#include "vitals/adapters/spdlog.h"

#include <gmock/gmock.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <atomic>
#include <sstream>

#include "tests/unit/monitor/monitored.h"
#include "vitals/context/listener.h"
#include "vitals/context/scope.h"
#include "vitals/monitor/http.h"

namespace vitals::adapters {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SpdlogTest : public monitor::Monitored {
 protected:
  spdlog::logger logger_{"app", std::make_shared<SpdlogSentrySink>()};
};

TEST_F(SpdlogTest, ErrorLinesAreEventsWithTheLinesBeforeThemAsBreadcrumbs) {
  const context::Scope scope = context::Scope::fork();
  const context::Activation active = scope.activate();
  logger_.debug("too fine to keep");
  logger_.info("started");
  logger_.warn("odd");
  logger_.error("broke");

  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0]["level"], "error");
  EXPECT_EQ(events[0]["logger"], "app");
  const auto& crumbs = events[0]["breadcrumbs"]["values"];
  ASSERT_THAT(crumbs, SizeIs(2));
  EXPECT_EQ(crumbs[0]["message"], "started");
  EXPECT_EQ(crumbs[1]["level"], "warning");
}

TEST_F(SpdlogTest, CriticalIsFatal) {
  logger_.critical("the end");
  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0]["level"], "fatal");
}

TEST_F(SpdlogTest, ALineSaysWhereItWasWrittenWhenItKnows) {
  const context::Scope scope = context::Scope::fork();
  const context::Activation active = scope.activate();
  logger_.log(spdlog::source_loc{"orders.cc", 42, "place"}, spdlog::level::info, "step");
  logger_.log(spdlog::source_loc{"orders.cc", 43, nullptr}, spdlog::level::err, "broke");
  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(1));
  const auto& crumb = events[0]["breadcrumbs"]["values"][0];
  EXPECT_EQ(crumb["category"], "app");
  EXPECT_EQ(crumb["data"]["file"], "orders.cc");
  EXPECT_EQ(crumb["data"]["line"], 42);
  EXPECT_EQ(crumb["data"]["function"], "place");
  EXPECT_EQ(events[0]["extra"]["line"], 43);
}

TEST_F(SpdlogTest, ThresholdsDecideWhatALineBecomes) {
  const context::Scope scope = context::Scope::fork();
  const context::Activation active = scope.activate();
  spdlog::logger quiet{"quiet",
                       std::make_shared<SpdlogSentrySink>(SpdlogSinkOptions{
                           .breadcrumbs = spdlog::level::warn, .events = spdlog::level::off})};
  quiet.info("too fine");
  quiet.critical("kept as a breadcrumb");
  logger_.error("broke");
  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(1));
  ASSERT_THAT(events[0]["breadcrumbs"]["values"], SizeIs(1));
  EXPECT_EQ(events[0]["breadcrumbs"]["values"][0]["message"], "kept as a breadcrumb");
}

TEST_F(SpdlogTest, WithoutLogsAskedForNoLineOfTheLogIsSent) {
  logger_.critical("x");
  EXPECT_TRUE(guard_.end(std::chrono::seconds{20}));
  EXPECT_THAT(transport_->payloads("log"), IsEmpty());
}

TEST(SpdlogSink, TellsAListenerThatIsNotSentrys) {
  struct Backend final : context::Listener {
    context::EventId captured(const context::Capture& capture) noexcept override {
      events.emplace_back(capture.message);
      return capture.id;
    }
    void finished(const context::SharedTransaction&) noexcept override {}
    [[nodiscard]] bool wants_logs() const noexcept override { return true; }
    void logged(const context::LogLine& line) noexcept override { lines.emplace_back(line.text); }
    std::vector<std::string> events;
    std::vector<std::string> lines;
  } backend;
  ASSERT_FALSE(sentry::enabled());
  ASSERT_TRUE(context::start_listening(backend));
  spdlog::logger logger{"app", std::make_shared<SpdlogSentrySink>()};
  logger.info("plain");
  logger.error("broke");
  EXPECT_TRUE(context::stop_listening(backend,
                                      std::chrono::steady_clock::now() + std::chrono::seconds{20}));
  logger.error("nobody listens any more");
  EXPECT_THAT(backend.lines, ElementsAre("plain", "broke"));
  EXPECT_THAT(backend.events, ElementsAre("broke"));
}

/// A client with options of the test's own.
class SpdlogOwnClientTest : public SpdlogTest {
 protected:
  void start_again(sentry::Options options) {
    guard_.end();
    options.dsn = "http://key@localhost/1";
    options.transport = transport_;
    auto guard = sentry::init(std::move(options));
    ASSERT_TRUE(guard) << guard.error().message;
    guard_ = std::move(*guard);
  }
  std::vector<nlohmann::json> lines() {
    EXPECT_TRUE(guard_.end(std::chrono::seconds{20}));
    std::vector<nlohmann::json> all;
    for (const std::string& payload : transport_->payloads("log")) {
      const auto item = nlohmann::json::parse(payload);
      for (const auto& line : item["items"])
        all.push_back(line);
    }
    return all;
  }
};

TEST_F(SpdlogOwnClientTest, LinesOfInfoAndAboveGoToTheLogWhenAskedFor) {
  start_again({.enable_logs = true});
  logger_.set_level(spdlog::level::trace);
  logger_.debug("too fine");
  logger_.log(spdlog::source_loc{"orders.cc", 42, "place"}, spdlog::level::critical, "the end");
  logger_.info("plain");
  const auto all = lines();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0]["level"], "fatal");
  const auto& attributes = all[0]["attributes"];
  EXPECT_EQ(attributes["logger.name"]["value"], "app");
  EXPECT_EQ(attributes["sentry.origin"]["value"], "auto.log.spdlog");
  EXPECT_EQ(attributes["code.file.path"]["value"], "orders.cc");
  EXPECT_EQ(attributes["code.line.number"]["value"], 42);
  EXPECT_EQ(attributes["code.function.name"]["value"], "place");
  EXPECT_FALSE(all[1]["attributes"].contains("code.file.path"));
}

TEST_F(SpdlogOwnClientTest, WhatAHookLogsMakesNothingNew) {
  std::atomic<int> crumbs{0};
  std::atomic<int> events{0};  // at the client's end they come from several threads
  sentry::Options options;
  options.enable_logs = true;
  options.before_breadcrumb = [&](context::BreadcrumbRecord&) {
    ++crumbs;
    logger_.error("from the breadcrumb's hook");
    return true;
  };
  options.before_send = [&](sentry::Event&) {
    ++events;
    logger_.error("from the event's hook");
    return true;
  };
  options.before_send_log = [&](sentry::LogRecord&) {
    logger_.error("from the log's hook");
    return true;
  };
  start_again(std::move(options));
  logger_.error("broke");
  logger_.error("again");  // the guard has been taken back
  EXPECT_THAT(lines(), SizeIs(2));
  EXPECT_EQ(crumbs, 2);
  EXPECT_EQ(events, 2);
}

TEST_F(SpdlogTest, FlagWritesTheRequestThatIsActiveAndElseNothing) {
  std::ostringstream text;
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(text);
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<RequestIdFlag>('*').set_pattern("%v%*");
  sink->set_formatter(std::move(formatter));
  spdlog::logger logger{"x", sink};

  logger.info("outside");
  monitor::RequestScope request{{.request_id = "req-1"}};
  {
    const monitor::RequestActivation active{request};
    logger.info("inside");
  }
  request.finish(200);
  EXPECT_EQ(text.str(),
            "outside\ninside request_id=req-1 trace_id=" + std::string{request.trace_id()} + "\n");
}

}  // namespace
}  // namespace vitals::adapters
