#include "delivery/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

namespace vitals::delivery::detail {
namespace {

std::string unpack(const std::string& packed, std::size_t size) {
  std::string text(size + 1, '\0');
  z_stream stream{};
  constexpr int kGzip = 16 + MAX_WBITS;
  EXPECT_EQ(inflateInit2(&stream, kGzip), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST(Gzip, PacksOneTextAfterTheOther) {
  Gzip gzip;
  std::string packed;
  for (const std::size_t size : {std::size_t{10}, std::size_t{100'000}, std::size_t{0}}) {
    const std::string text(size, 'x');
    ASSERT_TRUE(gzip.compress(text, packed));
    EXPECT_EQ(unpack(packed, size), text);
  }
}

}  // namespace
}  // namespace vitals::delivery::detail
