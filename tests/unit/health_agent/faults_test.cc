#include "health_agent/faults.h"

#include <gtest/gtest.h>

#include "health_agent/errors.h"

namespace health_agent::faults {
namespace {

TEST(Faults, ParseReadsEachPlaceAndNamesWhatItCannotRead) {
  const auto shares = parse("handler:0.01,db:0.5,agent:1");
  ASSERT_TRUE(shares);
  EXPECT_EQ(shares->handler, 0.01);
  EXPECT_EQ(shares->db, 0.5);
  EXPECT_EQ(shares->agent, 1);
  for (const char* bad : {"handler", "handler:", "handler:x", "handler:1.1", "handler:-1",
                          "oven:0.1", "db:0.1x", ","}) {
    EXPECT_FALSE(parse(bad)) << bad;
  }
}

TEST(Faults, ThrowTheErrorOfTheirPlaceAtTheirShare) {
  set({.handler = 1, .db = 1, .agent = 0});
  EXPECT_THROW(maybe_fail(Fault::kHandler), std::runtime_error);
  EXPECT_THROW(maybe_fail(Fault::kDb), DatabaseError);
  EXPECT_NO_THROW(maybe_fail(Fault::kAgent));
  set({.agent = 0.5});
  int thrown = 0;
  for (int i = 0; i < 1000; ++i) {
    try {
      maybe_fail(Fault::kAgent);
    } catch (const AgentError&) {
      ++thrown;
    }
  }
  EXPECT_GT(thrown, 350);
  EXPECT_LT(thrown, 650);
  set({});
  EXPECT_NO_THROW(maybe_fail(Fault::kDb));
}

}  // namespace
}  // namespace health_agent::faults
