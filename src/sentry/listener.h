#pragma once

#include "vitals/context/listener.h"

namespace vitals::sentry {

class Client;

namespace detail {

/// What the context tells the client.
class ClientListener final : public context::Listener {
 public:
  /// Both must outlive it.
  ClientListener(Client& client, context::Baggage& baggage) noexcept
      : client_(client), baggage_(baggage) {}

  context::EventId captured(const context::Capture& capture) noexcept override;
  void finished(const context::SharedTransaction& transaction) noexcept override;
  [[nodiscard]] bool wants_logs() const noexcept override;
  void logged(const context::LogLine& line) noexcept override;
  [[nodiscard]] WorkEnded work_ended() noexcept override;
  [[nodiscard]] context::Baggage* baggage() noexcept override { return &baggage_; }

 private:
  Client& client_;
  context::Baggage& baggage_;
};

}  // namespace detail
}  // namespace vitals::sentry
