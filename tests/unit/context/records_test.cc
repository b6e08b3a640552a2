#include "context/records.h"

#include <gtest/gtest.h>

#include <string>

namespace vitals::context::detail {
namespace {

using Bytes = InlineBytes<64>;

TEST(Records, GiveBackWhatWasPut) {
  Bytes bytes;
  append_record(bytes, Section::kTag, {}, "name", "value", 4096);
  append_record(bytes, Section::kExtra, {}, "int", -5, 4096);
  append_record(bytes, Section::kExtra, {}, "uint", ~std::uint64_t{0}, 4096);
  append_record(bytes, Section::kExtra, {}, "real", 0.25, 4096);
  append_record(bytes, Section::kExtra, {}, "yes", true, 4096);
  append_record(bytes, Section::kExtra, {}, "none", nullptr, 4096);
  append_record(bytes, Section::kContext, "head", "field", "x", 4096);
  std::string_view rest = bytes.view();
  const Record first = take_record(rest);
  EXPECT_EQ(first.section, Section::kTag);
  EXPECT_EQ(first.key, "name");
  EXPECT_EQ(first.value.as_string(), "value");
  EXPECT_EQ(take_record(rest).value.as_int(), -5);
  EXPECT_EQ(take_record(rest).value.as_uint(), ~std::uint64_t{0});
  EXPECT_EQ(take_record(rest).value.as_double(), 0.25);
  EXPECT_TRUE(take_record(rest).value.as_bool());
  EXPECT_EQ(take_record(rest).value.type(), ValueView::Type::kNull);
  EXPECT_EQ(take_record(rest).key,
            "head\x1f"
            "field");
  EXPECT_TRUE(rest.empty());
}

TEST(Records, OfAFileAreTakenOnlyWhereTheirTypeFits) {
  Bytes bytes;
  append_record(bytes, Section::kExtra, {}, "nested", {{"a", 1}}, 4096);
  std::string_view rest = whole_records(bytes.view());
  ASSERT_FALSE(rest.empty());
  const Record nested = take_record(rest);
  EXPECT_EQ(nested.value.type(), ValueView::Type::kJson);
  EXPECT_EQ(nested.value.as_string(), R"({"a":1})");
  Bytes tag;
  append_raw(tag, Section::kTag, ValueView::Type::kJson, {}, "name", "{}", 4096);
  EXPECT_TRUE(whole_records(tag.view()).empty()) << "a tag is a text";
  for (const auto type : {ValueView::Type::kObject, ValueView::Type::kArray}) {
    Bytes strange;
    append_raw(strange, Section::kExtra, type, {}, "name", "12345678", 4096);
    EXPECT_TRUE(whole_records(strange.view()).empty()) << static_cast<int>(type);
  }
}

TEST(Records, KeepTextsOfEveryLength) {
  for (std::size_t length = 0; length <= 70; ++length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i)
      text += static_cast<char>('a' + i % 26);
    Bytes bytes;
    append_record(bytes, Section::kTag, {}, text, text, 4096);
    std::string_view rest = bytes.view();
    const Record record = take_record(rest);
    EXPECT_EQ(record.key, text);
    EXPECT_EQ(record.value.as_string(), text);
  }
}

TEST(Records, AreErasedByTheirKey) {
  Bytes bytes;
  for (const char* key : {"a", "b", "c"}) {
    append_record(bytes, Section::kTag, {}, key, std::string(40, 'x'), 4096);
  }
  erase_records(bytes, Section::kTag, [](std::string_view key) { return key == "b"; });
  std::string_view rest = bytes.view();
  EXPECT_EQ(take_record(rest).key, "a");
  EXPECT_EQ(take_record(rest).key, "c");
  EXPECT_TRUE(rest.empty());
}

TEST(Records, StayWithinTheLimit) {
  Bytes bytes;
  for (int i = 0; i < 100; ++i) {
    append_record(bytes, Section::kTag, {}, "key", std::string(50, 'x'), 500);
  }
  EXPECT_LE(bytes.size(), 500U);
  EXPECT_GT(bytes.size(), 400U);
}

TEST(Records, CutTextsBetweenCharacters) {
  EXPECT_EQ(cut("abc", 2), "ab");
  EXPECT_EQ(cut("a\xc3\xa9", 2), "a");
  EXPECT_EQ(cut("a\xc3\xa9", 3), "a\xc3\xa9");
  EXPECT_EQ(cut("\x80\x80\x80", 2), "");
  Bytes bytes;
  append_record(bytes, Section::kTag, {}, "key", std::string(100000, 'x'), 100000);
  std::string_view rest = bytes.view();
  EXPECT_EQ(take_record(rest).value.as_string().size(), kMaxValueSize);
}

}  // namespace
}  // namespace vitals::context::detail
