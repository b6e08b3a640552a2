#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace vitals::monitor {

/// A short text in a buffer of its own, without an allocation; what is past N bytes is cut.
template <std::size_t N>
class FixedText {
 public:
  FixedText() noexcept {}  // NOLINT: text_ is written before it is read
  FixedText(std::string_view first, std::string_view second) noexcept {
    append(first);
    append(" ");
    append(second);
  }

  void append(std::string_view part) noexcept {
    size_ += part.copy(text_.data() + size_, N - size_);
  }
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, N> text_;
  std::size_t size_ = 0;
};

}  // namespace vitals::monitor
