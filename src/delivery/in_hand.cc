#include "delivery/in_hand.h"

#include <algorithm>

namespace vitals::delivery::detail {

void InHand::remove(std::size_t lane, std::size_t place) noexcept {
  const auto mine = std::find_if(open_.begin(), open_.end(), [&](const Ticket& ticket) {
    return ticket.lane == lane && ticket.place == place;
  });
  *mine = open_.back();
  open_.pop_back();
}

bool InHand::holds_up(std::size_t lane) const noexcept {
  return std::any_of(open_.begin(), open_.end(), [lane](const Ticket& ticket) {
    return ticket.in_order && ticket.lane == lane;
  });
}

std::size_t InHand::before(const Queues::Marks& marks) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(open_.begin(), open_.end(),
                    [&marks](const Ticket& ticket) { return ticket.place < marks[ticket.lane]; }));
}

}  // namespace vitals::delivery::detail
