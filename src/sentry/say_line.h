#pragma once

#include <string_view>

#include "base/say_line.h"

namespace vitals::sentry::detail {

/// Says something of the client on stderr: see base::say_line().
inline void say_line(std::string_view what, std::string_view detail = {}) noexcept {
  base::say_line("vitals sentry", what, detail);
}

}  // namespace vitals::sentry::detail
