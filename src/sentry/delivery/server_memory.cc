#include "sentry/delivery/server_memory.h"

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace vitals::sentry::detail {
namespace {

struct Known {
  std::mutex mutex;
  std::vector<std::pair<std::string, std::shared_ptr<ServerMemory>>> servers;
};

Known& known() {
  static auto* const all = new Known;  // never destroyed: a guard may be a static
  return *all;
}

}  // namespace

std::shared_ptr<ServerMemory> server_memory(std::string_view dsn) {
  constexpr std::size_t kMost = 8;
  Known& all = known();
  const std::lock_guard hold{all.mutex};
  for (const auto& [name, memory] : all.servers) {
    if (name == dsn) return memory;
  }
  if (all.servers.size() >= kMost) all.servers.erase(all.servers.begin());
  return all.servers.emplace_back(dsn, std::make_shared<ServerMemory>()).second;
}

void forget_servers() {
  Known& all = known();
  const std::lock_guard hold{all.mutex};
  all.servers.clear();
}

}  // namespace vitals::sentry::detail
