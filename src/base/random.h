#pragma once

#include <pthread.h>
#include <sys/random.h>
#include <time.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace vitals::base {

/// Random numbers for identifiers and sampling: xoshiro256** (Blackman and Vigna, 2018), one
/// generator a thread, seeded by the kernel, also anew in a child of fork(), which would repeat its
/// parent's ids otherwise. Not for secrets: some of its output is enough to tell the rest.
/// Threads: any, each its own. Cost: about 1 ns; the first on a thread a system call.
class Random {
 public:
  [[nodiscard]] static std::uint64_t next() noexcept {
    State& mine = t_state;
    if (mine.epoch != fork_epoch.load(std::memory_order_relaxed)) [[unlikely]]
      seed(mine);
    std::array<std::uint64_t, 4>& s = mine.words;
    const std::uint64_t result = std::rotl(s[1] * 5, 7) * 9;
    const std::uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = std::rotl(s[3], 45);
    return result;
  }

  /// Fills an array of bytes, a multiple of eight of them.
  template <std::size_t N>
  static void fill(std::array<std::uint8_t, N>& bytes) noexcept {
    static_assert(N % sizeof(std::uint64_t) == 0);
    for (std::size_t i = 0; i < N; i += sizeof(std::uint64_t)) {
      const std::uint64_t word = next();
      std::memcpy(bytes.data() + i, &word, sizeof word);
    }
  }

  /// In [0, 1).
  [[nodiscard]] static double unit() noexcept {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
  }

 private:
  struct State {
    std::array<std::uint64_t, 4> words;
    std::uint32_t epoch;  // 0: never seeded
  };
  static inline constinit thread_local State t_state{{}, 0};
  /// Grows in every forked child.
  static inline constinit std::atomic<std::uint32_t> fork_epoch{1};

  [[gnu::cold]] static void seed(State& target) noexcept {
    static const int registered = pthread_atfork(
        nullptr, nullptr, [] { fork_epoch.fetch_add(1, std::memory_order_relaxed); });
    static_cast<void>(registered);
    if (getrandom(target.words.data(), sizeof target.words, GRND_NONBLOCK) !=
        static_cast<ssize_t>(sizeof target.words)) {
      // Early in a machine's boot the kernel may have too little to give. Ids need to differ, not
      // to be secret, so the clock and the thread's own address have to do.
      timespec now{};
      clock_gettime(CLOCK_REALTIME, &now);
      std::uint64_t mix = static_cast<std::uint64_t>(now.tv_nsec) ^
                          (static_cast<std::uint64_t>(now.tv_sec) << 30) ^
                          reinterpret_cast<std::uintptr_t>(&target);
      for (std::uint64_t& word : target.words) {
        mix += 0x9e37'79b9'7f4a'7c15;
        word = (mix ^ (mix >> 30)) * 0xbf58'476d'1ce4'e5b9;
      }
    }
    target.words[3] |= 1;  // never all zero
    target.epoch = fork_epoch.load(std::memory_order_relaxed);
  }
};

}  // namespace vitals::base
