#include "metrics/copies.h"

#include <elf.h>
#include <link.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>

#include "base/say_line.h"

namespace vitals::metrics::detail {
namespace {

/// Marks a program or library that has a copy in itself: whatever hides its symbols leaves the notes
/// of an object where they can be seen. Source: System V ABI, "Note Section".
struct Note {
  std::uint32_t name_size = sizeof name;
  std::uint32_t text_size = sizeof text;
  std::uint32_t type = 1;
  char name[8] = "vitals";
  char text[4] = {};
};
[[gnu::used, gnu::section(".note.vitals")]] alignas(4) constexpr Note kNote;

constexpr std::size_t padded(std::size_t size) noexcept {
  return (size + 3) & ~std::size_t{3};
}

bool is_marked(const dl_phdr_info& object) noexcept {
  for (std::size_t i = 0; i < object.dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = object.dlpi_phdr[i];
    if (part.p_type != PT_NOTE) continue;
    const auto* at = std::bit_cast<const char*>(object.dlpi_addr + part.p_vaddr);
    const char* const end = at + part.p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) head;
      std::memcpy(&head, at, sizeof head);
      const char* const name = at + sizeof head;
      const std::size_t size = padded(head.n_namesz) + padded(head.n_descsz);
      if (size > static_cast<std::size_t>(end - name)) break;
      if (head.n_namesz == kNote.name_size && std::memcmp(name, kNote.name, sizeof kNote.name) == 0)
        return true;
      at = name + size;
    }
  }
  return false;
}

struct Found {
  int copies = 0;
  std::string places;
};

int look(dl_phdr_info* object, std::size_t, void* into) noexcept {
  if (!is_marked(*object)) return 0;
  Found& found = *static_cast<Found*>(into);
  ++found.copies;
  try {
    if (found.copies > 1) found.places += ", ";
    found.places += *object->dlpi_name != '\0' ? object->dlpi_name : "the program";
  } catch (const std::bad_alloc&) {
    // It is counted.
  }
  return 0;
}

}  // namespace

void tell_of_other_copies() noexcept {
  Found found;
  dl_iterate_phdr(&look, &found);
  if (found.copies < 2) return;
  base::say_line("vitals",
                 "this process has several copies of the library, each with a default registry of "
                 "its own (link the shared one, or give one registry to all):",
                 found.places);
}

}  // namespace vitals::metrics::detail
