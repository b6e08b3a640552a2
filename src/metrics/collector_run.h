#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "metrics/recorder.h"
#include "vitals/metrics/detail/user_call.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::metrics::detail {

/// What one run of a collector said.
struct Recorded {
  std::vector<Recorder::RecordedFamily> families;
  Recorder::Faulty duplicates;
  Recorder::Faulty unsound;
  bool failed = false;  // it threw, and what came after that is missing
};

/// A collector, run by one scrape at a time. Threads: any.
class CollectorRun {
 public:
  explicit CollectorRun(std::unique_ptr<Collector> collector) : collector_(std::move(collector)) {}

  /// Whether the sink wants something of what the collector may say, whose names begin with
  /// `prefix`.
  [[nodiscard]] bool is_wanted(SampleSink& sink, std::string_view prefix) noexcept;
  /// Runs it, or waits for the run that is under way and takes what that one says, so that a slow
  /// one makes no queue. Null when that takes too long, or there is no memory.
  [[nodiscard]] std::shared_ptr<const Recorded> recorded(const RecorderOptions& options);
  /// It is not called from now on; waits for the call that is under way.
  void stop() noexcept;

 private:
  [[nodiscard]] std::shared_ptr<const Recorded> await(std::uint64_t run);
  [[nodiscard]] std::shared_ptr<const Recorded> run(const RecorderOptions& options);

  std::unique_ptr<Collector> collector_;
  UserCalls calls_;

  std::mutex mutex_;  // guards what follows; not held while the collector runs
  bool running_ = false;
  std::uint32_t process_ = 0;  // that it runs in, by forks(): of a parent, it never ends
  std::uint64_t runs_ = 0;     // that have ended
  std::size_t waiting_ = 0;    // scrapes, for the run that is under way
  std::shared_ptr<const Recorded> latest_;  // what the last run said, while some wait for it
};

}  // namespace vitals::metrics::detail
