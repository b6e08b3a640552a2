#pragma once

#include <cstdint>
#include <string>

#include "vitals/sentry/event.h"

namespace vitals::console::detail {

/// What says which errors are the same: the fingerprint where one was set (a part `{{ default }}`
/// stands for what follows), else the exceptions' types with the innermost three of the
/// service's own functions on the stack of the last one, else its type and text, else the message;
/// numbers in texts do not count. The server groups by rules of its own, which are not known here.
[[nodiscard]] std::uint64_t group_of(const sentry::Event& event);

/// Where it happened: function, file and line of the innermost frame of the service's own code, or
/// of any where none is. Empty without a stack.
[[nodiscard]] std::string culprit_of(const sentry::Event& event);

}  // namespace vitals::console::detail
