#pragma once

#include <atomic>

namespace health_agent::api {

/// Whether the API's listener takes connections without trouble, for /api/health. Threads: any.
struct ListenerState {
  std::atomic<bool> troubled{false};
};

}  // namespace health_agent::api
