#include "vitals/adapters/glog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/recorded.h"

namespace adapters_test {
namespace {

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

}  // namespace
}  // namespace adapters_test
