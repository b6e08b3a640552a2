#pragma once

#include <array>
#include <string_view>

namespace vitals::monitor {

/// A status code as label text, without an allocation; `000` for what is none.
class StatusText {
 public:
  explicit StatusText(int status) noexcept {
    if (status < 0 || status > 999) status = 0;
    text_ = {static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
             static_cast<char>('0' + status % 10)};
  }
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 3> text_;
};

}  // namespace vitals::monitor
