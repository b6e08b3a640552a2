#include "exporting/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>

namespace vitals::exporting {
namespace {

std::string number(double value) {
  std::string out;
  append_number(out, value);
  return out;
}

std::string bound(double value) {
  std::string out;
  append_bound(out, value);
  return out;
}

TEST(Number, IsAsShortAsItCanBeReadBack) {
  EXPECT_EQ(number(0.0), "0");
  EXPECT_EQ(number(1.0), "1");
  EXPECT_EQ(number(-2.5), "-2.5");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(1e300), "1e+300");
}

TEST(Number, IsReadBackExactly) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 2000; ++i) {
    const double value = std::uniform_real_distribution<>(-1e6, 1e6)(random) *
                         std::pow(10.0, static_cast<int>(random() % 40) - 20);
    ASSERT_EQ(std::strtod(number(value).c_str(), nullptr), value);
    ASSERT_EQ(std::strtod(bound(value).c_str(), nullptr), value);
  }
}

TEST(Number, SpellsWhatIsNotFiniteAsPrometheusDoes) {
  EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "-Inf");
}

TEST(Number, KeepsLargeCountsExact) {
  std::string out;
  append_number(out, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(out, "18446744073709551615");
}

TEST(Bound, IsWrittenAsTheOfficialClientsWriteIt) {
  EXPECT_EQ(bound(0.01), "0.01");
  EXPECT_EQ(bound(0.05), "0.05");
  EXPECT_EQ(bound(.5), "0.5");
  EXPECT_EQ(bound(1), "1");
  EXPECT_EQ(bound(10), "10");
  EXPECT_EQ(bound(2.5), "2.5");
  EXPECT_EQ(bound(0), "0");
  EXPECT_EQ(bound(-1), "-1");
  EXPECT_EQ(bound(0.0001), "0.0001");
  EXPECT_EQ(bound(0.00001), "1e-05");
  EXPECT_EQ(bound(100000), "100000");
  EXPECT_EQ(bound(123456), "123456");
  EXPECT_EQ(bound(1e6), "1e+06");
  EXPECT_EQ(bound(1048576), "1.048576e+06");
}

}  // namespace
}  // namespace vitals::exporting
