#include "health_agent/db/sqlite_files.h"

#include <sqlite3.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <mutex>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace health_agent::db {
namespace {

/// The functions of an open file as the default has them, but for one. SQLite's files know nothing
/// of us, so the table that they point at is what leads back to the default's.
struct Guarded {
  sqlite3_io_methods methods{};
  const sqlite3_io_methods* former = nullptr;
};

/// The default has a table for each way of locking; a process sees one or two of them.
constexpr std::size_t kMostTables = 8;

std::mutex tables_mutex;
std::array<Guarded, kMostTables> tables;
sqlite3_vfs* former_vfs = nullptr;
sqlite3_vfs guarded_vfs;

/// Has the pages written to the disk's account now. False when there is no room for them.
bool take_room(volatile void* memory, std::size_t size) noexcept {
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t into_page = reinterpret_cast<std::uintptr_t>(memory) % page;
  char* const start = const_cast<char*>(static_cast<volatile char*>(memory)) - into_page;
  const int result = ::madvise(start, size + into_page, MADV_POPULATE_WRITE);
  // EFAULT and EHWPOISON: a write would be a SIGBUS. Anything else says nothing of the room.
  return result == 0 || (errno != EFAULT && errno != EHWPOISON);
}

int map_shared_memory(sqlite3_file* file, int region, int size, int extend,
                      void volatile** memory) {
  const auto* const guarded = reinterpret_cast<const Guarded*>(file->pMethods);
  const int result = guarded->former->xShmMap(file, region, size, extend, memory);
  if (result != SQLITE_OK || *memory == nullptr) return result;
  if (take_room(*memory, static_cast<std::size_t>(size))) return SQLITE_OK;
  *memory = nullptr;
  return SQLITE_FULL;
}

/// The guarded table for this one of the default's; null where there is no place for another.
const Guarded* guarded(const sqlite3_io_methods& former) {
  const std::lock_guard lock{tables_mutex};
  for (Guarded& table : tables) {
    if (table.former == &former) return &table;
    if (table.former != nullptr) continue;
    table.methods = former;
    table.methods.xShmMap = &map_shared_memory;
    table.former = &former;
    return &table;
  }
  return nullptr;
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const int result = former_vfs->xOpen(former_vfs, name, file, flags, out_flags);
  if (result != SQLITE_OK || file->pMethods == nullptr) return result;
  if (file->pMethods->iVersion < 2 || file->pMethods->xShmMap == nullptr) return result;
  if (const Guarded* const table = guarded(*file->pMethods)) file->pMethods = &table->methods;
  return result;
}

}  // namespace

void guard_shared_memory() noexcept {
  static std::once_flag once;
  std::call_once(once, [] {
    if (sqlite3_initialize() != SQLITE_OK) return;
    former_vfs = sqlite3_vfs_find(nullptr);
    if (former_vfs == nullptr) return;
    guarded_vfs = *former_vfs;
    guarded_vfs.pNext = nullptr;
    guarded_vfs.zName = "health-agent";
    guarded_vfs.xOpen = &open_file;
    sqlite3_vfs_register(&guarded_vfs, 1);
  });
}

}  // namespace health_agent::db
