#include "base/say_line.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "vitals/base/unseen.h"
#include "vitals/base/utf8.h"

namespace vitals::base {
namespace {

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
      const auto [code, length] = decode_utf8(text);
      const std::string_view one = text.substr(0, length == 0 ? 1 : length);
      text.remove_prefix(one.size());
      if (length == 0) {
        put_number("\\x%02x", static_cast<unsigned char>(one.front()));
        continue;
      }
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

void say_line(std::string_view who, std::string_view what, std::string_view detail) noexcept {
  StderrLine line;
  line.put(who);
  line.put(": ");
  line.put_escaped(what);
  if (!detail.empty()) line.put(" ");
  line.put_escaped(detail);
  line.put("\n");
}

}  // namespace vitals::base
