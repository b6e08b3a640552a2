#include "otlp/metrics_source.h"

#include <exception>
#include <utility>

#include "base/clock.h"
#include "base/say_line.h"
#include "otlp/counts.h"
#include "vitals/metrics/registry.h"

namespace vitals::otlp::detail {
namespace {

using delivery::detail::Cargo;

constexpr std::size_t kMostPoints = 10'000;

/// A request that is written already: a registry is read once, on one thread.
class MetricsBatch final : public Batch {
 public:
  MetricsBatch(std::string text, std::uint32_t points) noexcept
      : Batch(Signal::kMetrics), text_(std::move(text)), points_(points) {}

  [[nodiscard]] std::uint32_t items() const noexcept override { return points_; }
  [[nodiscard]] std::size_t cost() const noexcept override { return sizeof *this + text_.size(); }
  void write(Encoders&, std::string_view, Protocol, std::string& out) const override {
    out = text_;
  }

 private:
  const std::string text_;
  const std::uint32_t points_;
};

}  // namespace

MetricsSource::MetricsSource(const Options& options)
    : options_(options),
      resource_(resource_text(options.metrics.protocol, options.resource)),
      start_(static_cast<std::uint64_t>(base::wall_clock())),
      due_(std::chrono::steady_clock::now() + options.metrics_interval),
      before_(start_) {}

void MetricsSource::close() noexcept {
  const std::lock_guard hold{taking_};
  if (!std::exchange(closed_, true)) read();
}

std::unique_ptr<Cargo> MetricsSource::take(Time now, bool everything) noexcept {
  const std::lock_guard hold{taking_};
  // Everything is asked for until there is nothing more, and one reading is everything. One that was
  // made before, and is not handed over yet, does not hold what came since.
  if (!everything) read_for_round_ = false;
  if (pages_.empty()) {
    if (std::exchange(read_for_round_, false)) return nullptr;
    if (closed_ || (!everything && now < due_)) return nullptr;
    due_ = now + options_.metrics_interval;
    read();
    if (pages_.empty()) return nullptr;
    read_for_round_ = everything;
  }
  Page page = std::move(pages_.front());
  pages_.pop_front();
  try {
    return std::make_unique<MetricsBatch>(std::move(page.text), page.points);
  } catch (const std::bad_alloc&) {
    count(Signal::kMetrics, Outcome::kInternalError, page.points);
    return nullptr;
  }
}

std::chrono::steady_clock::time_point MetricsSource::next_ask(Time now) noexcept {
  const std::lock_guard hold{taking_};
  return pages_.empty() ? due_ : now;
}

void MetricsSource::read() noexcept {
  const ReadingTimes times{
      .now = static_cast<std::uint64_t>(base::wall_clock()), .before = before_, .start = start_};
  try {
    if (options_.metrics.protocol == Protocol::kJson) {
      read_as<JsonMessage>(times);
    } else {
      read_as<ProtobufMessage>(times);
    }
    before_ = times.now;
    return;
  } catch (const std::exception& error) {
    base::say_line("vitals otlp", "the metrics could not be read:", error.what());
  } catch (...) {
    base::say_line("vitals otlp", "the metrics could not be read", {});
  }
  count(Signal::kMetrics, Outcome::kInternalError);
}

template <class Message>
void MetricsSource::read_as(const ReadingTimes& times) {
  const bool delta = options_.temporality == Temporality::kDelta;
  if (delta) sent_.begin_reading();
  MetricsEncoder<Message> encoder{resource_, times, delta ? &sent_ : nullptr, options_.exponential,
                                  kMostPoints};
  if (options_.registries.empty()) {
    metrics::default_registry().collect(encoder);
  } else {
    for (const metrics::Registry* const registry : options_.registries)
      registry->collect(encoder);
  }
  for (auto& page : encoder.finish())
    pages_.push_back({std::move(page.text), page.points});
  if (delta) sent_.end_reading();
}

}  // namespace vitals::otlp::detail
