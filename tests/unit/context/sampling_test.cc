#include "context/sampling.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "context/new_id.h"

namespace vitals::context::detail {
namespace {

TraceId with_last_56_bits(std::uint64_t value) {
  TraceId id = new_id<TraceId>();
  for (std::size_t i = 0; i < 7; ++i)
    id.bytes[15 - i] = static_cast<std::uint8_t>(value >> (8 * i));
  return id;
}

constexpr std::uint64_t kAll = std::uint64_t{1} << 56;

TEST(SampleRandOfAnId, GoesFromTheLargestIdsToTheSmallest) {
  struct Case {
    std::uint64_t value;
    std::uint32_t millionths;
  };
  for (const Case& one :
       {Case{kAll - 1, 0}, Case{0, 999'999}, Case{kAll / 2, 499'999}, Case{kAll / 2 - 1, 500'000},
        Case{kAll / 4 * 3, 249'999}, Case{kAll / 4, 749'999}}) {
    EXPECT_EQ(sample_rand_of(with_last_56_bits(one.value)), one.millionths) << one.value;
  }
}

/// Of an SDK that goes by the id: it keeps what is not below (1 - rate) * 2^56, a whole number.
std::uint64_t threshold_of(std::uint32_t rate) {
  return static_cast<std::uint64_t>((1'000'000.0L - rate) / 1'000'000.0L * kAll);
}

TEST(SampleRandOfAnId, KeepsTheTracesThatOpenTelemetryKeeps) {
  for (const std::uint32_t rate :
       {1U, 249U, 1000U, 10'000U, 123'457U, 250'000U, 333'333U, 500'000U, 900'001U, 999'999U}) {
    const std::uint64_t threshold = threshold_of(rate);
    const auto expect_alike = [&](std::uint64_t value) {
      EXPECT_EQ(sample_rand_of(with_last_56_bits(value)) < rate, value >= threshold)
          << rate << ' ' << value;
    };
    for (const std::uint64_t step : {0, 1, 2, 1'000'000}) {
      expect_alike(threshold + step);
      expect_alike(threshold - step - 1);
    }
    for (int i = 0; i < 2000; ++i)
      expect_alike(base::Random::next() % kAll);
  }
}

TEST(SampleRandOfAnId, IsTheOneOfATraceWhoseCallerSentNone) {
  const TraceId id = with_last_56_bits(kAll / 2);
  EXPECT_EQ(decide({}, id, Decision::kNone, {}).sample_rand, 499'999U);
  EXPECT_EQ(decide({}, id, Decision::kYes, {}).sample_rand, 499'999U);
  EXPECT_EQ(decide({}, id, Decision::kNone, {.sample_rate = 0.1}).sample_rand, 499'999U);
  EXPECT_EQ(decide({}, id, Decision::kYes, {.sample_rate = 0.5}).sample_rand, 499'999U);
  EXPECT_EQ(decide({}, id, Decision::kNo, {.sample_rate = 0.4}).sample_rand, 499'999U);
  EXPECT_EQ(decide({}, id, Decision::kYes, {.sample_rand = 7}).sample_rand, 7U);
}

TEST(SampleRandOfAnId, IsReplacedWhereItDoesNotFitTheCallersDecision) {
  const TraceId id = with_last_56_bits(kAll / 2);
  for (int i = 0; i < 100; ++i) {
    EXPECT_LT(decide({}, id, Decision::kYes, {.sample_rate = 0.25}).sample_rand, 250'000U);
    EXPECT_GE(decide({}, id, Decision::kNo, {.sample_rate = 0.75}).sample_rand, 750'000U);
  }
}

}  // namespace
}  // namespace vitals::context::detail
