#pragma once

#include <string>
#include <string_view>

#include "sentry/event/machine.h"
#include "vitals/sentry/event.h"

namespace vitals::sentry::detail {

class TrimNotes;

/// What the JSON of every event has in common.
struct EventFrame {
  const MachineContexts* machine_contexts = nullptr;  // null: none
  bool send_default_pii = false;
  const TrimNotes* trimmed = nullptr;  // what was cut from this one
};

/// Writes an event as the payload of an envelope's item, and masks what must not leave: by the
/// hooks' hands or not, nothing gets past this. Source: Sentry developer documentation, "Event
/// Payloads" and "Transaction Payloads".
void write_event(const Event& event, const EventFrame& frame, std::string& out);

}  // namespace vitals::sentry::detail
