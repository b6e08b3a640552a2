#include "tests/unit/failing_memory.h"

#include <cstdlib>
#include <limits>
#include <new>

namespace {

constexpr std::size_t kAlways = std::numeric_limits<std::size_t>::max();
constinit thread_local std::size_t calls_left = kAlways;
constinit thread_local bool one_failed = false;

void* limited_malloc(std::size_t size) {
  if (calls_left != kAlways) {
    if (calls_left == 0) {
      one_failed = true;
      throw std::bad_alloc{};
    }
    --calls_left;
  }
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}

void* limited_or_null(std::size_t size) noexcept {
  try {
    return limited_malloc(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace

void* operator new(std::size_t size) {
  return limited_malloc(size);
}
void* operator new[](std::size_t size) {
  return limited_malloc(size);
}
// These too, else the AddressSanitizer's own would be freed by what stands below.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return limited_or_null(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return limited_or_null(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace unit {

FailingMemory::FailingMemory(std::size_t after) noexcept {
  one_failed = false;
  calls_left = after;
}

FailingMemory::~FailingMemory() {
  calls_left = kAlways;
}

bool FailingMemory::failed() const noexcept {
  return one_failed;
}

}  // namespace unit
