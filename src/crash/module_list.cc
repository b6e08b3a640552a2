#include "crash/module_list.h"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "crash/report_format.h"
#include "vitals/stack/modules.h"

namespace vitals::crash::detail {
namespace {

constexpr std::size_t kMaxModules = 512;

struct List {
  std::string bytes;
  unsigned long long added = 0;  // the linker's counts when it was made
  unsigned long long removed = 0;
};

constinit std::atomic<const List*> current{nullptr};
/// Of who refreshes, never of a handler.
constinit std::mutex refreshing;
constinit const List* previous = nullptr;

void describe_module(std::string& bytes, const stack::Module& module) {
  const ModuleFacts facts{module.begin, module.end, module.bias,
                          static_cast<std::uint32_t>(module.path.size()),
                          static_cast<std::uint32_t>(module.build_id.size())};
  bytes.append(reinterpret_cast<const char*>(&facts), sizeof facts);
  bytes += module.path;
  bytes += module.build_id;
}

}  // namespace

std::string_view module_list() noexcept {
  const List* const list = current.load(std::memory_order_acquire);  // pairs with the refresh
  return list == nullptr ? std::string_view{} : std::string_view{list->bytes};
}

void refresh_module_list() noexcept {
  try {
    const std::lock_guard hold{refreshing};
    auto made = std::make_unique<List>();
    dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* argument) {
          auto& list = *static_cast<List*>(argument);
          list.added = info->dlpi_adds;
          list.removed = info->dlpi_subs;
          return 1;  // the counts are the same in every entry
        },
        made.get());
    const List* const old = current.load(std::memory_order_relaxed);
    if (old != nullptr && old->added == made->added && old->removed == made->removed) return;
    const auto modules = stack::current_modules();
    for (std::size_t i = 0; i < std::min(modules->size(), kMaxModules); ++i)
      describe_module(made->bytes, (*modules)[i]);
    current.store(made.release(), std::memory_order_release);  // pairs with module_list()
    // A handler may still read the one that was current until now.
    delete std::exchange(previous, old);
  } catch (...) {
    // No memory: the list stays as it was.
  }
}

}  // namespace vitals::crash::detail
