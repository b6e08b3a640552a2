#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/agent/agent.h"
#include "vitals/result.h"

namespace health_agent::agent {

/// What a million tokens of each model cost, in USD. Plain text, a row a line:
///
///     # model         up-to    input  cached  cache-write  output  date        source
///     claude-haiku-9  100000   0.10   0.01    0.125        0.50    2026-10-24  https://…
///     claude-haiku-9  -        0.50   0.05    0.625        2.50    2026-10-24  https://…
///
/// A row holds for requests of up to so many input tokens, `-` for any; a request longer than all
/// rows of its model has no price. `cached` and `cache-write` may be `-`: they cost as input. A
/// model's dated names (`-20251001`, `-2026-03-05`, `-latest`) are its own.
///
/// Immutable. Threads: any.
class PriceTable {
 public:
  /// Reads a table. The error names every line at fault, and what is wrong there.
  [[nodiscard]] static vitals::Result<PriceTable> parse(std::string_view text);

  /// The table that the program ships with: list prices, each with its date and source.
  [[nodiscard]] static const PriceTable& shipped();

  /// What one request cost, in millionths of a millionth of a USD (1e-12), exactly; empty when
  /// there is no price for it. Zero is a price.
  [[nodiscard]] std::optional<std::int64_t> cost_of(std::string_view model,
                                                    const Usage& usage) const;

  [[nodiscard]] std::size_t rows() const noexcept { return rows_.size(); }

 private:
  /// Prices in millionths of a USD for a million tokens.
  struct Row {
    std::string model;
    std::int64_t up_to = 0;
    std::int64_t input = 0;
    std::int64_t cached = 0;
    std::int64_t cache_write = 0;
    std::int64_t output = 0;
  };
  static std::string read_row(std::string_view line, Row& row);

  std::vector<Row> rows_;  // by model, then by up_to
};

/// `cost_of` as USD, rounded once.
[[nodiscard]] double to_usd(std::int64_t cost) noexcept;

/// The table in use, which can be replaced while calls are under way. Threads: any.
class Prices {
 public:
  Prices() : table_(std::make_shared<const PriceTable>(PriceTable::shipped())) {}
  explicit Prices(PriceTable table) { replace(std::move(table)); }

  [[nodiscard]] std::shared_ptr<const PriceTable> table() const {
    const std::lock_guard lock{mutex_};
    return table_;
  }
  void replace(PriceTable table) {
    auto fresh = std::make_shared<const PriceTable>(std::move(table));
    const std::lock_guard lock{mutex_};
    table_ = std::move(fresh);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const PriceTable> table_;
};

}  // namespace health_agent::agent
