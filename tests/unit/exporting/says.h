#pragma once

#include <functional>
#include <utility>

#include "vitals/metrics/sample_sink.h"

namespace vitals::exporting {

/// A collector that says what the function says.
class Says final : public metrics::Collector {
 public:
  explicit Says(std::function<void(metrics::SampleSink&)> say) : say_(std::move(say)) {}
  void collect(metrics::SampleSink& sink) override { say_(sink); }

 private:
  std::function<void(metrics::SampleSink&)> say_;
};

}  // namespace vitals::exporting
