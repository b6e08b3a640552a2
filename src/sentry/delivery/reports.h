#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "sentry/runtime.h"
#include "vitals/value.h"

namespace vitals::sentry::detail {

/// By category, then by Bulk.
using Quantities = std::array<std::array<std::uint64_t, kCauses>, kCategories + kBulks>;

/// A client report on its way: its payload, and what to put back when it does not arrive.
struct Report {
  std::string payload;
  Quantities told{};
};

/// Tells the server what was discarded and why: the counts of the process less what was told
/// already. Threads: any, none of a capture.
/// Source: Sentry developer documentation, "Client Reports".
class Reports {
 public:
  /// What was discarded before is nobody's business.
  Reports() noexcept;

  /// What is still to be told; nothing when there is nothing. At most 4 KiB: the rest is left.
  [[nodiscard]] std::optional<Report> take(Timestamp now);
  /// The report did not arrive.
  void put_back(const Report& report) noexcept;

 private:
  std::mutex mutex_;
  Quantities told_{};
};

/// The protocol's word; empty for what is not reported.
[[nodiscard]] std::string_view reason_of(Cause cause) noexcept;

}  // namespace vitals::sentry::detail
