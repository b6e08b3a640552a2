#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "delivery/cargo.h"
#include "delivery/parcel.h"
#include "vitals/delivery/transport.h"

namespace vitals::delivery::detail {

/// What came of a step on the way. What is not ready has been counted by who says so.
enum class Step : std::uint8_t {
  kReady,
  kLeftOut,  // as was wished: a hook, a sample rate
  kLost,
};

/// What a server's answer means.
enum class Verdict : std::uint8_t {
  kDelivered,
  kRefused,  // it would be refused again
  kAway,     // no answer, or not now: to be tried again later. Counted by nobody
};

/// Makes requests, for one sending thread. Threads: one.
class Packer {
 public:
  Packer() = default;
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;
  virtual ~Packer() = default;

  /// The first half of the work on `cargo`, by one thread at a time as long as the service runs: so
  /// a user's hooks never meet. pack() follows with the same.
  [[nodiscard]] virtual Step open(std::size_t lane, const Cargo& cargo) = 0;
  /// The second half. Fills in `parcel`.
  [[nodiscard]] virtual Step pack(std::size_t lane, const Cargo& cargo, Parcel& parcel) = 0;
  /// The request for a parcel, valid until the next call; null: there is no server, which is as
  /// good as one that takes it. judge() follows. Leaves the parcel as it was.
  [[nodiscard]] virtual const SendRequest* address(Parcel& parcel) = 0;
  [[nodiscard]] virtual Verdict judge(const Parcel& parcel, const SendResult& result) noexcept = 0;
  /// How long the server that judge() has just called kAway wants to be left alone at least.
  [[nodiscard]] virtual std::chrono::milliseconds pause() const noexcept { return {}; }
};

/// A word to the server that nobody has captured, such as a report of what was dropped.
struct Notice {
  Parcel parcel;
  std::unique_ptr<Receipt> receipt;
};

/// What one kind of server makes of being delivered to: how things are written down, and what its
/// answers mean. All but make_packer() is called by several threads at once.
class Policy {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  virtual ~Policy() = default;

  /// On a new thread that is about to send.
  virtual void begin_thread() noexcept {}
  [[nodiscard]] virtual std::unique_ptr<Packer> make_packer() = 0;
  /// Null: nobody can say what it was.
  virtual void count_dropped(const Contents* contents, DropReason reason) noexcept = 0;
  /// Whether the server wants less for the moment: then what waits on disk stays there.
  [[nodiscard]] virtual bool limited() const noexcept { return false; }
  /// Told again and again whether the queues are nearly full.
  virtual void watch(bool nearly_full) noexcept { static_cast<void>(nearly_full); }
  /// What is due by itself, with `last` all there is.
  [[nodiscard]] virtual std::optional<Notice> notice(Time now, bool last) {
    static_cast<void>(now), static_cast<void>(last);
    return std::nullopt;
  }
  /// The last one has been sent. Ends by `deadline` what the policy does beside it.
  virtual void end(Time deadline) noexcept { static_cast<void>(deadline); }
  /// For a person who looks for a fault.
  virtual void say(std::string_view what, std::string_view detail) noexcept {
    static_cast<void>(what), static_cast<void>(detail);
  }
  void say(std::string_view what) noexcept { say(what, {}); }
};

}  // namespace vitals::delivery::detail
