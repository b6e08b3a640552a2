#pragma once

#include <string>

namespace vitals::sentry::detail {

/// The contexts `os`, `runtime` and `device` as members of a JSON object, without its braces. They
/// do not change while the process runs: made once, by the client's start.
[[nodiscard]] std::string machine_contexts();

/// The machine's host name; empty when it cannot be told.
[[nodiscard]] std::string host_name();

}  // namespace vitals::sentry::detail
