#include "vitals/monitor/request_id.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/random.h"

namespace vitals::monitor {
namespace {

constexpr std::size_t kUuidSize = 36;

/// A UUIDv4 as RFC 9562 writes it.
void write_uuid(char* out) noexcept {
  std::array<std::uint8_t, 16> bytes;
  base::Random::fill(bytes.data(), bytes.size());
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
  constexpr char kHex[] = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = kHex[bytes[i] >> 4];
    *out++ = kHex[bytes[i] & 0x0F];
  }
}

}  // namespace

bool RequestId::valid(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kMaxSize &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

RequestId RequestId::accept_or_make(std::string_view incoming) noexcept {
  RequestId id;
  if (valid(incoming)) {
    std::memcpy(id.text_.data(), incoming.data(), incoming.size());
    id.size_ = static_cast<unsigned char>(incoming.size());
  } else {
    write_uuid(id.text_.data());
    id.size_ = kUuidSize;
  }
  return id;
}

}  // namespace vitals::monitor
