#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vitals::sentry::detail {

/// An executable or library in a process' memory.
struct Module {
  std::string path;
  std::uintptr_t begin = 0;  // where it is mapped, from its first to behind its last byte
  std::uintptr_t end = 0;
  std::uintptr_t bias = 0;  // address in memory less address in the file
  std::string build_id;     // raw bytes; empty: none
};

/// Sorted by `begin`.
using ModuleMap = std::vector<Module>;

}  // namespace vitals::sentry::detail
