#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace vitals::delivery::detail {

/// How many of what a parcel holds. The policy says what each place counts.
inline constexpr std::size_t kMostCounts = 16;
using Contents = std::array<std::uint32_t, kMostCounts>;

/// What a server makes of a parcel that it gets twice, as when the process died before an answer.
enum class Twice : std::uint8_t {
  kOnce,      // knows it again, and takes it once
  kHarmless,  // has it twice, which is better than to lose it
  kHarmful,   // counts it twice: rather lose it
};

/// Is told that a parcel has arrived; where it is destroyed before that, the parcel has not.
class Receipt {
 public:
  Receipt() = default;
  Receipt(const Receipt&) = delete;
  Receipt& operator=(const Receipt&) = delete;
  virtual ~Receipt() = default;
  virtual void arrived() noexcept = 0;
};

/// What is sent as one request, or lies on disk until it is.
struct Parcel {
  std::string text;
  std::array<std::uint8_t, 16> id{};  // zero: none
  std::uint8_t kind = 0;              // the policy's; below kMostCounts
  Twice twice = Twice::kHarmful;
  Contents contents{};
  int tries = 0;  // requests that failed
};

}  // namespace vitals::delivery::detail
