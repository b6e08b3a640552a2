#include "vitals/stack/modules.h"

#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <climits>
#include <cstring>
#include <mutex>
#include <string_view>

namespace vitals::stack {
namespace {

/// How often libraries came and went; the same numbers, the same map.
struct Changes {
  unsigned long long added = 0;
  unsigned long long removed = 0;

  bool operator==(const Changes&) const = default;
};

std::string path_of_executable() {
  std::array<char, PATH_MAX> path;
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return {};
  return {path.data(), static_cast<std::size_t>(size)};
}

/// The build id among the notes in `bytes`; empty when there is none or the notes are malformed.
std::string_view find_build_id(std::string_view bytes) noexcept {
  constexpr auto kPadded = [](std::size_t size) { return (size + 3) / 4 * 4; };
  while (bytes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, bytes.data(), sizeof note);
    const std::size_t name_at = sizeof note;
    const std::size_t text_at = name_at + kPadded(note.n_namesz);
    const std::size_t end = text_at + kPadded(note.n_descsz);
    if (end > bytes.size() || text_at < name_at || end < text_at) return {};
    if (note.n_type == NT_GNU_BUILD_ID &&
        bytes.substr(name_at, note.n_namesz) == std::string_view{"GNU\0", 4}) {
      return bytes.substr(text_at, note.n_descsz);
    }
    bytes.remove_prefix(end);
  }
  return {};
}

Module describe_module(const dl_phdr_info& info) {
  Module module;
  module.bias = info.dlpi_addr;
  std::uintptr_t begin = UINTPTR_MAX;
  for (std::size_t i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    begin = std::min<std::uintptr_t>(begin, module.bias + segment.p_vaddr);
    module.end =
        std::max<std::uintptr_t>(module.end, module.bias + segment.p_vaddr + segment.p_memsz);
  }
  if (module.end == 0) return module;
  module.begin = begin;
  for (std::size_t i = 0; i < info.dlpi_phnum && module.build_id.empty(); ++i) {
    const ElfW(Phdr)& segment = info.dlpi_phdr[i];
    const std::uintptr_t at = module.bias + segment.p_vaddr;
    if (segment.p_type != PT_NOTE || at < module.begin || segment.p_memsz > module.end - at) {
      continue;
    }
    module.build_id = find_build_id({std::bit_cast<const char*>(at), std::size_t{segment.p_memsz}});
  }
  module.path = info.dlpi_name == nullptr ? "" : info.dlpi_name;
  return module;
}

struct Survey {
  ModuleMap modules;
  Changes changes;
  bool failed = false;
};

// Neither may throw: the loader calls it, with its lock held.
int ask_changes(dl_phdr_info* info, std::size_t, void* argument) {
  *static_cast<Changes*>(argument) = {info->dlpi_adds, info->dlpi_subs};
  return 1;
}
int add_module(dl_phdr_info* info, std::size_t, void* argument) {
  Survey& survey = *static_cast<Survey*>(argument);
  survey.changes = {info->dlpi_adds, info->dlpi_subs};
  try {
    Module module = describe_module(*info);
    if (module.end != 0) survey.modules.push_back(std::move(module));
  } catch (...) {
    survey.failed = true;
  }
  return survey.failed ? 1 : 0;
}

class Cache {
 public:
  std::shared_ptr<const ModuleMap> get() {
    Changes now;
    dl_iterate_phdr(&ask_changes, &now);
    {
      const std::lock_guard hold{mutex_};
      if (modules_ && now == changes_) return modules_;
    }
    Survey survey;
    dl_iterate_phdr(&add_module, &survey);
    if (survey.failed) throw std::bad_alloc{};
    for (Module& module : survey.modules) {
      // Only the executable has no name.
      if (module.path.empty()) module.path = path_of_executable();
    }
    std::sort(survey.modules.begin(), survey.modules.end(),
              [](const Module& a, const Module& b) { return a.begin < b.begin; });
    auto made = std::make_shared<const ModuleMap>(std::move(survey.modules));
    const std::lock_guard hold{mutex_};
    changes_ = survey.changes;
    modules_ = made;
    return made;
  }

 private:
  std::mutex mutex_;
  Changes changes_;
  std::shared_ptr<const ModuleMap> modules_;
};

}  // namespace

std::shared_ptr<const ModuleMap> current_modules() {
  static auto* const cache = new Cache;  // never destroyed: a capture may come after the end
  return cache->get();
}

const Module* find_module(const ModuleMap& modules, std::uintptr_t address) noexcept {
  auto behind =
      std::upper_bound(modules.begin(), modules.end(), address,
                       [](std::uintptr_t a, const Module& module) { return a < module.begin; });
  if (behind == modules.begin()) return nullptr;
  const Module& module = *std::prev(behind);
  return address < module.end ? &module : nullptr;
}

}  // namespace vitals::stack
