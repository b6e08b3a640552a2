#include "sentry/delivery/queues.h"

#include <gtest/gtest.h>

namespace vitals::sentry::detail {
namespace {

TEST(Queues, ErrorsGoFirstButNotForEver) {
  const Options options;
  Queues queues{options};
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(queues.push(std::make_unique<ErrorItem>()));
  EXPECT_TRUE(queues.push(std::make_unique<ReadyItem>()));
  int errors_before = 0;
  for (; errors_before < 100; ++errors_before) {
    const auto taken = queues.take(Queues::Order::kFair, {});
    ASSERT_TRUE(taken);
    queues.release(*taken);
    if (taken->lane() == Queues::kItems) break;
  }
  EXPECT_GE(errors_before, 4) << "errors do not go first";
  EXPECT_LT(errors_before, 8) << "all errors went before it";
}

TEST(Queues, AtTheEndAllErrorsGoFirst) {
  const Options options;
  Queues queues{options};
  EXPECT_TRUE(queues.push(std::make_unique<ReadyItem>()));
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(queues.push(std::make_unique<ErrorItem>()));
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(queues.take(Queues::Order::kErrorsFirst, {})->lane(), Queues::kErrors) << i;
}

TEST(Queues, WhatIsThereIsTakenWhoseverTurnItIs) {
  const Options options;
  Queues queues{options};
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(queues.push(std::make_unique<ReadyItem>()));
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(queues.take(Queues::Order::kFair, {}));
  EXPECT_FALSE(queues.take(Queues::Order::kFair, {}));
}

}  // namespace
}  // namespace vitals::sentry::detail
