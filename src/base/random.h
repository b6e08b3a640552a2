#pragma once

#include <sys/random.h>
#include <time.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace vitals::base {

/// Random numbers for identifiers and sampling: xoshiro256** (Blackman and Vigna, 2018), one
/// generator a thread, seeded by the kernel. Not for secrets: who sees some of its output can tell
/// the rest. Threads: any, each its own. Cost: about 1 ns; the first on a thread a system call.
class Random {
 public:
  [[nodiscard]] static std::uint64_t next() noexcept {
    std::array<std::uint64_t, 4>& s = state();
    if ((s[0] | s[1] | s[2] | s[3]) == 0) [[unlikely]]
      seed(s);
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

  static void fill(void* out, std::size_t size) noexcept {
    auto* bytes = static_cast<unsigned char*>(out);
    while (size > 0) {
      const std::uint64_t word = next();
      const std::size_t part = size < sizeof word ? size : sizeof word;
      std::memcpy(bytes, &word, part);
      bytes += part;
      size -= part;
    }
  }

 private:
  static std::array<std::uint64_t, 4>& state() noexcept {
    static constinit thread_local std::array<std::uint64_t, 4> s{};
    return s;
  }

  static void seed(std::array<std::uint64_t, 4>& s) noexcept {
    // At early boot the kernel may have too little to give; the clock and the thread's own address
    // then have to do.
    if (getrandom(s.data(), sizeof s, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof s)) {
      timespec now{};
      clock_gettime(CLOCK_REALTIME, &now);
      s[0] = static_cast<std::uint64_t>(now.tv_nsec) ^ std::bit_cast<std::uint64_t>(&s);
      s[1] = static_cast<std::uint64_t>(now.tv_sec);
    }
    s[3] |= 1;  // never all zero
  }
};

}  // namespace vitals::base
