#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#pragma GCC visibility push(default)

namespace vitals::stack {

/// An executable or library in a process' memory.
struct Module {
  std::string path{};        ///< of the file
  std::uintptr_t begin = 0;  ///< where it is mapped, from its first to behind its last byte
  std::uintptr_t end = 0;    ///< behind its last byte
  std::uintptr_t bias = 0;   ///< address in memory less address in the file
  std::string build_id{};    ///< raw bytes; empty: none
};

/// Sorted by `begin`, none over another.
using ModuleMap = std::vector<Module>;

/// What this process has mapped now. Never null. Keep it with a stack whose addresses are looked up
/// later, since a library may be gone by then.
/// Threads: any. Cost: while no library comes or goes, two short locks and no allocation; else a
/// read of all build ids. Throws std::bad_alloc.
[[nodiscard]] std::shared_ptr<const ModuleMap> current_modules();

/// The module that holds the address; null: none.
[[nodiscard]] const Module* find_module(const ModuleMap& modules, std::uintptr_t address) noexcept;

}  // namespace vitals::stack

#pragma GCC visibility pop
