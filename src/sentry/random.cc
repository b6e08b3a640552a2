#include "sentry/random.h"

#include <pthread.h>
#include <sys/random.h>

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>

namespace vitals::sentry::detail {
namespace {

/// Grows in every forked child, so that its threads do not repeat the parent's ids.
constinit std::atomic<std::uint32_t> fork_epoch{1};

/// xoshiro256**, by Blackman and Vigna (public domain).
struct Generator {
  std::array<std::uint64_t, 4> state{};
  std::uint32_t epoch = 0;  // 0: never seeded

  std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state[1] * 5, 7) * 9;
    const std::uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = std::rotl(state[3], 45);
    return result;
  }
};

constinit thread_local Generator generator;

void seed(Generator& target) noexcept {
  static const int registered =
      pthread_atfork(nullptr, nullptr, [] { fork_epoch.fetch_add(1, std::memory_order_relaxed); });
  static_cast<void>(registered);
  if (getrandom(target.state.data(), sizeof target.state, GRND_NONBLOCK) !=
      static_cast<ssize_t>(sizeof target.state)) {
    // Early in a machine's boot there may be no entropy yet: ids need to differ, not to be secret.
    std::uint64_t mix =
        static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    mix ^= std::bit_cast<std::uintptr_t>(&target);
    for (std::uint64_t& word : target.state) {
      mix += 0x9e3779b97f4a7c15U;
      word = (mix ^ (mix >> 30)) * 0xbf58476d1ce4e5b9U;
    }
  }
  if (target.state == std::array<std::uint64_t, 4>{}) target.state[0] = 1;
  target.epoch = fork_epoch.load(std::memory_order_relaxed);
}

template <class IdType>
IdType random_id() noexcept {
  IdType id;
  for (std::size_t i = 0; i < id.bytes.size(); i += 8) {
    const std::uint64_t bits = random_bits();
    std::memcpy(id.bytes.data() + i, &bits, 8);
  }
  if (!id) id.bytes.back() = 1;  // all zero means "none"
  return id;
}

}  // namespace

std::uint64_t random_bits() noexcept {
  Generator& mine = generator;
  if (mine.epoch != fork_epoch.load(std::memory_order_relaxed)) [[unlikely]]
    seed(mine);
  return mine.next();
}

EventId new_event_id() noexcept {
  EventId id = random_id<EventId>();
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x40);  // a UUID of version 4
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);  // of RFC 4122's variant
  return id;
}

TraceId new_trace_id() noexcept {
  return random_id<TraceId>();
}
SpanId new_span_id() noexcept {
  return random_id<SpanId>();
}

}  // namespace vitals::sentry::detail
