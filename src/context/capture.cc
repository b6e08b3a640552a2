#include "vitals/context/capture.h"

#include "context/listeners.h"
#include "context/new_id.h"

namespace vitals::context::detail {
namespace {

/// Tells every listener, and gives the id of the first that took it.
EventId tell(Capture& capture) noexcept {
  if (is_sending_thread()) return {};
  capture.id = new_event_id();
  EventId taken;
  for_each_listener([&](Listener& listener) {
    const EventId id = listener.captured(capture);
    if (!taken) taken = id;
  });
  return taken;
}

std::uintptr_t address_of(void* site) noexcept {
  return reinterpret_cast<std::uintptr_t>(site);
}

}  // namespace

[[gnu::noinline]] EventId capture_exception(const std::exception& exception,
                                            const CaptureOptions& options) noexcept {
  Capture capture{
      .exception = &exception, .options = options, .site = address_of(__builtin_return_address(0))};
  return tell(capture);
}

[[gnu::noinline]] EventId capture_exception(const std::exception_ptr& exception,
                                            const CaptureOptions& options) noexcept {
  if (!exception) return {};
  Capture capture{
      .pointer = &exception, .options = options, .site = address_of(__builtin_return_address(0))};
  return tell(capture);
}

EventId capture_message(std::string_view text, Level level,
                        const CaptureOptions& options) noexcept {
  Capture capture{.message = text, .level = level, .options = options};
  return tell(capture);
}

EventId capture_formatted(std::string_view message_template, ListView<ValueView> params,
                          Level level, const CaptureOptions& options) noexcept {
  Capture capture{
      .message = message_template, .params = params, .level = level, .options = options};
  return tell(capture);
}

}  // namespace vitals::context::detail
