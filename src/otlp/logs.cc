#include "otlp/logs.h"

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include "otlp/counts.h"
#include "otlp/encode/logs.h"
#include "otlp/encode/request.h"

namespace vitals::otlp::detail {
namespace {

using delivery::detail::Cargo;

class LogBatch final : public Batch {
 public:
  /// With memory for so many records, so that add() needs none.
  LogBatch(std::shared_ptr<Room> room, std::size_t most)
      : Batch(Signal::kLogs), room_(std::move(room)) {
    items_.reserve(most);
  }
  LogBatch(const LogBatch&) = delete;
  LogBatch& operator=(const LogBatch&) = delete;
  ~LogBatch() override { room_->give_back(items_.size(), cost_); }

  [[nodiscard]] bool has_room() const noexcept { return items_.size() < items_.capacity(); }
  void add(std::unique_ptr<LogItem> item) noexcept {
    cost_ += item->cost();
    items_.push_back(std::move(item));
  }

  [[nodiscard]] std::uint32_t items() const noexcept override {
    return static_cast<std::uint32_t>(items_.size());
  }
  [[nodiscard]] std::size_t cost() const noexcept override { return cost_; }
  void write(Encoders& encoders, std::string_view resource, Protocol protocol,
             std::string& out) const override {
    if (protocol == Protocol::kJson) return write_as<JsonMessage>(encoders, resource, out);
    write_as<ProtobufMessage>(encoders, resource, out);
  }

 private:
  template <class Message>
  void write_as(Encoders& encoders, std::string_view resource, std::string& out) const {
    write_request<Message>(out, Signal::kLogs, resource, [&](auto& records) {
      for (const std::unique_ptr<LogItem>& item : items_)
        write_log<Message>(*item, encoders.symbolizer, encoders.privacy, records);
    });
  }

  const std::shared_ptr<Room> room_;
  std::vector<std::unique_ptr<LogItem>> items_;
  std::size_t cost_ = 0;
};

}  // namespace

LogSource::LogSource(const SignalOptions& options, std::function<void()> full)
    : options_(options),
      full_(std::move(full)),
      queue_(options.max_queue_size),
      room_(std::make_shared<Room>(options.max_queue_size, options.max_queue_bytes)),
      due_(std::chrono::steady_clock::now() + options.delay) {}

LogSource::~LogSource() {
  std::size_t lost = 0;
  while (queue_.pop())
    ++lost;
  count(Signal::kLogs, Outcome::kNetworkError, lost);
}

void LogSource::add(std::unique_ptr<LogItem> item) noexcept {
  if (!item) return count(Signal::kLogs, Outcome::kInternalError);
  const std::size_t cost = item->cost();
  if (!room_->take(1, cost)) return count(Signal::kLogs, Outcome::kQueueFull);
  if (!queue_.push(item)) {
    room_->give_back(1, cost);
    return count(Signal::kLogs, Outcome::kQueueFull);
  }
  // Only the one that fills a batch wakes the thread that sends.
  if (waiting_.fetch_add(1, std::memory_order_relaxed) + 1 == options_.max_batch_size) full_();
}

std::unique_ptr<Cargo> LogSource::take(Time now, bool everything) noexcept {
  const std::lock_guard hold{taking_};
  const std::size_t waiting = waiting_.load(std::memory_order_relaxed);
  if (waiting == 0) {
    due_ = now + options_.delay;  // of what may come at once
    return nullptr;
  }
  if (!everything && waiting < options_.max_batch_size && now < due_) return nullptr;
  due_ = now + options_.delay;
  return gather();
}

std::chrono::steady_clock::time_point LogSource::next_ask(Time) noexcept {
  const std::lock_guard hold{taking_};
  return due_;
}

std::unique_ptr<Cargo> LogSource::gather() noexcept {
  std::unique_ptr<LogBatch> batch;
  try {
    batch = std::make_unique<LogBatch>(room_, std::min(options_.max_batch_size, queue_.size() + 1));
  } catch (const std::bad_alloc&) {
    return nullptr;  // the next time there may be memory for it
  }
  while (batch->has_room()) {
    std::unique_ptr<LogItem> item = queue_.pop();
    if (!item) break;
    batch->add(std::move(item));
    waiting_.fetch_sub(1, std::memory_order_relaxed);
  }
  if (batch->items() == 0) return nullptr;
  return batch;
}

}  // namespace vitals::otlp::detail
