#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "console/api.h"
#include "vitals/console/console.h"

namespace vitals::console::detail {

/// The console's one thread: samples the ring every second, and tells the viewers; while there are
/// any, of errors also in between.
/// Threads: any.
class LiveFeed {
 public:
  /// What the stream's `method` and `endpoint` ask for; empty: all endpoints.
  struct Wish {
    std::string method;
    std::string endpoint;
  };
  using Attach = std::function<void(std::unique_ptr<Viewer>)>;

  /// Without anything to show, no thread. Throws std::system_error when there is none to be had.
  LiveFeed(Sources sources, std::size_t max_viewers);
  ~LiveFeed();
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  /// A place for a viewer, taken until what it is given to is gone; empty after end_streams(), and
  /// when all are taken and nobody has two more of them than `caller`. Else the oldest stream of
  /// the caller who has most is ended for it.
  [[nodiscard]] Attach take_place(Wish wish, std::string_view caller = {});
  void end_streams() noexcept;
  [[nodiscard]] Viewers viewers() const;
  /// Seconds since 1970. Never runs backwards, whatever the clock of the machine does.
  [[nodiscard]] double now() const noexcept;

 private:
  /// A place that is taken. Shares what it counts in: a host may hold it for longer than this
  /// lives.
  struct Place;
  struct Watching {
    std::unique_ptr<Viewer> viewer;
    Wish wish;
    std::shared_ptr<Place> place;
  };
  struct Shared {
    std::mutex mutex;
    std::vector<Watching> watching;  // the oldest first
    std::size_t places = 0;
    std::map<std::string, std::size_t, std::less<>> held;  // places by caller
    bool closed = false;
    bool newcomer = false;  // came since the last second, and may have missed an error
  };

  void run() noexcept;
  /// Ends the oldest stream of the caller with most places, if that is fair to `caller`. Under the
  /// lock; what it gives is to be destroyed outside of it.
  [[nodiscard]] std::optional<Watching> make_room(std::string_view caller);
  /// Tells what is new: of a second all, between two of them errors and traces.
  void tell(bool second) noexcept;
  [[nodiscard]] double next_look(double now) const noexcept;

  const Sources sources_;
  const std::size_t max_viewers_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  const double began_at_;  // seconds since 1970
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  std::uint64_t told_errors_ = 0;
  std::uint64_t told_traces_ = 0;
  std::mutex mutex_;  // guards the next
  bool stop_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace vitals::console::detail
