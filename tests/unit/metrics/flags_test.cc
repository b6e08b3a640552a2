// Compiled with -ffast-math, -fno-exceptions and -fno-rtti, as a user's program may be.

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>

#include "vitals/metrics/registry.h"
#include "vitals/monitor/db.h"

namespace vitals::metrics {
namespace {

/// A number whose bits the compiler does not know.
double of_bits(std::uint64_t bits) {
  volatile std::uint64_t hidden = bits;
  return std::bit_cast<double>(static_cast<std::uint64_t>(hidden));
}

constexpr std::uint64_t kQuietNaN = 0x7ff8'0000'0000'0000;
constexpr std::uint64_t kInfinity = 0x7ff0'0000'0000'0000;
constexpr std::uint64_t kNegative = 0x8000'0000'0000'0000;
constexpr std::uint64_t kBad[] = {kQuietNaN, kQuietNaN | kNegative, kInfinity | 1,
                                  ~std::uint64_t{0}};

TEST(FastMath, NoSumIsSpoiltByWhatIsNoNumber) {
  Registry registry;
  const Counter counter = registry.counter("cost_usd_total", "Cost.");
  const Histogram histogram = registry.histogram("wait_seconds", "Wait.", {1, 2});
  const Histogram native = registry.native_histogram("native_seconds", "Wait.");
  const Summary summary = registry.summary("size_bytes", "Size.", {.quantiles = {.5}});
  for (const double good : {1.5, 0.25}) {
    counter.inc(good);
    histogram.observe(good);
    native.observe(good);
    summary.observe(good);
  }
  for (const std::uint64_t bits : kBad) {
    counter.inc(of_bits(bits));
    counter.inc_with_exemplar(of_bits(bits), {{"trace_id", "1"}});
    histogram.observe(of_bits(bits));
    histogram.observe(of_bits(bits), {{"trace_id", "1"}});
    native.observe(of_bits(bits));
    summary.observe(of_bits(bits));
  }
  counter.inc(of_bits(kInfinity));
  counter.inc(of_bits(kInfinity | kNegative));
  counter.inc(-2.5);
  EXPECT_EQ(counter.value(), 1.75);
  EXPECT_EQ(histogram.sum(), 1.75);
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(native.sum(), 1.75);
  EXPECT_EQ(native.count(), 2U);
  EXPECT_EQ(summary.sum(), 1.75);
  EXPECT_EQ(summary.count(), 2U);
}

TEST(NoExceptions, CallsAreMeasuredAllTheSame) {
  EXPECT_EQ(monitor::track_query(monitor::QueryType::kSelect, "users", [] { return 7; }), 7);
}

}  // namespace
}  // namespace vitals::metrics
