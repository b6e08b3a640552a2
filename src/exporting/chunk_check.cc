#include "vitals/exporting/chunk_check.h"

#include <algorithm>

#include "exporting/negotiate.h"
#include "vitals/exporting/request_head.h"

namespace vitals::exporting {
namespace {

bool is_blank_char(char c) noexcept {
  return c == ' ' || c == '\t';
}

/// What may stand in a line, in a quoted string too.
bool is_line_char(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7F) || c == '\t';
}

void skip_blanks(std::string_view& text) noexcept {
  const auto end = std::find_if_not(text.begin(), text.end(), is_blank_char);
  text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
}

/// Takes a token off the text; false when there is none.
bool take_token(std::string_view& text) noexcept {
  std::size_t size = 0;
  while (size < text.size() && is_token(text.substr(size, 1)))
    ++size;
  text.remove_prefix(size);
  return size > 0;
}

/// Takes the rest of a quoted string whose opening quote is gone; false when it has no end.
bool take_quoted(std::string_view& text) noexcept {
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '"') return true;
    if (c != '\\') continue;
    if (text.empty()) return false;
    text.remove_prefix(1);
  }
  return false;
}

/// `*( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )`
bool are_extensions(std::string_view text) noexcept {
  while (!text.empty()) {
    skip_blanks(text);
    if (!text.starts_with(';')) return false;
    text.remove_prefix(1);
    skip_blanks(text);
    if (!take_token(text)) return false;
    std::string_view value = text;
    skip_blanks(value);
    if (!value.starts_with('=')) continue;
    value.remove_prefix(1);
    skip_blanks(value);
    const bool quoted = value.starts_with('"');
    if (quoted) value.remove_prefix(1);
    if (!(quoted ? take_quoted(value) : take_token(value))) return false;
    text = value;
  }
  return true;
}

/// Whether a field of that name would say where a message ends, or whom it is for.
bool is_for_heads_only(std::string_view name) noexcept {
  return equal_ignoring_case(name, "content-length") ||
         equal_ignoring_case(name, "transfer-encoding") || equal_ignoring_case(name, "host");
}

}  // namespace

std::size_t ChunkCheck::fail() noexcept {
  state_ = State::kFailed;
  return 0;
}

std::size_t ChunkCheck::read(std::string_view received) noexcept {
  std::size_t right = 0;
  while (state_ != State::kDone && state_ != State::kFailed && right < received.size()) {
    const std::string_view rest = received.substr(right);
    if (state_ == State::kData) {
      const std::uint64_t taken = std::min<std::uint64_t>(left_, rest.size());
      left_ -= taken;
      right += static_cast<std::size_t>(taken);
      if (left_ == 0) state_ = State::kDataEnd;
      continue;
    }
    if (state_ == State::kDataEnd) {
      if (!std::string_view{"\r\n"}.starts_with(rest.substr(0, 2))) return fail();
      if (rest.size() < 2) break;
      right += 2;
      state_ = State::kSize;
      continue;
    }
    const auto odd = std::find_if_not(rest.begin() + static_cast<std::ptrdiff_t>(looked_at_),
                                      rest.end(), is_line_char);
    const auto size = static_cast<std::size_t>(odd - rest.begin());
    looked_at_ = size;
    if (!std::string_view{"\r\n"}.starts_with(rest.substr(size, 2))) return fail();
    if (rest.size() < size + 2) break;
    looked_at_ = 0;
    right += size + 2;
    const std::string_view line = rest.substr(0, size);
    if (!(state_ == State::kSize ? read_size(line) : read_trailer(line))) return fail();
  }
  return right;
}

bool ChunkCheck::read_size(std::string_view line) noexcept {
  std::size_t digits = 0;
  for (left_ = 0; digits < line.size() && base::hex_digit(line[digits]) >= 0; ++digits) {
    if (left_ >> 60U != 0) return false;  // more than can be counted
    left_ = left_ * 16 + static_cast<std::uint64_t>(base::hex_digit(line[digits]));
  }
  if (digits == 0 || !are_extensions(line.substr(digits))) return false;
  state_ = left_ == 0 ? State::kTrailer : State::kData;
  return true;
}

bool ChunkCheck::read_trailer(std::string_view line) noexcept {
  if (line.empty()) {
    state_ = State::kDone;
    return true;
  }
  return ++fields_ <= kMaxFields && is_field_line(line) &&
         !is_for_heads_only(line.substr(0, line.find(':')));
}

}  // namespace vitals::exporting
