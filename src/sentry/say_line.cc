#include "sentry/say_line.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "sentry/text.h"

namespace vitals::sentry::detail {
namespace {

/// The character that `text`, one of valid UTF-8, is.
std::uint32_t code_of(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text.front());
  if (text.size() == 1) return lead;
  std::uint32_t code = lead & (0xffU >> (text.size() + 1));
  for (const char c : text.substr(1))
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3fU);
  return code;
}

/// Control characters, separators of lines, marks of direction, what is invisible. Source: Unicode
/// Character Database, categories Cc, Cf, Zl, Zp and Co, but for the joiners.
bool is_unseen(std::uint32_t code) noexcept {
  struct Range {
    std::uint32_t first;
    std::uint32_t last;
  };
  constexpr std::array<Range, 14> kUnseen{{{0x0000, 0x001f},
                                           {0x007f, 0x009f},
                                           {0x00ad, 0x00ad},
                                           {0x0600, 0x0605},
                                           {0x061c, 0x061c},
                                           {0x06dd, 0x06dd},
                                           {0x180e, 0x180e},
                                           {0x200b, 0x200b},
                                           {0x200e, 0x200f},
                                           {0x2028, 0x202e},
                                           {0x2060, 0x206f},
                                           {0xfeff, 0xfeff},
                                           {0xfff0, 0xfffb},
                                           {0xe0000, 0x10ffff}}};
  return std::ranges::any_of(
      kUnseen, [code](const Range& range) { return code >= range.first && code <= range.last; });
}

/// Writes to stderr, which has no buffer of its own, a kilobyte at a time.
class StderrLine {
 public:
  StderrLine() noexcept { ::flockfile(stderr); }
  StderrLine(const StderrLine&) = delete;
  StderrLine& operator=(const StderrLine&) = delete;
  ~StderrLine() {
    flush();
    ::funlockfile(stderr);
  }

  void put(std::string_view text) noexcept {
    while (!text.empty()) {
      if (size_ == bytes_.size()) flush();
      const std::string_view part = text.substr(0, bytes_.size() - size_);
      part.copy(bytes_.data() + size_, part.size());
      size_ += part.size();
      text.remove_prefix(part.size());
    }
  }

  void put_escaped(std::string_view text) noexcept {
    while (!text.empty()) {
      const std::size_t length = utf8_length(text);
      const std::string_view one = text.substr(0, length == 0 ? 1 : length);
      text.remove_prefix(one.size());
      if (length == 0) {
        put_number("\\x%02x", static_cast<unsigned char>(one.front()));
        continue;
      }
      const std::uint32_t code = code_of(one);
      if (!is_unseen(code)) {
        put(one);
      } else if (code == '\n') {
        put("\\n");
      } else if (code == '\r') {
        put("\\r");
      } else if (code == '\t') {
        put("\\t");
      } else if (code < 0x10000) {
        put_number("\\u%04x", code);
      } else {  // as JSON has it
        put_number("\\u%04x", 0xd800 + ((code - 0x10000) >> 10));
        put_number("\\u%04x", 0xdc00 + ((code - 0x10000) & 0x3ff));
      }
    }
  }

 private:
  void put_number(const char* format, std::uint32_t number) noexcept {
    std::array<char, 16> text;
    const int size = std::snprintf(text.data(), text.size(), format, number);
    put({text.data(), static_cast<std::size_t>(size)});
  }
  void flush() noexcept { std::fwrite(bytes_.data(), 1, std::exchange(size_, 0), stderr); }

  std::array<char, 1024> bytes_;
  std::size_t size_ = 0;
};

}  // namespace

void say_line(std::string_view what, std::string_view detail) noexcept {
  StderrLine line;
  line.put("vitals sentry: ");
  line.put_escaped(what);
  if (!detail.empty()) line.put(" ");
  line.put_escaped(detail);
  line.put("\n");
}

}  // namespace vitals::sentry::detail
