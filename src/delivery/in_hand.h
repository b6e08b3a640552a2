#pragma once

#include <cstddef>
#include <vector>

#include "delivery/parcel.h"
#include "delivery/queues.h"

namespace vitals::delivery::detail {

/// What was taken from the queues and is not done with. Threads: under its owner's mutex.
class InHand {
 public:
  /// With room for so many, so that add() and begin_send() need no memory.
  explicit InHand(std::size_t most) {
    open_.reserve(most);
    being_sent_.reserve(most);
  }

  void add(const Queues::Taken& taken) noexcept {
    open_.push_back({taken.lane, taken.place, taken.cargo->in_order()});
  }
  void remove(std::size_t lane, std::size_t place) noexcept;
  /// Whether there is one that nothing of its lane may overtake.
  [[nodiscard]] bool holds_up(std::size_t lane) const noexcept;
  /// How many of it were pushed before the marks.
  [[nodiscard]] std::size_t before(const Queues::Marks& marks) const noexcept;

  /// Nobody changes the parcel until end_send().
  void begin_send(const Parcel& parcel) noexcept { being_sent_.push_back(&parcel); }
  void end_send(const Parcel& parcel) noexcept { std::erase(being_sent_, &parcel); }
  [[nodiscard]] const std::vector<const Parcel*>& being_sent() const noexcept {
    return being_sent_;
  }

 private:
  struct Ticket {
    std::size_t lane;
    std::size_t place;
    bool in_order;
  };
  std::vector<Ticket> open_;
  std::vector<const Parcel*> being_sent_;
};

}  // namespace vitals::delivery::detail
