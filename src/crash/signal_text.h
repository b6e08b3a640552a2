#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vitals::crash::detail {

/// `SIGSEGV`; of a signal that no report is written for, `signal 42`.
[[nodiscard]] std::string signal_name(int signal);

/// What happened, for people: `Segmentation fault at 0x10 (address not mapped)`. `code` is the
/// kernel's si_code, `sender` the process that sent it where a process did.
/// Source: sigaction(2).
[[nodiscard]] std::string signal_text(int signal, int code, std::uint64_t address, int sender,
                                      int own_process);

/// `SEGV_MAPERR`, `SI_USER`, …; empty: not known.
[[nodiscard]] std::string_view signal_code_name(int signal, int code) noexcept;

/// `0x7ffc0010`.
[[nodiscard]] std::string hex_text(std::uint64_t number);

}  // namespace vitals::crash::detail
