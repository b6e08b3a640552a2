#include "vitals/base/percent.h"

#include <gtest/gtest.h>

#include <string>

namespace vitals::base {
namespace {

TEST(Percent, DecodesWhatItEncodes) {
  std::string all;
  for (int c = 0; c < 256; ++c)
    all += static_cast<char>(c);
  std::string encoded;
  append_percent_encoded(encoded, all);
  EXPECT_EQ(encoded.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-._~%"),
            std::string::npos);
  EXPECT_EQ(percent_decoded(encoded), all);
  EXPECT_EQ(strictly_percent_decoded(encoded), all);
}

TEST(Percent, LeavesWhatTheCallerSaysAsItIs) {
  std::string encoded;
  append_percent_encoded(encoded, "a/b c", "/");
  EXPECT_EQ(encoded, "a/b%20c");
}

TEST(Percent, KeepsOrRefusesWhatIsHalfEncoded) {
  for (const std::string bad : {"%", "%4", "a%zz", "%%41", "%4g", "100%"}) {
    EXPECT_FALSE(strictly_percent_decoded(bad)) << bad;
  }
  EXPECT_EQ(percent_decoded("100%"), "100%");
  EXPECT_EQ(percent_decoded("%zz%41%4"), "%zzA%4");
  EXPECT_EQ(percent_decoded("%%41"), "%A");
}

TEST(Percent, ReadsAFormsPlusAsABlankAndAnEncodedOneAsItself) {
  EXPECT_EQ(form_decoded("a+b%2Bc"), "a b+c");
  EXPECT_EQ(percent_decoded("a+b"), "a+b");
}

}  // namespace
}  // namespace vitals::base
