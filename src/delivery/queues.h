#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "delivery/bounded_queue.h"
#include "delivery/cargo.h"

namespace vitals::delivery::detail {

inline constexpr std::size_t kMostLanes = 4;

/// The bounds of one lane.
struct LaneLimits {
  std::size_t capacity = 0;  // things
  std::size_t bytes = 0;     // of its purse, as far as this lane may fill it
  std::uint8_t purse = 0;    // lanes of one purse share their bytes
  /// Its oldest are dropped where a lane of its purse that stands before it is short of bytes.
  bool gives_way = false;
  /// How many of it may go to disk within 100 ms, each being a file; the rest waits. 0: all.
  int to_disk_at_once = 0;
};

/// What waits to be sent, in lanes, the most important first, bounded by count and by bytes. What
/// does not fit is counted. Threads: any; no lock, so that a capture never waits for who sends.
class Queues {
 public:
  using Marks = std::array<std::size_t, kMostLanes>;
  using Lanes = std::array<bool, kMostLanes>;

  /// One that was taken out. Its bytes count until release().
  struct Taken {
    std::unique_ptr<Cargo> cargo;
    std::size_t lane = 0;
    std::size_t place = 0;  // in its lane, counted from the beginning
    std::size_t cost = 0;
  };

  explicit Queues(const std::vector<LaneLimits>& limits);

  bool push(std::size_t lane, std::unique_ptr<Cargo> cargo) noexcept;

  enum class Order : std::uint8_t {
    kByRank,  ///< the first lane before the second before all else
    kFair,    ///< the same most times of eight, and once each of the others first
  };
  /// The next one of the lanes that are open.
  [[nodiscard]] std::optional<Taken> take(Order order, const Lanes& open) noexcept;
  /// It is done with.
  void release(const Taken& taken) noexcept;

  [[nodiscard]] std::size_t lanes() const noexcept { return limits_.size(); }
  [[nodiscard]] const LaneLimits& limits(std::size_t lane) const noexcept { return limits_[lane]; }
  [[nodiscard]] std::size_t depth() const noexcept;
  /// Whether half of a lane's room is free, so that a source may hand over more.
  [[nodiscard]] bool has_room(std::size_t lane) const noexcept;
  /// Whether more than four fifths of a place are taken, of the lanes with the first purse.
  [[nodiscard]] bool nearly_full() const noexcept;
  /// How many were pushed and popped, lane by lane.
  [[nodiscard]] Marks pushed() const noexcept;
  [[nodiscard]] Marks popped() const noexcept;

 private:
  [[nodiscard]] bool make_room(std::size_t lane, std::size_t cost) noexcept;
  [[nodiscard]] bool drop_for(std::size_t lane) noexcept;

  const std::vector<LaneLimits> limits_;
  std::array<std::unique_ptr<BoundedQueue<Cargo>>, kMostLanes> lanes_;
  std::array<std::atomic<std::size_t>, kMostLanes> bytes_{};  // by purse
  std::atomic<std::uint32_t> turns_{0};
};

}  // namespace vitals::delivery::detail
