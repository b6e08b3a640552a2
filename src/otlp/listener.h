#pragma once

#include "otlp/logs.h"
#include "otlp/traces.h"
#include "vitals/context/listener.h"

namespace vitals::otlp::detail {

/// What the context tells a client. A source may be null: its signal is not sent.
class ClientListener final : public context::Listener {
 public:
  ClientListener(TraceSource* traces, LogSource* logs, bool breadcrumbs) noexcept
      : traces_(traces), logs_(logs), breadcrumbs_(breadcrumbs) {}

  context::EventId captured(const context::Capture& capture) noexcept override;
  void finished(const context::SharedTransaction& transaction) noexcept override;
  void logged(const context::LogLine& line) noexcept override;
  [[nodiscard]] bool wants_logs() const noexcept override { return logs_ != nullptr; }
  [[nodiscard]] bool wants_breadcrumbs() const noexcept override {
    return traces_ != nullptr && breadcrumbs_;
  }
  [[nodiscard]] bool captures_breadcrumbs() const noexcept override { return false; }

 private:
  /// An error or message that no recorded span can hold.
  [[nodiscard]] bool log(const context::Capture& capture);

  TraceSource* const traces_;
  LogSource* const logs_;
  const bool breadcrumbs_;
};

}  // namespace vitals::otlp::detail
