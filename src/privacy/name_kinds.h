#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "vitals/value.h"

namespace vitals::privacy {

/// What the name of a field says of its value.
enum class NameKind : std::uint8_t {
  kPlain,
  kSecret,
  kTokens,  // a secret, unless it is a number: how many tokens, not which
  kClientAddress,
  kUrl,
  kQuery,
};
[[nodiscard]] NameKind name_kind(std::string_view name) noexcept;

/// Whether a value under a name of that kind is masked whole.
[[nodiscard]] bool is_masked(NameKind kind, const ValueView& value, bool send_default_pii) noexcept;

/// As scrub_named(), for a name of that kind.
[[nodiscard]] std::string_view scrub_as(NameKind kind, std::string_view text, bool send_default_pii,
                                        std::string& scratch);

/// Remembers the kinds of the names that come again and again, since spans have the same few. What
/// use_sensitive_names() has changed is judged anew. Threads: one.
class NameKinds {
 public:
  /// Cost: a hash and a comparison where it is known.
  [[nodiscard]] NameKind of(std::string_view name) noexcept;

 private:
  static constexpr std::size_t kLongest = 46;
  struct Known {
    std::uint8_t size = 0;  // 0: none
    NameKind kind = NameKind::kPlain;
    std::array<char, kLongest> name{};

    [[nodiscard]] bool is(std::string_view other) const noexcept {
      return size == other.size() && std::memcmp(name.data(), other.data(), size) == 0;
    }
  };
  std::array<Known, 128> known_{};
  const void* judged_by_ = nullptr;  // the list of further names
};

}  // namespace vitals::privacy
