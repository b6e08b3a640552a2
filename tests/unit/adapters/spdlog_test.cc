#include "vitals/adapters/spdlog.h"

#include <gmock/gmock.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

#include "tests/unit/monitor/monitored.h"
#include "vitals/monitor/http.h"

namespace vitals::adapters {
namespace {

using ::testing::SizeIs;

class SpdlogTest : public monitor::Monitored {
 protected:
  spdlog::logger logger_{"app", std::make_shared<SpdlogSentrySink>()};
};

TEST_F(SpdlogTest, ErrorLinesAreEventsWithTheLinesBeforeThemAsBreadcrumbs) {
  const sentry::Scope scope = sentry::Scope::fork();
  const sentry::Activation active = scope.activate();
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
