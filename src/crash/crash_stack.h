#pragma once

#include <ucontext.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "crash/report_format.h"

namespace vitals::crash::detail {

/// Where a thread was when a signal came. Zeros on a machine whose registers are not known here. Of
/// a std::terminate only `pc` is there: what the handler returns to.
struct MachineState {
  std::array<std::uint64_t, kMaxRegisters> registers{};
  std::size_t count = 0;
  std::uintptr_t pc = 0;
  std::uintptr_t sp = 0;
  std::uintptr_t fp = 0;
};

/// Async-signal-safe.
[[nodiscard]] MachineState machine_state(const ucontext_t& context) noexcept;

/// Return addresses, the innermost first. The interrupted instruction itself counts as returned to
/// one byte behind its begin, as if it had called.
struct CrashStack {
  std::array<std::uint64_t, kMaxCrashFrames> addresses{};
  std::size_t count = 0;

  void add(std::uint64_t address) noexcept {
    if (count < addresses.size()) addresses[count++] = address;
  }
};

/// Walks from the caller outwards by the compiler's unwind tables, and leaves out what lies inside
/// of the frame at `state.pc`: the handler's own. With an empty state all of it is kept. Not
/// formally async-signal-safe: on a broken stack it may fault, and `stack` then holds what it had
/// found.
void walk_by_tables(CrashStack& stack, const MachineState& state) noexcept;

/// Walks by the chain of frame pointers, or where there is none by what the top of the stack
/// returns to. Reads memory that may be no stack: may fault as well.
void walk_by_frame_pointers(CrashStack& stack, const MachineState& state) noexcept;

}  // namespace vitals::crash::detail
