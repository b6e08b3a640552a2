#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct Dwarf;
struct Elf;

namespace vitals::stack::detail {

/// What the debug information says of one call.
struct Location {
  std::string function;   // empty: unknown
  std::string path;       // as it was compiled; empty: unknown
  std::string directory;  // where the compiler ran
  int line = 0;           // 0: unknown
};

/// An ELF file with its symbols and, where it has any, its DWARF debug information. Mapped, as the
/// loader has the same files mapped: what is not looked at takes no memory.
///
/// Where less than some 32 MiB can be had, open() and look_up() throw std::bad_alloc rather than know
/// less, and the file gives wrong answers from then on: open it anew.
/// Threads: one at a time.
class DebugFile {
 public:
  /// Opens the file of a module: the one at `path`, this process' own executable (also when it has
  /// been replaced on disk), and for the debug information the system's store of it. Null when none
  /// is a readable ELF file with that build id; an empty id fits any.
  [[nodiscard]] static std::unique_ptr<DebugFile> open(const std::string& path,
                                                       std::string_view build_id);
  ~DebugFile();
  DebugFile(const DebugFile&) = delete;
  DebugFile& operator=(const DebugFile&) = delete;

  /// The calls at an address of the file: the innermost inlined one first, the function that holds
  /// the code last. Empty when nothing is known. Cost: milliseconds at worst, so keep the result.
  [[nodiscard]] std::vector<Location> look_up(std::uint64_t address);

 private:
  struct Handle;
  struct EndDwarf {
    void operator()(Dwarf* dwarf) const noexcept;
  };
  using DwarfPointer = std::unique_ptr<Dwarf, EndDwarf>;
  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
    std::uint64_t offset;  // of what has the range, in the debug information
  };
  using Ranges = std::vector<Range>;
  struct Symbol {
    std::uint64_t begin;
    std::uint64_t end;
    const char* name;
  };

  explicit DebugFile(std::unique_ptr<Handle> file);

  [[nodiscard]] static std::unique_ptr<Handle> open_one(const std::string& path,
                                                        std::string_view build_id);
  [[nodiscard]] static DwarfPointer debug_information_of(Elf* elf);
  static const Range* find(const Ranges& ranges, std::uint64_t address) noexcept;
  void add_ranges(Ranges& ranges, void* die) const;
  void collect_functions(Ranges& ranges, void* parent, int depth) const;
  [[nodiscard]] const Ranges& functions_of(std::uint64_t unit);
  void index_units();
  void index_symbols();
  [[nodiscard]] std::string symbol_at(std::uint64_t address);
  [[nodiscard]] std::vector<Location> look_up_debug(std::uint64_t address,
                                                    const std::string& symbol);

  std::unique_ptr<Handle> file_;
  std::unique_ptr<Handle> debug_;  // null: in `file_`, if anywhere
  DwarfPointer dwarf_;
  bool symbols_indexed_ = false;
  std::vector<Symbol> symbols_;  // of functions, sorted
  Ranges units_;
  std::map<std::uint64_t, Ranges> functions_;  // by unit
};

}  // namespace vitals::stack::detail
