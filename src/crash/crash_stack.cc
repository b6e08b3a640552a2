#include "crash/crash_stack.h"

#include <unwind.h>

#include <cstring>

namespace vitals::crash::detail {
namespace {

constexpr std::uintptr_t kMaxFrameSize = 1024 * 1024;
constexpr int kMaxSteps = 1024;

struct Walk {
  CrashStack* stack;
  std::uintptr_t pc;
  bool interrupted;  // by a signal, at `pc`
  bool inside;       // still in frames of the handler
  int steps;
};

_Unwind_Reason_Code on_frame(_Unwind_Context* context, void* argument) {
  Walk& walk = *static_cast<Walk*>(argument);
  int before_instruction = 0;
  const std::uintptr_t ip = _Unwind_GetIPInfo(context, &before_instruction);
  if (++walk.steps > kMaxSteps || walk.stack->count == kMaxCrashFrames) return _URC_END_OF_STACK;
  if (walk.inside && ip == walk.pc) {
    walk.inside = false;
    walk.stack->add(walk.interrupted ? ip + 1 : ip);
    return _URC_NO_REASON;
  }
  if (!walk.inside) walk.stack->add(before_instruction != 0 ? ip + 1 : ip);
  return _URC_NO_REASON;
}

std::uintptr_t read_word(std::uintptr_t address) noexcept {
  std::uintptr_t word = 0;
  std::memcpy(&word, reinterpret_cast<const void*>(address), sizeof word);
  return word;
}

}  // namespace

MachineState machine_state(const ucontext_t& context) noexcept {
  MachineState state;
#if defined(__x86_64__)
  const auto& all = context.uc_mcontext.gregs;
  for (const int index :
       {REG_RIP, REG_RSP, REG_RBP, REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_R8,
        REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_EFL}) {
    state.registers[state.count++] = static_cast<std::uint64_t>(all[index]);
  }
#elif defined(__aarch64__)
  const auto& all = context.uc_mcontext;
  state.registers[state.count++] = all.pc;
  state.registers[state.count++] = all.sp;
  state.registers[state.count++] = all.regs[29];
  for (const auto value : all.regs)
    state.registers[state.count++] = value;
#else
  static_cast<void>(context);
#endif
  state.pc = state.registers[0];
  state.sp = state.registers[1];
  state.fp = state.registers[2];
  return state;
}

void walk_by_tables(CrashStack& stack, const MachineState& state) noexcept {
  const bool interrupted = state.count > 0;
  Walk walk{&stack, state.pc, interrupted, interrupted || state.pc != 0, 0};
  _Unwind_Backtrace(on_frame, &walk);
}

void walk_by_frame_pointers(CrashStack& stack, const MachineState& state) noexcept {
  if (state.sp == 0) return;
  stack.add(state.pc + 1);
  // A jump to an address that is no code has made no frame: its caller's return address lies on
  // top.
  stack.add(read_word(state.sp));
  std::uintptr_t frame = state.fp;
  std::uintptr_t least = state.sp;
  while (stack.count < kMaxCrashFrames && frame >= least && frame - least < kMaxFrameSize &&
         frame % sizeof(std::uintptr_t) == 0) {
    const std::uintptr_t returns_to = read_word(frame + sizeof(std::uintptr_t));
    if (returns_to == 0) break;
    stack.add(returns_to);
    least = frame + 2 * sizeof(std::uintptr_t);
    frame = read_word(frame);
  }
}

}  // namespace vitals::crash::detail
