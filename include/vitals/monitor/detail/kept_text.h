#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

#include "vitals/lifetimebound.h"

#pragma GCC visibility push(default)

/// What scopes keep texts in. Not for use from outside: it may change.
namespace vitals::monitor::detail {

/// A copy of a text on the heap; null when there is no memory.
[[nodiscard]] char* copy_text(std::string_view text) noexcept;
void free_text(char* text) noexcept;

/// A scope's own copy of a text that it was given, so that it may come from a temporary. N bytes
/// lie in place, a longer text costs an allocation; without memory for that it is cut to N bytes.
template <std::size_t N>
class KeptText {
 public:
  KeptText() noexcept {}  // NOLINT: in_place_ is written before it is read
  explicit KeptText(std::string_view text) noexcept { keep(text); }
  KeptText(const KeptText&) = delete;
  KeptText& operator=(const KeptText&) = delete;
  ~KeptText() {
    if (long_ != nullptr) [[unlikely]]
      free_text(long_);
  }

  /// Once; before that it is empty.
  void keep(std::string_view text) noexcept {
    size_ = text.size();
    if (size_ > N) [[unlikely]] {
      long_ = copy_text(text);
      if (long_ != nullptr) return;
      size_ = N;
    }
    if (size_ > 0) std::memcpy(in_place_, text.data(), size_);
  }
  /// In place of what it has.
  void replace(std::string_view text) noexcept {
    if (long_ != nullptr) free_text(long_);
    long_ = nullptr;
    keep(text);
  }
  [[nodiscard]] std::string_view view() const noexcept VITALS_LIFETIMEBOUND {
    return {long_ != nullptr ? long_ : in_place_, size_};
  }

 private:
  char* long_ = nullptr;
  std::size_t size_ = 0;
  char in_place_[N];
};

}  // namespace vitals::monitor::detail

#pragma GCC visibility pop
