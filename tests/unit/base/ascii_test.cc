#include "vitals/base/ascii.h"

#include <gtest/gtest.h>

#include <string>

#include "vitals/base/constant_time.h"
#include "vitals/base/unseen.h"

namespace vitals::base {
namespace {

TEST(Ascii, KnowsNothingOfTheLocale) {
  for (int c = -128; c < 128; ++c) {
    const char byte = static_cast<char>(c);
    const bool small = byte >= 'a' && byte <= 'z';
    const bool large = byte >= 'A' && byte <= 'Z';
    EXPECT_EQ(is_letter(byte), small || large) << c;
    EXPECT_EQ(is_upper(byte), large) << c;
    EXPECT_EQ(lower(byte), large ? static_cast<char>(byte + 32) : byte) << c;
  }
  EXPECT_EQ(lower(std::string_view{"GrÜn-7"}), "grÜn-7");
}

TEST(Ascii, ComparesWithoutRegardToCase) {
  EXPECT_TRUE(equal_ignoring_case("Content-Type", "content-TYPE"));
  EXPECT_TRUE(equal_ignoring_case("", ""));
  EXPECT_FALSE(equal_ignoring_case("host", "hosts"));
  EXPECT_FALSE(equal_ignoring_case("[", "{")) << "32 apart, and no letters";
  EXPECT_TRUE(starts_ignoring_case("BEARER abc", "bearer "));
  EXPECT_FALSE(starts_ignoring_case("BEAR", "bearer"));
  EXPECT_TRUE(ends_ignoring_case("example.LOCALHOST", ".localhost"));
  EXPECT_FALSE(ends_ignoring_case("host", "localhost"));
}

TEST(Ascii, TrimsBlanksAndTabsAlone) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\na\r"), "\na\r");
}

TEST(Ascii, ReadsAndWritesHexadecimalDigits) {
  for (int value = 0; value < 16; ++value) {
    EXPECT_EQ(hex_digit("0123456789abcdef"[value]), value);
    EXPECT_EQ(hex_digit("0123456789ABCDEF"[value]), value);
  }
  for (const char bad : {'g', 'G', '/', ':', '@', '`', ' ', '\0'})
    EXPECT_EQ(hex_digit(bad), -1) << bad;
  EXPECT_EQ(hex(std::string{"\0\x7f\xff", 3}), "007fff");
}

TEST(ConstantTime, IsEqualToWhatIsEqualAlone) {
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
  for (const char* given : {"", "s", "secre", "secret1", "Secret", "secretsecret"})
    EXPECT_FALSE(equal_in_constant_time(given, "secret")) << given;
  EXPECT_FALSE(equal_in_constant_time("secret", ""));
}

TEST(Unseen, IsWhatATerminalActsUpon) {
  for (const char32_t code : {0x00, 0x1b, 0x7f, 0x9b, 0xad, 0x200b, 0x202e, 0x2066, 0xfeff})
    EXPECT_TRUE(is_unseen(code)) << std::uint32_t{code};
  for (const char32_t code : {0x20, 0x41, 0xe9, 0x200c, 0x200d, 0x4e2d, 0x1f600})
    EXPECT_FALSE(is_unseen(code)) << std::uint32_t{code};
}

}  // namespace
}  // namespace vitals::base
