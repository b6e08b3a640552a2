#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vitals/stack/frame.h"
#include "vitals/stack/modules.h"

#pragma GCC visibility push(default)

namespace vitals::stack {

/// What the innermost address of a stack is.
enum class Innermost : std::uint8_t {
  kReturnAddress,  ///< of a call, as all the others are
  kInstruction,    ///< the very one that failed
};

/// What a Symbolizer says of the frames that it makes.
struct SymbolizerOptions {
  /// Frames of these functions, source files or modules are the program's own, or are not, by the
  /// beginning of their names; the longest that fits decides.
  std::vector<std::string> in_app_include{};
  std::vector<std::string> in_app_exclude{};  ///< see in_app_include
  /// Functions by the beginning of their names that are left out where they are innermost: those
  /// that take the stack for others. What throws in the language's own name is left out always.
  std::vector<std::string> machinery{};
  /// Read the lines of source around each frame, where the files are there.
  bool source_context = false;
};

/// Makes readable frames of addresses, of this process or of a former one of which only the modules
/// are known: functions, files and lines by the debug information, with inlined calls, else by the
/// symbols. A file that is not the one that was mapped, by its build id, gives no names: an address
/// without a name is true, a wrong name is not.
///
/// Every address is looked up once and kept, at most 16,384 of them; the files of at most 128
/// modules stay open. Past either, it starts afresh.
/// Threads: any, one at a time by a lock. Cost: known addresses a hash look-up and a copy each;
/// a new one milliseconds, and the first of a module reads its debug information.
class Symbolizer {
 public:
  /// Opens nothing yet.
  explicit Symbolizer(SymbolizerOptions options = {});
  ~Symbolizer();
  Symbolizer(const Symbolizer&) = delete;
  Symbolizer& operator=(const Symbolizer&) = delete;

  /// The frames of a stack, which is given innermost first, with the outermost first as Sentry and
  /// Python have them; inlined calls are expanded. `modules` is what the process had mapped.
  ///
  /// Where less than some 32 MiB can be had the frames have addresses and modules only, for what
  /// reads debug information does not survive the want of memory. Throws std::bad_alloc when there
  /// is none for these either.
  [[nodiscard]] std::vector<Frame> frames(
      std::span<const std::uintptr_t> stack,
      const std::shared_ptr<const ModuleMap>& modules = current_modules(),
      Innermost innermost = Innermost::kReturnAddress);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vitals::stack

#pragma GCC visibility pop
