#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vitals::sentry::detail {

/// What the innermost address of a stack is.
enum class Innermost : std::uint8_t {
  kReturnAddress,  ///< of a call, as all the others are
  kInstruction,    ///< the very one that failed
};

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

/// What this process has mapped now. Never null. Threads: any. Cost: while no library comes or
/// goes, two short locks and no allocation; else a read of all build ids.
/// Throws std::bad_alloc.
[[nodiscard]] std::shared_ptr<const ModuleMap> current_modules();

/// The module that holds the address; null: none.
[[nodiscard]] const Module* find_module(const ModuleMap& modules, std::uintptr_t address) noexcept;

/// A build id as Sentry names debug files: its first 16 bytes as a little-endian UUID, in lower
/// case. Empty for an empty one. Source: Sentry developer documentation, "Debug Identifiers".
[[nodiscard]] std::string debug_id_of(std::string_view build_id);
/// The whole of it in hexadecimal.
[[nodiscard]] std::string code_id_of(std::string_view build_id);

}  // namespace vitals::sentry::detail
