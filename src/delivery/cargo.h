#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace vitals::delivery::detail {

/// Why something was given up before a server could say anything of it.
enum class DropReason : std::uint8_t {
  kQueueFull,  // it came faster than it was sent
  kNetwork,    // no answer, and no more time or room to wait for one
  kDisk,       // pushed off the disk by what came later, too old, or no room there
  kInternal,   // no memory for it
  kDamaged,    // its file cannot be read any more, and may not say rightly what it held
};

/// A thing that waits to be sent, as it was handed over. What is made of it is the policy's.
class Cargo {
 public:
  Cargo() = default;
  Cargo(const Cargo&) = delete;
  Cargo& operator=(const Cargo&) = delete;
  virtual ~Cargo() = default;

  /// Roughly how many bytes it holds. Always the same.
  [[nodiscard]] virtual std::size_t cost() const noexcept = 0;
  /// Whether nothing of its lane may overtake it.
  [[nodiscard]] virtual bool in_order() const noexcept { return false; }
  virtual void count_dropped(DropReason reason) const noexcept = 0;
  /// It is sent, on disk or given up. Not called where the process ends before that.
  virtual void done() noexcept {}
};

/// Gathers small things between two sends (sessions, logs).
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  using Time = std::chrono::steady_clock::time_point;

  /// What is due now, or with `everything` (a flush, the end) all there is; asked again until it
  /// gives null. Threads: those that send, one at a time.
  [[nodiscard]] virtual std::unique_ptr<Cargo> take(Time now, bool everything) noexcept = 0;
  /// When it wants to be asked again at the latest: each question may wake a thread. Threads: as
  /// for take().
  [[nodiscard]] virtual Time next_ask(Time now) noexcept {
    return now + std::chrono::milliseconds{100};
  }
};

}  // namespace vitals::delivery::detail
