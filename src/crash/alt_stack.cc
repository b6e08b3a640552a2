#include "crash/alt_stack.h"

#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

namespace vitals::crash::detail {
namespace {

/// Each fault within the handler puts the machine's whole register state on it once more, which is
/// up to 11 KiB. Only pages that are touched take memory.
constexpr std::size_t kStackSize = 128 * 1024;
constexpr std::size_t kSignalFrames = 10;

/// A mapping with a page below it that nothing may touch, as the thread's alternate stack.
class AltStack {
 public:
  AltStack() noexcept {
    stack_t present{};
    if (sigaltstack(nullptr, &present) != 0 || (present.ss_flags & SS_DISABLE) == 0) return;
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
#ifdef AT_MINSIGSTKSZ
    const std::size_t least = kSignalFrames * getauxval(AT_MINSIGSTKSZ);
#else
    const std::size_t least = 0;
#endif
    const std::size_t stack_size = (std::max(kStackSize, least) + page - 1) / page * page;
    size_ = stack_size + page;
    void* const mapped = mmap(nullptr, size_, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) return;
    mapped_ = static_cast<std::byte*>(mapped);
    mprotect(mapped_, page, PROT_NONE);
    stack_t own{};
    own.ss_sp = mapped_ + page;
    own.ss_size = stack_size;
    if (sigaltstack(&own, nullptr) != 0) unmap();
  }
  AltStack(const AltStack&) = delete;
  AltStack& operator=(const AltStack&) = delete;
  ~AltStack() {
    if (mapped_ == nullptr) return;
    stack_t present{};
    sigaltstack(nullptr, &present);
    const auto* const base = static_cast<std::byte*>(present.ss_sp);
    const bool still_ours = base > mapped_ && base < mapped_ + size_;
    if (still_ours && (present.ss_flags & SS_ONSTACK) != 0) return;  // a handler ends the thread
    if (still_ours) {
      stack_t none{};
      none.ss_flags = SS_DISABLE;
      sigaltstack(&none, nullptr);
    }
    unmap();
  }

 private:
  void unmap() noexcept {
    munmap(mapped_, size_);
    mapped_ = nullptr;
  }

  std::byte* mapped_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace

void add_alt_stack() noexcept {
  alt_stack_asked = true;
  static thread_local const AltStack stack;
}

}  // namespace vitals::crash::detail
