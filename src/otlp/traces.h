#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "delivery/bounded_queue.h"
#include "otlp/policy.h"
#include "otlp/room.h"
#include "vitals/context/listener.h"
#include "vitals/otlp/options.h"

namespace vitals::otlp::detail {

/// Takes finished transactions and gives them as batches of spans. A batch is due when it is full,
/// or when its first span has waited long enough. Bounded by the number of spans, those in batches
/// that are not sent yet among them; what does not fit is counted. Threads: any; add() takes no lock.
class TraceSource final : public delivery::detail::Source {
 public:
  /// `full` is called when there is enough for a request. The options must outlive it.
  TraceSource(const SignalOptions& options, std::function<void()> full);
  ~TraceSource() override;

  void add(const context::SharedTransaction& transaction) noexcept;
  [[nodiscard]] std::unique_ptr<delivery::detail::Cargo> take(Time now,
                                                              bool everything) noexcept override;
  [[nodiscard]] Time next_ask(Time now) noexcept override;

 private:
  struct LetGo {
    void operator()(context::FinishedTransaction* transaction) const noexcept {
      context::release(transaction);
    }
  };
  [[nodiscard]] std::unique_ptr<delivery::detail::Cargo> gather() noexcept;

  const SignalOptions& options_;
  const std::function<void()> full_;
  delivery::detail::BoundedQueue<context::FinishedTransaction, LetGo> queue_;
  const std::shared_ptr<Room> room_;
  std::atomic<std::size_t> waiting_{0};  // spans that are in no batch yet

  std::mutex taking_;                // of the sending threads, never of one that adds
  context::SharedTransaction open_;  // of which a part is in a batch already
  std::size_t open_from_ = 0;
  Time due_;  // what waits is sent then, however little it is
};

}  // namespace vitals::otlp::detail
