#pragma once

#include <cstdint>
#include <string>
#include <vector>

#pragma GCC visibility push(default)

namespace vitals::stack {

/// One call of a stack. Inlined calls are frames of their own, with their caller's address.
struct Frame {
  std::string function{};     ///< demangled, with its namespaces; empty: unknown
  std::string filename{};     ///< as short as tells files apart; empty: unknown
  std::string abs_path{};     ///< as the debug information says
  int line = 0;               ///< 0: unknown
  std::string package{};      ///< path of the executable or library
  std::uint64_t address = 0;  ///< of the instruction that called, in the process' memory
  bool in_app = false;        ///< the program's own code
  std::vector<std::string> pre_context{};   ///< lines before `context_line`
  std::string context_line{};               ///< the line itself; empty: not read
  std::vector<std::string> post_context{};  ///< lines after it
};

}  // namespace vitals::stack

#pragma GCC visibility pop
