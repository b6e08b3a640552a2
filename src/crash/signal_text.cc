#include "crash/signal_text.h"

#include <signal.h>

#include <array>
#include <charconv>

namespace vitals::crash::detail {
namespace {

struct SignalWords {
  int signal;
  std::string_view name;
  std::string_view text;
};
constexpr std::array kSignalWords{
    SignalWords{SIGSEGV, "SIGSEGV", "Segmentation fault"},
    SignalWords{SIGBUS, "SIGBUS", "Bus error"},
    SignalWords{SIGFPE, "SIGFPE", "Arithmetic exception"},
    SignalWords{SIGILL, "SIGILL", "Illegal instruction"},
    SignalWords{SIGABRT, "SIGABRT", "Aborted"},
    SignalWords{SIGTRAP, "SIGTRAP", "Trap"},
    SignalWords{SIGSYS, "SIGSYS", "Bad system call"},
};

struct CodeWords {
  int signal;  // 0: any
  int code;
  std::string_view name;
  std::string_view text;
};
constexpr std::array kCodeWords{
    CodeWords{SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR", "address not mapped"},
    CodeWords{SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR", "no permission for the mapped address"},
    CodeWords{SIGSEGV, SI_KERNEL, "SI_KERNEL",
              "no address is known, such as of a non-canonical one"},
    CodeWords{SIGBUS, BUS_ADRALN, "BUS_ADRALN", "misaligned address"},
    CodeWords{SIGBUS, BUS_ADRERR, "BUS_ADRERR", "no memory behind the address"},
    CodeWords{SIGBUS, BUS_OBJERR, "BUS_OBJERR", "hardware error"},
    CodeWords{SIGFPE, FPE_INTDIV, "FPE_INTDIV", "integer division by zero"},
    CodeWords{SIGFPE, FPE_INTOVF, "FPE_INTOVF", "integer overflow"},
    CodeWords{SIGFPE, FPE_FLTDIV, "FPE_FLTDIV", "floating-point division by zero"},
    CodeWords{SIGFPE, FPE_FLTOVF, "FPE_FLTOVF", "floating-point overflow"},
    CodeWords{SIGFPE, FPE_FLTINV, "FPE_FLTINV", "invalid floating-point operation"},
    CodeWords{SIGILL, ILL_ILLOPC, "ILL_ILLOPC", "illegal opcode"},
    CodeWords{SIGILL, ILL_ILLOPN, "ILL_ILLOPN", "illegal operand"},
    CodeWords{SIGILL, ILL_PRVOPC, "ILL_PRVOPC", "privileged opcode"},
    CodeWords{SIGTRAP, TRAP_BRKPT, "TRAP_BRKPT", "breakpoint"},
    CodeWords{0, SI_USER, "SI_USER", "sent by"},
    CodeWords{0, SI_TKILL, "SI_TKILL", "sent by"},
    CodeWords{0, SI_QUEUE, "SI_QUEUE", "sent by"},
    CodeWords{0, SI_KERNEL, "SI_KERNEL", "sent by the kernel"},
};

const CodeWords* find_code(int signal, int code) noexcept {
  for (const CodeWords& words : kCodeWords) {
    if ((words.signal == signal || words.signal == 0) && words.code == code) return &words;
  }
  return nullptr;
}

}  // namespace

std::string signal_name(int signal) {
  for (const SignalWords& words : kSignalWords) {
    if (words.signal == signal) return std::string{words.name};
  }
  return "signal " + std::to_string(signal);
}

std::string_view signal_code_name(int signal, int code) noexcept {
  const CodeWords* const words = find_code(signal, code);
  return words == nullptr ? std::string_view{} : words->name;
}

std::string hex_text(std::uint64_t number) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  return "0x" + std::string{digits.data(), end};
}

std::string signal_text(int signal, int code, std::uint64_t address, int sender, int own_process) {
  std::string text = "Fatal signal";
  for (const SignalWords& words : kSignalWords) {
    if (words.signal == signal) text = words.text;
  }
  const CodeWords* const words = find_code(signal, code);
  if (code <= 0) {
    if (sender == own_process) return text + " (sent by the process itself)";
    return text + " (sent by process " + std::to_string(sender) + ')';
  }
  if (code != SI_KERNEL) text += " at " + hex_text(address);
  if (words != nullptr) text += " (" + std::string{words->text} + ')';
  return text;
}

}  // namespace vitals::crash::detail
