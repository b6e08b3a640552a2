#include "otlp/self_metrics.h"

#include <pthread.h>

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <span>

#include "vitals/otlp/client.h"

namespace vitals::otlp::detail {
namespace {

constexpr metrics::FamilyInfo kItems{
    .name = "vitals_otlp_items_total",
    .help =
        "Spans, points of metrics and log records that were to be sent by OTLP, by what became "
        "of them.",
    .type = metrics::MetricType::kCounter};

class Items final : public metrics::Collector {
 public:
  void collect(metrics::SampleSink& sink) override {
    if (!sink.wants(kItems)) return;
    const Stats counted = stats();
    sink.begin_family(kItems);
    for (std::size_t signal = 0; signal < kSignals; ++signal) {
      for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome) {
        sink.counter(metrics::SeriesLabels{{"signal", to_string(static_cast<Signal>(signal))},
                                           {"outcome", to_string(static_cast<Outcome>(outcome))}},
                     {counted.counts[signal][outcome], 0.0, {}});
      }
    }
  }
  [[nodiscard]] std::span<const metrics::FamilyInfo> families() const override { return kFamilies; }

 private:
  static constexpr std::array kFamilies{kItems};
};

/// By registry. Never destroyed, as a client may end after main(). A fork waits for the lock, so that
/// a child with a client of its own finds it free.
struct Definitions {
  std::mutex mutex;
  std::map<const metrics::Registry*, std::weak_ptr<metrics::ScopedDefinition>> shared;
};

Definitions& definitions() {
  static auto* const all = new Definitions;
  return *all;
}

}  // namespace

std::shared_ptr<metrics::ScopedDefinition> add_self_metrics(metrics::Registry& registry) {
  Definitions& all = definitions();
  static const int registered =
      pthread_atfork([] { definitions().mutex.lock(); }, [] { definitions().mutex.unlock(); },
                     [] { definitions().mutex.unlock(); });
  static_cast<void>(registered);
  const std::lock_guard hold{all.mutex};
  std::erase_if(all.shared, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<metrics::ScopedDefinition>& there = all.shared[&registry];
  std::shared_ptr<metrics::ScopedDefinition> shared = there.lock();
  if (shared == nullptr) {
    shared =
        std::make_shared<metrics::ScopedDefinition>(registry.collector(std::make_unique<Items>()));
    there = shared;
  }
  return shared;
}

}  // namespace vitals::otlp::detail
