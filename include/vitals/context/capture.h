#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>

#include "vitals/context/attachment.h"
#include "vitals/context/detail.h"
#include "vitals/context/ids.h"
#include "vitals/value.h"

#pragma GCC visibility push(default)

namespace vitals::context {

/// What one capture adds to the scope's data. Views only, for the length of the call.
struct CaptureOptions {
  ListView<TagView> tags{};     ///< of this event alone, beside the scope's
  ListView<FieldView> extra{};  ///< values of any shape, of this event alone
  /// What events are grouped by, in place of the listener's own rules.
  ListView<std::string_view> fingerprint{};
  ListView<Attachment> attachments{};  ///< files that go along with this event
  std::optional<Level> level{};        ///< unset: kError, of a message what the call says
  std::string_view logger{};           ///< the part of the program that logged it
  bool handled = true;  ///< false: nobody's code was ready for it (an uncaught exception)
  std::string_view mechanism = "generic";  ///< how it was captured: Sentry's `mechanism.type`
};

namespace detail {
EventId capture_exception(const std::exception& exception, const CaptureOptions& options) noexcept;
EventId capture_exception(const std::exception_ptr& exception,
                          const CaptureOptions& options) noexcept;
EventId capture_message(std::string_view text, Level level, const CaptureOptions& options) noexcept;
EventId capture_formatted(std::string_view message_template, ListView<ValueView> params,
                          Level level, const CaptureOptions& options) noexcept;
}  // namespace detail

/// Hands an exception, and those nested in it, to the listeners, to be sent with the current scope's
/// data. Sentry's shows the stack of the place that threw it; of one that was never thrown, or before
/// the listener was there, or in a build with VITALS_THROW_STACK=off, the stack of this call.
/// An exception that was captured before, here or further down, is no second event; the id is that
/// of the first. Returns the event's id, zero when nobody listens or the queue is full.
/// Never blocks, never throws. Not for signal handlers, since it takes memory: one that interrupts
/// a listener itself gets zero, one that interrupts malloc() waits for ever. Threads: any. Cost:
/// some allocations; a nested exception costs a rethrow.
inline EventId capture_exception(const std::exception& exception,
                                 const CaptureOptions& options) noexcept {
  return enabled() ? detail::capture_exception(exception, options) : EventId{};
}
inline EventId capture_exception(const std::exception& exception) noexcept {
  return enabled() ? detail::capture_exception(exception, {}) : EventId{};
}
/// The same of any exception, also one that is no std::exception. A null pointer captures nothing.
/// Cost: a rethrow more.
inline EventId capture_exception(const std::exception_ptr& exception,
                                 const CaptureOptions& options) noexcept {
  return enabled() ? detail::capture_exception(exception, options) : EventId{};
}
inline EventId capture_exception(const std::exception_ptr& exception) noexcept {
  return enabled() ? detail::capture_exception(exception, {}) : EventId{};
}
/// Hands a message over as an event. For what is only of interest once an error follows, add a
/// breadcrumb instead.
inline EventId capture_message(std::string_view text, Level level = Level::kInfo,
                               const CaptureOptions& options = {}) noexcept {
  return enabled() ? detail::capture_message(text, level, options) : EventId{};
}
/// A message whose `{}` stand for the parameters in their order. Messages of one template are one
/// issue, whatever the parameters are.
///
///     capture_formatted("order {} of {} was refused", {order_id, "jo"}, Level::kWarning);
///
/// `{{` and `}}` are braces; a `{}` without a parameter stays as it is. At most 32 parameters.
/// Source: Sentry developer documentation, "Message Interface".
inline EventId capture_formatted(std::string_view message_template, ListView<ValueView> params,
                                 Level level = Level::kInfo,
                                 const CaptureOptions& options = {}) noexcept {
  return enabled() ? detail::capture_formatted(message_template, params, level, options)
                   : EventId{};
}

}  // namespace vitals::context

#pragma GCC visibility pop
