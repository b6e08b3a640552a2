#include "vitals/adapters/glog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "adapters/recorded.h"
#include "vitals/context/listener.h"
#include "vitals/sentry/client.h"

namespace adapters_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class Glog : public Recorded {};

TEST_F(Glog, LinesBecomeBreadcrumbsAndEvents) {
  FLAGS_logtostderr = true;
  {
    const vitals::adapters::GlogSentrySink sink;
    LOG(INFO) << "the hen sits";
    LOG(WARNING) << "the hen is restless";
    LOG(ERROR) << "the egg fell";
  }
  LOG(ERROR) << "nobody listens any more";
  const auto errors = sentry_.errors();
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].message, "the egg fell");
  ASSERT_THAT(errors[0].breadcrumbs, SizeIs(2));
  EXPECT_EQ(errors[0].breadcrumbs[0].message, "the hen sits");
  EXPECT_EQ(errors[0].breadcrumbs[1].level, vitals::Level::kWarning);
}

TEST(GlogSink, TellsAListenerThatIsNotSentrys) {
  namespace context = vitals::context;
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
  FLAGS_logtostderr = true;
  ASSERT_FALSE(vitals::sentry::enabled());
  ASSERT_TRUE(context::start_listening(backend));
  {
    const vitals::adapters::GlogSentrySink sink;
    LOG(INFO) << "the hen sits";
    LOG(ERROR) << "the egg fell";
    EXPECT_TRUE(context::stop_listening(
        backend, std::chrono::steady_clock::now() + std::chrono::seconds{20}));
    LOG(ERROR) << "nobody listens any more";
  }
  EXPECT_THAT(backend.lines, ElementsAre("the hen sits", "the egg fell"));
  EXPECT_THAT(backend.events, ElementsAre("the egg fell"));
}

}  // namespace
}  // namespace adapters_test
