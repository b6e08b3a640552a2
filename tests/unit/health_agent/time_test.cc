#include "health_agent/time.h"

#include <gtest/gtest.h>

namespace health_agent {
namespace {

TEST(Timestamp, IsRead_AsItIsWritten) {
  for (const std::int64_t time : {0LL, 1795501416LL, -1LL, 951782400LL, 253402300799LL}) {
    EXPECT_EQ(parse_timestamp(format_timestamp(time)), time) << format_timestamp(time);
  }
  EXPECT_EQ(format_timestamp(951782400), "2000-02-29T00:00:00Z");
}

TEST(Timestamp, TakesFractionsAndOffsets) {
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:01.999Z"), 1);
  EXPECT_EQ(parse_timestamp("1970-01-01T01:00:00+01:00"), 0);
  EXPECT_EQ(parse_timestamp("1969-12-31T19:00:00-05:00"), 0);
}

TEST(Timestamp, RefusesWhatIsNoTime) {
  for (const char* bad :
       {"", "now", "2026-11-24", "2026-11-24T12:00", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-11-24T24:00:00Z", "2026-11-24T12:00:00", "2026-11-24T12:00:00Zx",
        "2026-11-24T12:00:00+1:00", "2026-11-24T12:00:00.Z"}) {
    EXPECT_EQ(parse_timestamp(bad), std::nullopt) << bad;
  }
}

TEST(Date, IsReadAsItIsWrittenAndRefusedElse) {
  EXPECT_EQ(parse_date("1970-01-02"), 1);
  EXPECT_EQ(format_date(*parse_date("2024-02-29")), "2024-02-29");
  for (const char* bad : {"2023-02-29", "24-02-01", "2024-2-1", "2024-02-01 ", "today"})
    EXPECT_EQ(parse_date(bad), std::nullopt);
}

}  // namespace
}  // namespace health_agent
