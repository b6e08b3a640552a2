#pragma once

#include <memory>
#include <string_view>

#include "sentry/delivery/rate_limits.h"
#include "sentry/delivery/reports.h"

namespace vitals::sentry::detail {

/// What is known of one server for as long as the process lives, over a later init() too: what it
/// has asked for, and what it has not been told yet.
struct ServerMemory {
  RateLimits limits;
  Reports reports;
};

/// The memory of the server that this DSN names, made at the first call. Kept of few: a process
/// that goes through many DSNs forgets the oldest. Threads: any.
[[nodiscard]] std::shared_ptr<ServerMemory> server_memory(std::string_view dsn);
/// For tests, which are to know nothing of each other.
void forget_servers();

}  // namespace vitals::sentry::detail
