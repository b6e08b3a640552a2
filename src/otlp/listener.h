#pragma once

#include "otlp/traces.h"
#include "vitals/context/listener.h"

namespace vitals::otlp::detail {

/// What the context tells a client. A source may be null: its signal is not sent.
class ClientListener final : public context::Listener {
 public:
  ClientListener(TraceSource* traces, bool breadcrumbs) noexcept
      : traces_(traces), breadcrumbs_(breadcrumbs) {}

  context::EventId captured(const context::Capture& capture) noexcept override;
  void finished(const context::SharedTransaction& transaction) noexcept override;
  [[nodiscard]] bool wants_breadcrumbs() const noexcept override {
    return traces_ != nullptr && breadcrumbs_;
  }

 private:
  TraceSource* const traces_;
  const bool breadcrumbs_;
};

}  // namespace vitals::otlp::detail
