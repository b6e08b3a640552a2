#include "sentry/event/images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace vitals::sentry::detail {
namespace {

TEST(DebugId, IsALittleEndianUuidPaddedWithZeros) {
  EXPECT_EQ(debug_id_of("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12"),
            "04030201-0605-0807-090a-0b0c0d0e0f10");
  EXPECT_EQ(debug_id_of("\x01"), "00000001-0000-0000-0000-000000000000");
  EXPECT_EQ(debug_id_of(""), "");
}

TEST(Images, AreThoseThatFramesLieInEachOnce) {
  const stack::ModuleMap modules{{"/bin/one", 0x1000, 0x2000, 0, "12345678901234567890"},
                                 {"/bin/two", 0x3000, 0x4000, 0, ""}};
  std::array<FrameRecord, 3> frames;
  frames[0].address = 0x1500;
  frames[1].address = 0x1600;
  frames[2].address = 0x2500;
  std::vector<ImageRecord> images;
  add_images(frames, modules, images);
  ASSERT_THAT(images, ::testing::SizeIs(1));
  EXPECT_EQ(images[0].code_file, "/bin/one");
  EXPECT_EQ(images[0].code_id, "3132333435363738393031323334353637383930");
  EXPECT_EQ(images[0].debug_id, "34333231-3635-3837-3930-313233343536");
  EXPECT_EQ(images[0].size, 0x1000U);
}

}  // namespace
}  // namespace vitals::sentry::detail
