#include "export/negotiate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vitals::exporting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(AcceptsGzip, WhenItIsNamedOrEverythingIs) {
  for (const char* accept : {"gzip", "GZip", "x-gzip", "deflate, gzip", "gzip;q=0.5", "*",
                             "br;q=1.0, gzip ; q=0.001", "identity;q=0, *;q=0.1"}) {
    EXPECT_TRUE(accepts_gzip(accept)) << accept;
  }
}

TEST(AcceptsGzip, NotWhenItIsAbsentOrRefused) {
  for (const char* accept : {"", "identity", "gzip;q=0", "gzip;q=0.000", "*;q=0", "*, gzip;q=0",
                             "gzipped", "br", "gzip;q=x", ",,;;==", "gzip;q="}) {
    EXPECT_FALSE(accepts_gzip(accept)) << accept;
  }
}

TEST(SelectedNames, AreDecodedAndTheRestIsIgnored) {
  EXPECT_THAT(selected_names("name[]=a&x=1&name%5B%5d=b_total&name=c&name[]=d%20e+f"),
              ElementsAre("a", "b_total", "d e f"));
  EXPECT_THAT(selected_names(""), IsEmpty());
  EXPECT_THAT(selected_names("&&=&name[]"), ElementsAre(""));
  EXPECT_THAT(selected_names("name[]=%4&name[]=%zz&name[]=%"), ElementsAre("%4", "%zz", "%"));
}

TEST(Trim, TakesBlanksFromBothEnds) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim("  "), "");
  EXPECT_EQ(trim(""), "");
}

}  // namespace
}  // namespace vitals::exporting
