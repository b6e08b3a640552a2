#include "vitals/monitor/request_id.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/random.h"
#include "vitals/context/ids.h"

namespace vitals::monitor {
namespace {

constexpr std::size_t kUuidSize = 36;

/// A UUIDv4 as RFC 9562 writes it.
void write_uuid(char* out) noexcept {
  context::EventId id;
  base::Random::fill(id.bytes);
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x40);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  const auto hex = id.hex();
  const auto copy = [&](std::size_t to, std::size_t from, std::size_t size) {
    std::memcpy(out + to, hex.chars.data() + from, size);
  };
  copy(0, 0, 8);
  copy(9, 8, 4);
  copy(14, 12, 4);
  copy(19, 16, 4);
  copy(24, 20, 12);
  out[8] = out[13] = out[18] = out[23] = '-';
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
