#include "sentry/delivery/spool_file.h"

#include <libdeflate.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <optional>

namespace vitals::sentry::detail {
namespace {

constexpr std::string_view kMagic = "vitals-envelope 1 ";
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

bool read_id(std::optional<std::string_view> word, EventId& id) noexcept {
  if (!word || word->size() != id.bytes.size() * 2) return false;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (!read_number(word->substr(i * 2, 2), 16, id.bytes[i])) return false;
  }
  return true;
}

bool read_contents(std::optional<std::string_view> word, Contents& contents) noexcept {
  if (!word) return false;
  // A file of an older version ends before the bytes, which it did not count.
  std::size_t count = 0;
  for (std::string_view rest = *word; count < contents.size(); ++count) {
    const std::size_t end = rest.find(',');
    if (!read_number(rest.substr(0, end), 10, contents[count])) return false;
    if (end == std::string_view::npos)
      return count + 1 == contents.size() || count + 1 == kCategories;
    rest.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace

std::string write_spool_file(const Envelope& envelope, std::string_view dsn) {
  std::string after = ' ' + std::to_string(envelope.text.size()) + ' ';
  after += envelope.event_id.hex().view();
  after += ' ' + std::to_string(static_cast<unsigned>(envelope.category)) + ' ';
  for (std::size_t i = 0; i < envelope.contents.size(); ++i) {
    if (i != 0) after += ',';
    after += std::to_string(envelope.contents[i]);
  }
  after += ' ';
  after += dsn;
  after += '\n';
  after += envelope.text;
  std::array<char, kCrcDigits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x", checksum(after));
  std::string text{kMagic};
  text.reserve(text.size() + kCrcDigits + after.size());
  return text.append(digits.data(), kCrcDigits).append(after);
}

Result<SpooledEnvelope> parse_spool_file(std::string_view text) {
  if (!text.starts_with(kMagic)) return Error{"not an envelope of this client and version"};
  text.remove_prefix(kMagic.size());
  std::uint32_t crc = 0;
  if (text.size() <= kCrcDigits || !read_number(text.substr(0, kCrcDigits), 16, crc)) {
    return Error{"the checksum is missing"};
  }
  text.remove_prefix(kCrcDigits);
  if (checksum(text) != crc) return Error{"cut short or damaged: the checksum does not fit"};
  SpooledEnvelope spooled;
  std::size_t length = 0;
  unsigned category = 0;
  const std::optional<std::string_view> before = take_word(text, ' ');
  if (!before || !before->empty() || !read_number(take_word(text, ' '), 10, length) ||
      !read_id(take_word(text, ' '), spooled.envelope.event_id) ||
      !read_number(take_word(text, ' '), 10, category) || category >= kCategories ||
      !read_contents(take_word(text, ' '), spooled.envelope.contents)) {
    return Error{"the header line is malformed"};
  }
  const std::optional<std::string_view> dsn = take_word(text, '\n');
  if (!dsn) return Error{"the header line does not end"};
  if (text.size() != length || text.empty()) return Error{"the length does not fit"};
  spooled.dsn = *dsn;
  spooled.envelope.category = static_cast<Category>(category);
  spooled.envelope.text = text;
  return spooled;
}

std::optional<Contents> contents_of_damaged(std::string_view text) {
  constexpr int kWordsBefore = 6;  // magic, version, checksum, length, id, category
  constexpr std::uint32_t kCredible = 100'000;
  text = text.substr(0, text.find('\n'));
  for (int i = 0; i < kWordsBefore; ++i) {
    if (!take_word(text, ' ')) return std::nullopt;
  }
  Contents contents{};
  if (!read_contents(take_word(text, ' '), contents)) return std::nullopt;
  for (std::size_t i = 0; i < kCategories; ++i) {
    if (contents[i] > kCredible) return std::nullopt;
  }
  return contents;
}

}  // namespace vitals::sentry::detail
