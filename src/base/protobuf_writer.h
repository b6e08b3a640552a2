#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace vitals::base {

/// Appends the fields of one protobuf message to a string. A field that is not there reads as zero or
/// empty, so such ones may be left out; that is up to the caller.
/// Source: Protocol Buffers, "Encoding".
class ProtobufWriter {
 public:
  explicit ProtobufWriter(std::string& out) noexcept : out_(out) {}

  /// int32, int64, uint32, uint64, bool, enum.
  void integer(unsigned field, std::uint64_t value) {
    tag(field, kVarint);
    varint(value);
  }
  /// sint32 and sint64: 0, -1, 1, -2 become 0, 1, 2, 3.
  void zigzag(unsigned field, std::int64_t value) { integer(field, zigzagged(value)); }
  /// fixed64 and sfixed64.
  void fixed64(unsigned field, std::uint64_t value) {
    tag(field, kFixed64);
    raw_fixed64(value);
  }
  /// fixed32.
  void fixed32(unsigned field, std::uint32_t value) {
    tag(field, kFixed32);
    raw(value);
  }
  void real(unsigned field, double value) { fixed64(field, std::bit_cast<std::uint64_t>(value)); }
  /// string, bytes, and a message or packed numbers that were made before.
  void bytes(unsigned field, std::string_view value) {
    tag(field, kLength);
    varint(value.size());
    out_ += value;
  }
  /// What nested() would give for a message `field` of a string `key` and a message `value` that has
  /// one string or bytes: the commonest of all messages, for which it is worth a way of its own.
  struct PairFields {
    unsigned pair;
    unsigned key;
    unsigned value;
    unsigned text;
  };
  void pair(const PairFields& fields, std::string_view key, std::string_view text) {
    char before_text[2 + 2 * kMostVarint];
    char before_key[2 + 2 * kMostVarint];
    const std::size_t any = 1 + varint_size(text.size()) + text.size();
    std::size_t count = put_varint(fields.value << 3 | kLength, before_text);
    count += put_varint(any, before_text + count);
    count += put_varint(fields.text << 3 | kLength, before_text + count);
    count += put_varint(text.size(), before_text + count);
    const std::size_t size = 1 + varint_size(key.size()) + key.size() + count + text.size();
    std::size_t front = put_varint(fields.pair << 3 | kLength, before_key);
    front += put_varint(size, before_key + front);
    front += put_varint(fields.key << 3 | kLength, before_key + front);
    front += put_varint(key.size(), before_key + front);
    out_.append(before_key, front).append(key).append(before_text, count).append(text);
  }
  /// A message or packed numbers that `write()` appends to the same string.
  template <class Write>
  void nested(unsigned field, Write write) {
    tag(field, kLength);
    const std::size_t start = out_.size();
    out_ += '\0';  // most are shorter than 128 bytes
    write();
    close(start);
  }

  // Without a tag: what packed numbers are made of.
  void varint(std::uint64_t value) {
    char digits[kMostVarint];
    out_.append(digits, put_varint(value, digits));
  }
  void raw_fixed64(std::uint64_t value) { raw(value); }
  [[nodiscard]] static constexpr std::uint64_t zigzagged(std::int64_t value) noexcept {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  }

 private:
  static_assert(std::endian::native == std::endian::little, "as the wire has it");
  enum : unsigned { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

  static constexpr std::size_t kMostVarint = 10;
  [[nodiscard]] static constexpr std::size_t varint_size(std::uint64_t value) noexcept {
    std::size_t count = 1;
    for (; value >= 0x80; value >>= 7)
      ++count;
    return count;
  }
  /// Returns how many bytes it has put into `digits`, which has room for ten.
  static std::size_t put_varint(std::uint64_t value, char* digits) noexcept {
    std::size_t count = 0;
    for (; value >= 0x80; value >>= 7)
      digits[count++] = static_cast<char>((value & 0x7f) | 0x80);
    digits[count++] = static_cast<char>(value);
    return count;
  }
  void tag(unsigned field, unsigned wire_type) { varint(field << 3 | wire_type); }
  template <class Number>
  void raw(Number value) {
    char digits[sizeof value];
    std::memcpy(digits, &value, sizeof value);
    out_.append(digits, sizeof value);
  }
  /// Puts the length of what stands behind `start` where the one byte for it was left.
  void close(std::size_t start) {
    char digits[kMostVarint];
    const std::size_t count = put_varint(out_.size() - start - 1, digits);
    if (count > 1) out_.insert(start, count - 1, '\0');
    std::memcpy(out_.data() + start, digits, count);
  }

  std::string& out_;
};

}  // namespace vitals::base
