#include "stack/debug_file.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <new>

#include "base/descriptor.h"
#include "stack/function_name.h"
#include "vitals/base/ascii.h"
#include "vitals/stack/modules.h"

namespace vitals::stack::detail {
namespace {

/// Past this depth the debug information is malformed, or nobody could read the result.
constexpr int kMaxNesting = 64;

/// Throws std::bad_alloc where memory is so short that libdw might not get all it asks for: it does
/// not look at what each of its calls for memory gave, and goes on to write there. Nothing is
/// written to what is asked for here, so it takes addresses and no memory. Cost: two system calls.
void require_room() {
  constexpr std::size_t kRoom = std::size_t{32} << 20U;
  void* const room = ::mmap(nullptr, kRoom, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) throw std::bad_alloc{};
  ::munmap(room, kRoom);
}

/// Called by libdw, which would end the process by itself, and holds no lock meanwhile. The
/// exception goes through its frames, which are C but have unwind tables, as all code has where
/// stacks can be taken at all.
[[gnu::noreturn]] void no_memory() {
  throw std::bad_alloc{};
}

/// Most functions of libelf and libdw say of a failure only that there was one. That the C library
/// had no memory for them is told by errno.
class MemoryCheck {
 public:
  MemoryCheck() {
    require_room();
    errno = 0;
  }
  void operator()() const {
    if (errno == ENOMEM) throw std::bad_alloc{};
  }
};

std::string_view build_id_of(Elf* elf) noexcept {
  const void* bytes = nullptr;
  const ssize_t size = dwelf_elf_gnu_build_id(elf, &bytes);
  if (size <= 0) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

std::string text_of(Dwarf_Die* die, unsigned name) {
  Dwarf_Attribute attribute;
  const char* const text = dwarf_formstring(dwarf_attr_integrate(die, name, &attribute));
  return text == nullptr ? std::string{} : std::string{text};
}

std::uint64_t number_of(Dwarf_Die* die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_formudata(dwarf_attr(die, name, &attribute), &value) != 0) return 0;
  return value;
}

/// From an inlined call or a function's copy to where it is declared.
Dwarf_Die declaration_of(Dwarf_Die die) {
  for (int step = 0; step < kMaxNesting; ++step) {
    Dwarf_Attribute attribute;
    Dwarf_Die next;
    Dwarf_Attribute* found = dwarf_attr(&die, DW_AT_abstract_origin, &attribute);
    if (found == nullptr) found = dwarf_attr(&die, DW_AT_specification, &attribute);
    if (found == nullptr || dwarf_formref_die(found, &next) == nullptr) break;
    die = next;
  }
  return die;
}

/// The name with those of the namespaces, classes and functions around it.
std::string qualified_name(Dwarf_Die* die) {
  const char* const name = dwarf_diename(die);
  if (name == nullptr) return {};
  std::string result = name;
  Dwarf_Die declaration = declaration_of(*die);
  Dwarf_Die* found = nullptr;
  const int count = dwarf_getscopes_die(&declaration, &found);
  const std::unique_ptr<Dwarf_Die[], decltype(&std::free)> scopes{count > 0 ? found : nullptr,
                                                                  &std::free};
  for (int i = 1; i < count; ++i) {
    const char* const around = dwarf_diename(&scopes[static_cast<std::size_t>(i)]);
    switch (dwarf_tag(&scopes[static_cast<std::size_t>(i)])) {
      case DW_TAG_namespace:
        result.insert(0, std::string{around == nullptr ? "(anonymous namespace)" : around} + "::");
        break;
      case DW_TAG_class_type:
      case DW_TAG_structure_type:
      case DW_TAG_union_type:
      case DW_TAG_subprogram:
        result.insert(0, std::string{around == nullptr ? "{unnamed}" : around} + "::");
        break;
      default:
        break;
    }
  }
  return result;
}

std::string name_of(Dwarf_Die* die, const std::string& symbol) {
  for (const unsigned attribute : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name}) {
    const std::string linkage = text_of(die, attribute);
    if (!linkage.empty()) return function_name(linkage);
  }
  // What is local to a file has no name for the linker in the debug information.
  if (symbol.starts_with("_Z")) return function_name(symbol);
  return qualified_name(die);
}

/// The inlined calls at the address, the outermost first.
void collect_inlined(Dwarf_Die* parent, std::uint64_t address, int depth,
                     std::vector<Dwarf_Die>& calls) {
  Dwarf_Die child;
  if (depth > kMaxNesting || dwarf_child(parent, &child) != 0) return;
  do {
    const int tag = dwarf_tag(&child);
    if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block) continue;
    if (dwarf_haspc(&child, address) != 1) continue;
    if (tag == DW_TAG_inlined_subroutine) calls.push_back(child);
    collect_inlined(&child, address, depth + 1, calls);
    return;
  } while (dwarf_siblingof(&child, &child) == 0);
}

}  // namespace

struct DebugFile::Handle {
  base::Descriptor descriptor;
  Elf* elf = nullptr;

  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (elf != nullptr) elf_end(elf);
  }
};

std::unique_ptr<DebugFile::Handle> DebugFile::open_one(const std::string& path,
                                                       std::string_view build_id) {
  // The kernel's own page of code has a name and no file.
  if (path.find('/') == std::string::npos) return nullptr;
  const MemoryCheck check_memory;
  auto handle = std::make_unique<Handle>();
  handle->descriptor = base::Descriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status {};
  if (!handle->descriptor || fstat(handle->descriptor.get(), &status) != 0 ||
      !S_ISREG(status.st_mode)) {
    check_memory();
    return nullptr;
  }
  elf_version(EV_CURRENT);
  handle->elf = elf_begin(handle->descriptor.get(), ELF_C_READ_MMAP, nullptr);
  check_memory();
  if (handle->elf == nullptr || elf_kind(handle->elf) != ELF_K_ELF) return nullptr;
  if (!build_id.empty() && build_id_of(handle->elf) != build_id) return nullptr;
  return handle;
}

std::unique_ptr<DebugFile> DebugFile::open(const std::string& path, std::string_view build_id) {
  std::unique_ptr<Handle> file = open_one(path, build_id);
  if (!file && !build_id.empty()) file = open_one("/proc/self/exe", build_id);
  if (!file) return nullptr;
  std::unique_ptr<DebugFile> made{new DebugFile{std::move(file)}};
  if (made->units_.empty() && build_id.size() > 1) {
    const std::string id = base::hex(build_id);
    made->debug_ = open_one(
        "/usr/lib/debug/.build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug", build_id);
    if (made->debug_) {
      made->dwarf_ = debug_information_of(made->debug_->elf);
      made->index_units();
    }
  }
  return made;
}

void DebugFile::EndDwarf::operator()(Dwarf* dwarf) const noexcept {
  dwarf_end(dwarf);
}

DebugFile::DwarfPointer DebugFile::debug_information_of(Elf* elf) {
  const MemoryCheck check_memory;
  DwarfPointer dwarf{dwarf_begin_elf(elf, DWARF_C_READ, nullptr)};
  check_memory();
  if (!dwarf) return dwarf;
  dwarf_new_oom_handler(dwarf.get(), &no_memory);
  // What the file shares with others of its package stands in one of its own.
  if (Dwarf* const shared = dwarf_getalt(dwarf.get())) dwarf_new_oom_handler(shared, &no_memory);
  check_memory();
  return dwarf;
}

DebugFile::DebugFile(std::unique_ptr<Handle> file)
    : file_(std::move(file)), dwarf_(debug_information_of(file_->elf)) {
  index_units();
}

DebugFile::~DebugFile() = default;

const DebugFile::Range* DebugFile::find(const Ranges& ranges, std::uint64_t address) noexcept {
  auto behind =
      std::upper_bound(ranges.begin(), ranges.end(), address,
                       [](std::uint64_t a, const Range& range) { return a < range.begin; });
  // Ranges do not overlap, save for some odd ones that are short.
  for (int tries = 0; tries < 4 && behind != ranges.begin(); ++tries) {
    --behind;
    if (address < behind->end) return &*behind;
  }
  return nullptr;
}

void DebugFile::add_ranges(Ranges& ranges, void* die) const {
  auto* const entry = static_cast<Dwarf_Die*>(die);
  Dwarf_Addr base = 0;
  Dwarf_Addr begin = 0;
  Dwarf_Addr end = 0;
  std::ptrdiff_t at = 0;
  while ((at = dwarf_ranges(entry, at, &base, &begin, &end)) > 0) {
    // What the linker threw away starts at 0.
    if (begin != 0 && begin < end) ranges.push_back({begin, end, dwarf_dieoffset(entry)});
  }
}

void DebugFile::index_units() {
  const MemoryCheck check_memory;
  constexpr std::size_t kLookAgain = 64;  // a look costs more than a unit
  std::size_t count = 0;
  Dwarf_CU* unit = nullptr;
  Dwarf_Die die;
  while (dwarf_ != nullptr &&
         dwarf_get_units(dwarf_.get(), unit, &unit, nullptr, nullptr, &die, nullptr) == 0) {
    if (++count % kLookAgain == 0) require_room();
    add_ranges(units_, &die);
  }
  check_memory();
  std::sort(units_.begin(), units_.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
}

void DebugFile::collect_functions(Ranges& ranges, void* parent, int depth) const {
  Dwarf_Die child;
  if (depth > kMaxNesting || dwarf_child(static_cast<Dwarf_Die*>(parent), &child) != 0) return;
  do {
    switch (dwarf_tag(&child)) {
      case DW_TAG_subprogram:
        add_ranges(ranges, &child);
        [[fallthrough]];
      case DW_TAG_namespace:
      case DW_TAG_class_type:
      case DW_TAG_structure_type:
      case DW_TAG_union_type:
      case DW_TAG_lexical_block:
        collect_functions(ranges, &child, depth + 1);
        break;
      default:
        break;
    }
  } while (dwarf_siblingof(&child, &child) == 0);
}

const DebugFile::Ranges& DebugFile::functions_of(std::uint64_t unit) {
  const auto [found, is_new] = functions_.try_emplace(unit);
  require_room();
  Dwarf_Die die;
  if (is_new && dwarf_offdie(dwarf_.get(), unit, &die) != nullptr) {
    collect_functions(found->second, &die, 0);
    std::sort(found->second.begin(), found->second.end(),
              [](const Range& a, const Range& b) { return a.begin < b.begin; });
    found->second.shrink_to_fit();
  }
  return found->second;
}

void DebugFile::index_symbols() {
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(file_->elf, section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_entsize == 0) continue;
    if (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM) continue;
    Elf_Data* const data = elf_getdata(section, nullptr);
    const auto count = static_cast<int>(std::min<std::uint64_t>(
        data == nullptr ? 0 : data->d_size / header.sh_entsize, 100'000'000));
    for (int i = 0; i < count; ++i) {
      GElf_Sym symbol;
      if (gelf_getsym(data, i, &symbol) == nullptr) break;
      const auto type = GELF_ST_TYPE(symbol.st_info);
      if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol.st_shndx == SHN_UNDEF) continue;
      const char* const name = elf_strptr(file_->elf, header.sh_link, symbol.st_name);
      if (name == nullptr || *name == '\0') continue;
      // One without a size reaches as far as the next.
      const std::uint64_t size = symbol.st_size == 0 ? 4096 : symbol.st_size;
      symbols_.push_back({symbol.st_value, symbol.st_value + size, name});
    }
  }
  // Of aliases any will do, but always the same one.
  std::sort(symbols_.begin(), symbols_.end(), [](const Symbol& a, const Symbol& b) {
    return a.begin != b.begin ? a.begin < b.begin : std::less<>{}(a.name, b.name);
  });
}

std::string DebugFile::symbol_at(std::uint64_t address) {
  if (!symbols_indexed_) index_symbols();
  symbols_indexed_ = true;
  auto behind =
      std::upper_bound(symbols_.begin(), symbols_.end(), address,
                       [](std::uint64_t a, const Symbol& symbol) { return a < symbol.begin; });
  // Few functions lie within another; aliases of one share its place.
  constexpr int kTries = 16;
  for (int tries = 0; tries < kTries && behind != symbols_.begin(); ++tries) {
    --behind;
    if (address < behind->end) return behind->name;
  }
  return {};
}

std::vector<Location> DebugFile::look_up_debug(std::uint64_t address, const std::string& symbol) {
  std::vector<Location> found;
  const Range* const unit = find(units_, address);
  Dwarf_Die unit_die;
  if (unit == nullptr || dwarf_offdie(dwarf_.get(), unit->offset, &unit_die) == nullptr)
    return found;

  const std::string directory = text_of(&unit_die, DW_AT_comp_dir);
  Location here{{}, {}, directory, 0};
  if (Dwarf_Line* const line = dwarf_getsrc_die(&unit_die, address); line != nullptr) {
    const char* const path = dwarf_linesrc(line, nullptr, nullptr);
    if (path != nullptr) here.path = path;
    dwarf_lineno(line, &here.line);
  }
  const Range* const function = find(functions_of(unit->offset), address);
  Dwarf_Die function_die;
  if (function == nullptr ||
      dwarf_offdie(dwarf_.get(), function->offset, &function_die) == nullptr) {
    here.function = function_name(symbol);
    found.push_back(std::move(here));
    return found;
  }
  Dwarf_Files* files = nullptr;
  std::size_t file_count = 0;
  if (dwarf_getsrcfiles(&unit_die, &files, &file_count) != 0) file_count = 0;

  std::vector<Dwarf_Die> calls;
  collect_inlined(&function_die, address, 0, calls);
  while (!calls.empty()) {
    Dwarf_Die& call = calls.back();
    here.function = name_of(&call, {});
    found.push_back(here);
    // Where it was called is where the next one outwards stands.
    const std::uint64_t file = number_of(&call, DW_AT_call_file);
    const char* const path =
        file < file_count ? dwarf_filesrc(files, file, nullptr, nullptr) : nullptr;
    here.path = path == nullptr ? "" : path;
    here.line =
        static_cast<int>(std::min<std::uint64_t>(number_of(&call, DW_AT_call_line), 1'000'000'000));
    calls.pop_back();
  }
  here.function = name_of(&function_die, symbol);
  found.push_back(std::move(here));
  return found;
}

std::vector<Location> DebugFile::look_up(std::uint64_t address) {
  const MemoryCheck check_memory;
  const std::string symbol = symbol_at(address);
  std::vector<Location> found;
  if (dwarf_ != nullptr) found = look_up_debug(address, symbol);
  if (found.empty() && !symbol.empty()) found.push_back({function_name(symbol), {}, {}, 0});
  check_memory();
  return found;
}

}  // namespace vitals::stack::detail
