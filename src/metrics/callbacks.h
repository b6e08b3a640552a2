#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vitals/metrics/detail/family_core.h"
#include "vitals/metrics/detail/user_call.h"
#include "vitals/metrics/sample_sink.h"
#include "vitals/metrics/scoped_definition.h"

namespace vitals::metrics::detail {

/// A family whose samples are what functions give at the scrape. Threads: any.
class CallbackFamily : public std::enable_shared_from_this<CallbackFamily> {
 public:
  explicit CallbackFamily(FamilySpec spec) : spec_(std::move(spec)) {}

  [[nodiscard]] const FamilySpec& spec() const noexcept { return spec_; }

  /// Throws DefinitionError where the values are taken or `read` is empty. Past the family's limit
  /// what it gives is empty, and counted.
  [[nodiscard]] Definition add(std::span<const std::string_view> values,
                               std::function<double()> read);
  /// Tells of a function that threw.
  using Failed = std::function<void(std::string_view why)>;
  void collect(SampleSink& sink, const Failed& failed) const;
  /// None of its functions is called from now on; waits for those under way.
  void stop() noexcept;

  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] std::uint64_t overflows() const noexcept {
    return overflows_.load(std::memory_order_relaxed);
  }

 private:
  struct Reading final : Removable {
    std::weak_ptr<CallbackFamily> family;
    std::string labels;
    std::function<double()> read;
    UserCalls calls;

    void remove() noexcept override;
    void stop() noexcept;
  };

  const FamilySpec spec_;
  std::atomic<std::uint64_t> overflows_{0};
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Reading>> readings_;
};

}  // namespace vitals::metrics::detail
