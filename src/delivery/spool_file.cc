#include "delivery/spool_file.h"

#include <libdeflate.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <optional>

namespace vitals::delivery::detail {
namespace {

constexpr std::string_view kMagic = "vitals-spool 1 ";
constexpr std::size_t kCrcDigits = 8;

std::uint32_t checksum(std::string_view text) noexcept {
  return libdeflate_crc32(0, text.data(), text.size());
}

std::optional<std::string_view> take_word(std::string_view& text, char end) noexcept {
  const std::size_t at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view word = text.substr(0, at);
  text.remove_prefix(at + 1);
  return word;
}

template <class Number>
bool read_number(std::optional<std::string_view> word, int base, Number& number) noexcept {
  if (!word || word->empty()) return false;
  const char* const end = word->data() + word->size();
  const auto [stop, error] = std::from_chars(word->data(), end, number, base);
  return error == std::errc{} && stop == end;
}

using Id = decltype(Parcel::id);

bool read_id(std::optional<std::string_view> word, Id& id) noexcept {
  if (!word || word->size() != id.size() * 2) return false;
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (!read_number(word->substr(i * 2, 2), 16, id[i])) return false;
  }
  return true;
}

bool read_contents(std::optional<std::string_view> word, Contents& contents) noexcept {
  if (!word) return false;
  std::string_view rest = *word;
  for (std::uint32_t& count : contents) {
    const std::size_t end = rest.find(',');
    if (!read_number(rest.substr(0, end), 10, count)) return false;
    if (end == std::string_view::npos) return true;
    rest.remove_prefix(end + 1);
  }
  return false;
}

void append_id(std::string& text, const Id& id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::uint8_t byte : id) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
}

}  // namespace

std::string write_spool_file(const Parcel& parcel, std::string_view address) {
  std::string after = ' ' + std::to_string(parcel.text.size()) + ' ';
  append_id(after, parcel.id);
  after += ' ' + std::to_string(parcel.kind) + ' ';
  std::size_t counts = parcel.contents.size();
  while (counts > 1 && parcel.contents[counts - 1] == 0)
    --counts;
  for (std::size_t i = 0; i < counts; ++i) {
    if (i != 0) after += ',';
    after += std::to_string(parcel.contents[i]);
  }
  after += ' ';
  after += address;
  after += '\n';
  after += parcel.text;
  std::array<char, kCrcDigits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x", checksum(after));
  std::string text{kMagic};
  text.reserve(text.size() + kCrcDigits + after.size());
  return text.append(digits.data(), kCrcDigits).append(after);
}

Result<SpooledParcel> parse_spool_file(std::string_view text) {
  if (!text.starts_with(kMagic)) return Error{"no file of this version"};
  text.remove_prefix(kMagic.size());
  std::uint32_t crc = 0;
  if (text.size() <= kCrcDigits || !read_number(text.substr(0, kCrcDigits), 16, crc)) {
    return Error{"the checksum is missing"};
  }
  text.remove_prefix(kCrcDigits);
  if (checksum(text) != crc) return Error{"cut short or damaged: the checksum does not fit"};
  SpooledParcel spooled;
  std::size_t length = 0;
  const std::optional<std::string_view> before = take_word(text, ' ');
  if (!before || !before->empty() || !read_number(take_word(text, ' '), 10, length) ||
      !read_id(take_word(text, ' '), spooled.parcel.id) ||
      !read_number(take_word(text, ' '), 10, spooled.parcel.kind) ||
      spooled.parcel.kind >= kMostCounts ||
      !read_contents(take_word(text, ' '), spooled.parcel.contents)) {
    return Error{"the header line is malformed"};
  }
  const std::optional<std::string_view> address = take_word(text, '\n');
  if (!address) return Error{"the header line does not end"};
  if (text.size() != length || text.empty()) return Error{"the length does not fit"};
  spooled.address = *address;
  spooled.parcel.text = text;
  return spooled;
}

std::optional<Contents> contents_of_damaged(std::string_view text) {
  constexpr int kWordsBefore = 6;  // magic, version, checksum, length, id, kind
  text = text.substr(0, text.find('\n'));
  for (int i = 0; i < kWordsBefore; ++i) {
    if (!take_word(text, ' ')) return std::nullopt;
  }
  Contents contents{};
  if (!read_contents(take_word(text, ' '), contents)) return std::nullopt;
  return contents;
}

}  // namespace vitals::delivery::detail
