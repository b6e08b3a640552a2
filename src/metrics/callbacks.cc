#include "metrics/callbacks.h"

#include <algorithm>
#include <exception>
#include <optional>

#include "metrics/label_text.h"
#include "vitals/base/utf8.h"
#include "vitals/metrics/definition_error.h"
#include "vitals/metrics/detail/fork_gate.h"
#include "vitals/metrics/observables.h"

namespace vitals::metrics::detail {

Definition add_callback(const std::weak_ptr<CallbackFamily>& family,
                        std::span<const std::string_view> values, std::function<double()> read) {
  const std::shared_ptr<CallbackFamily> there = family.lock();
  return there != nullptr ? there->add(values, std::move(read)) : Definition{};
}

Definition CallbackFamily::add(std::span<const std::string_view> values,
                               std::function<double()> read) {
  if (!read) throw DefinitionError("metric \"" + spec_.name + "\": the function is empty");
  auto reading = std::make_shared<Reading>();
  reading->family = weak_from_this();
  reading->read = std::move(read);
  reading->labels = spec_.constant_labels;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].empty() && spec_.omit_empty_labels) continue;
    append_label(reading->labels, spec_.label_names[i],
                 base::is_utf8(values[i]) ? std::string(values[i]) : mended(values[i]));
  }
  const RoomLock lock(mutex_);
  if (std::ranges::any_of(readings_,
                          [&](const auto& one) { return one->labels == reading->labels; })) {
    throw DefinitionError("metric \"" + spec_.name + "\": {" + reading->labels +
                          "} is observed already");
  }
  if (readings_.size() >= spec_.max_series) {
    overflows_.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  readings_.push_back(reading);
  return Definition{reading};
}

void CallbackFamily::collect(SampleSink& sink, const Failed& failed) const {
  const FamilyInfo info{spec_.name, spec_.help,        spec_.type,
                        spec_.unit, spec_.utf8_labels, spec_.any_name};
  if (!sink.wants(info)) return;
  std::vector<std::shared_ptr<Reading>> readings;
  {
    const RoomLock lock(mutex_);
    readings = readings_;
  }
  bool begun = false;
  for (const std::shared_ptr<Reading>& reading : readings) {
    // Read before it is announced, so that one that throws leaves no trace.
    std::optional<double> value;
    {
      const UserCall call(reading->calls);
      if (!call) continue;
      try {
        value = reading->read();
      } catch (const std::exception& error) {
        failed(std::string("its function threw: ") + error.what());
      } catch (...) {
        failed("its function threw what is no std::exception");
      }
    }
    if (!value) continue;
    if (!begun) sink.begin_family(info);
    begun = true;
    if (spec_.type == MetricType::kCounter) {
      sink.counter({reading->labels}, {0, *value, {}});
    } else {
      sink.gauge({reading->labels}, *value);
    }
  }
}

void CallbackFamily::stop() noexcept {
  std::vector<std::shared_ptr<Reading>> readings;
  {
    const RoomLock lock(mutex_);
    readings.swap(readings_);
  }
  for (const std::shared_ptr<Reading>& reading : readings)
    reading->stop();
}

std::size_t CallbackFamily::size() const noexcept {
  const RoomLock lock(mutex_);
  return readings_.size();
}

void CallbackFamily::Reading::remove() noexcept {
  const std::shared_ptr<CallbackFamily> home = family.lock();
  if (home == nullptr) return;
  std::shared_ptr<Reading> self;
  {
    const RoomLock lock(home->mutex_);
    const auto there = std::ranges::find_if(home->readings_,
                                            [this](const auto& one) { return one.get() == this; });
    if (there == home->readings_.end()) return;
    self = std::move(*there);
    home->readings_.erase(there);
  }
  self->stop();
}

void CallbackFamily::Reading::stop() noexcept {
  calls.stop();
  // What it holds goes now and not with the last scrape that has seen it.
  if (!calls.is_mine()) read = nullptr;
}

}  // namespace vitals::metrics::detail
