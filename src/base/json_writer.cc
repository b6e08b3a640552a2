#include "base/json_writer.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "vitals/base/utf8.h"

namespace vitals::base {
namespace {

bool is_plain(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
}

/// How many characters at the front of `text` are written as they are. Eight at a time: nearly all
/// are, and looking at each by itself was an eighth of what an event costs.
std::size_t plain_length(std::string_view text) noexcept {
  static_assert(std::endian::native == std::endian::little, "the first byte is the lowest");
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr std::uint64_t kHighs = kOnes * 0x80;
  const auto zeros = [](std::uint64_t word) { return (word - kOnes) & ~word; };
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    // Carries may mark a byte too many, but only one behind another that is marked rightly.
    const std::uint64_t marked = (word | (word + kOnes) | ((word - kOnes * 0x20) & ~word) |
                                  zeros(word ^ (kOnes * '"')) | zeros(word ^ (kOnes * '\\'))) &
                                 kHighs;
    if (marked != 0) return at + static_cast<std::size_t>(std::countr_zero(marked)) / 8;
  }
  while (at < text.size() && is_plain(text[at]))
    ++at;
  return at;
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default: {
      const auto byte = static_cast<unsigned char>(c);
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
}

void append_string(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t plain = plain_length(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      append_escaped(out, text.front());
      text.remove_prefix(1);
      continue;
    }
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out += kReplacement;
      text.remove_prefix(1);
    } else {
      out.append(text.substr(0, length));
      text.remove_prefix(length);
    }
  }
}

template <class Number>
void append_number(std::string& out, Number value) {
  std::array<char, 32> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

}  // namespace

void JsonWriter::separate() {
  if (out_.size() == start_) return;
  const char last = out_.back();
  if (last != '{' && last != '[' && last != ':') out_ += ',';
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  string(name);
  out_ += ':';
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  separate();
  out_ += '"';
  append_string(out_, text);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  return raw(value ? "true" : "false");
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  separate();
  append_number(out_, value);
  return *this;
}

JsonWriter& JsonWriter::unsigned_integer(std::uint64_t value) {
  separate();
  append_number(out_, value);
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  if (!std::isfinite(value)) return raw("null");
  separate();
  append_number(out_, value);
  return *this;
}

JsonWriter& JsonWriter::timestamp(Timestamp time) {
  const std::int64_t micros =
      std::chrono::floor<std::chrono::microseconds>(time).time_since_epoch().count();
  // Written from integers: a double has no room for microseconds of this century.
  separate();
  append_number(out_, micros / 1'000'000);
  std::array<char, 8> fraction{'.', '0', '0', '0', '0', '0', '0'};
  std::int64_t rest = micros < 0 ? 0 : micros % 1'000'000;
  for (std::size_t i = 6; i > 0; --i, rest /= 10) {
    fraction[i] = static_cast<char>('0' + rest % 10);
  }
  out_.append(fraction.data(), 7);
  return *this;
}

JsonWriter& JsonWriter::value(const ValueView& value) {
  switch (value.type()) {
    case ValueView::Type::kNull:
      return raw("null");
    case ValueView::Type::kBool:
      return boolean(value.as_bool());
    case ValueView::Type::kInt:
      return integer(value.as_int());
    case ValueView::Type::kUint:
      return unsigned_integer(value.as_uint());
    case ValueView::Type::kDouble:
      return number(value.as_double());
    case ValueView::Type::kString:
      return string(value.as_string());
    case ValueView::Type::kJson:
      return raw(value.as_string());
    case ValueView::Type::kObject:
    case ValueView::Type::kArray:
      return raw("null");
  }
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::member(std::string_view name, std::string_view text) {
  if (text.empty()) return *this;
  return key(name).string(text);
}

}  // namespace vitals::base
