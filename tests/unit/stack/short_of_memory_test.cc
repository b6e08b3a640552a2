#include <dlfcn.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "tests/unit/failing_memory.h"
#include "vitals/stack/symbolizer.h"
#include "vitals/stack/throw.h"

namespace vitals::stack {
namespace {

/// The stack of a throw within a library that is small, so that it is quickly read.
class ShortOfMemory : public ::testing::Test {
 protected:
  ShortOfMemory() {
    const auto function = reinterpret_cast<int (*)(int)>(dlsym(library_, "throw_from_library"));
    modules_ = current_modules();
    const Module* const module = find_module(*modules_, reinterpret_cast<std::uintptr_t>(function));
    const ThrowRecording recording;
    std::array<std::uintptr_t, kMaxThrowDepth> addresses{};
    std::size_t depth = 0;
    try {
      function(1);
    } catch (const std::exception& error) {
      depth = throw_stack(error, addresses);
    }
    std::copy_if(addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(depth),
                 std::back_inserter(stack_),
                 [&](std::uintptr_t at) { return find_module(*modules_, at) == module; });
    Symbolizer symbolizer;
    all_ = names(symbolizer);
  }

  ~ShortOfMemory() override { dlclose(library_); }

  /// Throws std::bad_alloc.
  [[nodiscard]] std::vector<std::string> names(Symbolizer& symbolizer) const {
    std::vector<std::string> result;
    for (const Frame& frame : symbolizer.frames(stack_, modules_))
      result.push_back(frame.function + ":" + std::to_string(frame.line));
    return result;
  }

  void* const library_ = dlopen(THROWER_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  std::vector<std::uintptr_t> stack_;
  std::shared_ptr<const ModuleMap> modules_;
  std::vector<std::string> all_;  // with memory
  const std::vector<std::string> none_{":0", ":0"};
};

TEST_F(ShortOfMemory, AllNamesAreKnownOrNone) {
  ASSERT_THAT(all_, ::testing::Contains(::testing::StartsWith("thrower::deep_in_library:7")));
  bool failed = true;
  std::size_t after = 0;
  for (; failed; ++after) {
    SCOPED_TRACE(after);
    Symbolizer symbolizer;
    {
      const unit::FailingMemory none{after};
      try {
        static_cast<void>(symbolizer.frames(stack_, modules_));
        ASSERT_FALSE(none.failed());
      } catch (const std::bad_alloc&) {
        ASSERT_TRUE(none.failed());
      }
      failed = none.failed();
    }
    ASSERT_EQ(names(symbolizer), all_);
  }
  EXPECT_GT(after, 20U);
}

/// Lets this process have so many addresses more than it has. Takes no memory.
void leave_addresses(std::size_t left) {
  std::array<char, 128> text{};
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  const ssize_t size = read(file, text.data(), text.size() - 1);
  close(file);
  const std::size_t pages = size > 0 ? std::strtoull(text.data(), nullptr, 10) : 0;
  const rlimit limits{pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + left,
                      RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &limits);
}

/// Takes what the heap has left.
void fill_heap() {
  for (std::size_t size = 65'536; size >= 32; size /= 2) {
    while (std::malloc(size) != nullptr) {
    }
  }
}

TEST_F(ShortOfMemory, WithoutAddressesTheProcessLives) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return;  // a sanitizer ends the process itself
#endif
  constexpr std::size_t kMiB = std::size_t{1} << 20U;
  constexpr std::size_t kEnough = 48;
  for (std::size_t left = 0; left <= kEnough; ++left) {
    SCOPED_TRACE(left);
    const pid_t child = fork();
    if (child == 0) {
      Symbolizer symbolizer;
      leave_addresses(0);
      fill_heap();
      leave_addresses(left * kMiB);
      int code = 0;
      try {
        const std::vector<std::string> some = names(symbolizer);
        if (some != all_ && some != none_) code = 2;
        if (some != all_ && left == kEnough) code = 3;
      } catch (const std::bad_alloc&) {
        if (left > 2) code = 3;
      }
      leave_addresses(1024 * kMiB);
      try {
        if (code == 0 && names(symbolizer) != all_) code = 4;
      } catch (const std::bad_alloc&) {
        code = 5;
      }
      _exit(code);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), 0);
  }
}

}  // namespace
}  // namespace vitals::stack
