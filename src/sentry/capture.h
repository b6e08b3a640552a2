#pragma once

#include "vitals/context/listener.h"

namespace vitals::sentry {

class Client;

namespace detail {

/// Takes what the calling thread knows of a capture, and hands it to the client's threads. Returns
/// the id of its event: that of the first one where the same throw was captured before; zero when it
/// was not taken.
[[nodiscard]] context::EventId capture(Client& client, const context::Capture& capture) noexcept;

}  // namespace detail
}  // namespace vitals::sentry
