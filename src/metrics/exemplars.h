#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "vitals/metrics/exemplar.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::metrics::detail {

/// The latest exemplar of one bucket or counter. Writers take turns by a sequence number that is
/// odd while one writes, and one that finds it odd leaves its exemplar out; readers try again.
class ExemplarSlot {
 public:
  /// Enough for trace and span id, and for 128 characters of others that are mostly ASCII.
  static constexpr std::size_t kMaxText = 192;

  void write(std::string_view labels, double value, double timestamp) noexcept;
  /// False when there is none, or it changed each time it was looked at.
  bool read(std::string& labels, double& value, double& timestamp) const;
  /// Of the last one, 0 when there is none.
  [[nodiscard]] double timestamp() const noexcept {
    return timestamp_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint32_t> sequence_{0};
  std::atomic<std::uint32_t> size_{0};
  std::atomic<double> value_{0};
  std::atomic<double> timestamp_{0};
  std::array<std::atomic<std::uint64_t>, kMaxText / 8> text_{};
};

/// The exemplars of one series, a place for each bucket that is made when it is first needed.
class ExemplarStore {
 public:
  explicit ExemplarStore(std::size_t places) : slots_(places) {}
  ExemplarStore(const ExemplarStore&) = delete;
  ExemplarStore& operator=(const ExemplarStore&) = delete;
  ~ExemplarStore();

  /// The active trace, unless the place has one that is younger than a second: what is scraped
  /// every 15 seconds needs no more, and most observations then cost a look.
  void offer_active(std::size_t place, double value) noexcept;
  void keep(std::size_t place, double value, ExemplarLabels labels) noexcept;

  /// One for each place; the texts live in `texts`.
  void read(std::vector<ExemplarView>& views, std::vector<std::string>& texts) const;
  [[nodiscard]] std::size_t places() const noexcept { return slots_.size(); }

 private:
  [[nodiscard]] ExemplarSlot* slot(std::size_t place) noexcept;

  std::vector<std::atomic<ExemplarSlot*>> slots_;
};

/// Renders labels for an exemplar; empty when they are not allowed in one.
[[nodiscard]] std::string render_exemplar(ExemplarLabels labels);

}  // namespace vitals::metrics::detail
