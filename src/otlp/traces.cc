#include "otlp/traces.h"

#include <algorithm>
#include <new>
#include <utility>

#include "context/trace.h"
#include "otlp/counts.h"
#include "otlp/encode/request.h"

namespace vitals::otlp::detail {
namespace {

using context::SharedTransaction;
using context::detail::TransactionAccess;
using delivery::detail::Cargo;

/// Some spans of a transaction, next to each other.
struct Part {
  SharedTransaction transaction;
  std::size_t first = 0;
  std::size_t count = 0;
};

class SpanBatch final : public Batch {
 public:
  /// With memory for so many parts, so that add() needs none.
  SpanBatch(std::shared_ptr<Room> room, std::size_t most)
      : Batch(Signal::kTraces), room_(std::move(room)) {
    parts_.reserve(most);
  }
  SpanBatch(const SpanBatch&) = delete;
  SpanBatch& operator=(const SpanBatch&) = delete;
  ~SpanBatch() override { room_->give_back(items_, cost_); }

  [[nodiscard]] bool has_room() const noexcept { return parts_.size() < parts_.capacity(); }
  void add(Part part) noexcept {
    items_ += static_cast<std::uint32_t>(part.count);
    // What a transaction holds counts with its last span, as it is let go with it.
    if (part.first + part.count == part.transaction->size())
      cost_ += TransactionAccess::cost(*part.transaction);
    parts_.push_back(std::move(part));
  }

  [[nodiscard]] std::uint32_t items() const noexcept override { return items_; }
  [[nodiscard]] std::size_t cost() const noexcept override { return cost_; }
  void write(Encoders& encoders, std::string_view resource, Protocol protocol,
             std::string& out) const override {
    if (protocol == Protocol::kJson) return write_as<JsonMessage>(encoders, resource, out);
    write_as<ProtobufMessage>(encoders, resource, out);
  }

 private:
  template <class Message>
  void write_as(Encoders& encoders, std::string_view resource, std::string& out) const {
    write_request<Message>(out, Signal::kTraces, resource, [&](auto& spans) {
      for (const Part& part : parts_)
        encoders.spans.write<Message>(*part.transaction, part.first, part.count, spans);
    });
  }

  const std::shared_ptr<Room> room_;
  std::vector<Part> parts_;
  std::uint32_t items_ = 0;
  std::size_t cost_ = 0;
};

}  // namespace

TraceSource::TraceSource(const SignalOptions& options, std::function<void()> full)
    : options_(options),
      full_(std::move(full)),
      queue_(options.max_queue_size),
      room_(std::make_shared<Room>(options.max_queue_size, options.max_queue_bytes)),
      due_(std::chrono::steady_clock::now() + options.delay) {}

TraceSource::~TraceSource() {
  std::size_t lost = open_ ? open_->size() - open_from_ : 0;
  while (const auto transaction = queue_.pop())
    lost += transaction->size();
  count(Signal::kTraces, Outcome::kNetworkError, lost);
}

void TraceSource::add(const SharedTransaction& transaction) noexcept {
  const std::size_t spans = transaction->size();
  const std::size_t cost = TransactionAccess::cost(*transaction);
  if (!room_->take(spans, cost)) return count(Signal::kTraces, Outcome::kQueueFull, spans);
  std::unique_ptr<context::FinishedTransaction, LetGo> share{
      SharedTransaction{transaction}.detach()};
  if (!queue_.push(share)) {
    room_->give_back(spans, cost);
    return count(Signal::kTraces, Outcome::kQueueFull, spans);
  }
  const std::size_t before = waiting_.fetch_add(spans, std::memory_order_relaxed);
  // Only the one that fills a batch wakes the thread that sends.
  if (before < options_.max_batch_size && before + spans >= options_.max_batch_size) full_();
}

std::unique_ptr<Cargo> TraceSource::take(Time now, bool everything) noexcept {
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

std::chrono::steady_clock::time_point TraceSource::next_ask(Time) noexcept {
  const std::lock_guard hold{taking_};
  return due_;
}

std::unique_ptr<Cargo> TraceSource::gather() noexcept {
  std::size_t left = std::max<std::size_t>(options_.max_batch_size, 1);
  std::unique_ptr<SpanBatch> batch;
  try {
    batch = std::make_unique<SpanBatch>(room_, std::min(left, queue_.size() + 1));
  } catch (const std::bad_alloc&) {
    return nullptr;  // the next time there may be memory for it
  }
  while (left > 0 && batch->has_room()) {
    if (!open_) {
      open_ = SharedTransaction::adopt(queue_.pop().release());
      open_from_ = 0;
      if (!open_) break;
    }
    const std::size_t count = std::min(left, open_->size() - open_from_);
    batch->add({open_, open_from_, count});
    waiting_.fetch_sub(count, std::memory_order_relaxed);
    left -= count;
    open_from_ += count;
    if (open_from_ == open_->size()) open_ = {};
  }
  if (batch->items() == 0) return nullptr;
  return batch;
}

}  // namespace vitals::otlp::detail
