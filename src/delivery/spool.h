#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "delivery/cargo.h"
#include "delivery/parcel.h"
#include "vitals/result.h"

namespace vitals::delivery::detail {

/// Where parcels wait on disk, and whom they are for.
struct SpoolOptions {
  std::string who;        // says what is amiss, on stderr
  std::string cache_dir;  // above the spool's folder, and shared with others
  std::string folder;     // the spool's own
  std::uint64_t bytes = 0;
  std::chrono::hours age{};
  std::string address;  // parcels for another one are left alone
  /// Counts what is given up; null: nobody can say what it held. Threads: any.
  std::function<void(const Contents* contents, DropReason reason)> count_dropped;
};

/// Parcels that wait on disk, each a file of its own:
///
///     TIME-ADDRESS-OWNER-NUMBER-SIZE.unsent   waits (all in hexadecimal)
///     ….sending-OWNER, ….writing-OWNER        somebody has it in hand
///     OWNER.lock                              held by flock(2) for as long as that worker lives
///     corrupt/                                what could not be read, a few of them
///
/// A file is written under another name and then renamed, and is renamed again before it is read:
/// so two processes that share the folder never take the same one. Whose lock is free is dead,
/// however it died, and what it had in hand waits again. Bounded by bytes and by age; the oldest
/// goes first and is counted. Threads: any, none of a capture.
///
/// An age is the lesser of what the wall clock says, and of what it said when this spool was opened
/// and the time that has passed since: a clock that is set meanwhile makes nothing old. What was
/// written by a clock that was never set counts from the opening on.
class Spool {
 public:
  /// Where the time is read, in nanoseconds: see base::wall_clock() and base::running_clock().
  struct Clocks {
    std::int64_t (*wall)() noexcept = &base::wall_clock;
    std::int64_t (*running)() noexcept = &base::running_clock;
  };
  /// One that was taken out, and must be given to done() or give_back().
  struct Claim {
    Parcel parcel;
    std::string name;
    std::uint64_t size = 0;
  };

  /// Opens or makes the folder. When that fails, also since it or one below it is another user's or
  /// a link, it says so once on stderr, and put() refuses all.
  Spool(SpoolOptions options, Clocks clocks);
  explicit Spool(SpoolOptions options) : Spool(std::move(options), Clocks{}) {}
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  ~Spool();

  [[nodiscard]] bool usable() const noexcept { return folder_ >= 0; }
  /// Whether the last parcel could not be written, for whatever reason: rights, room, descriptors.
  [[nodiscard]] bool failing() const noexcept { return failing_.load(std::memory_order_relaxed); }
  /// False when it cannot be kept (no room on the disk, larger than all the room); said once.
  [[nodiscard]] bool put(const Parcel& parcel) noexcept;
  /// The oldest for this address.
  [[nodiscard]] std::optional<Claim> take() noexcept;
  void done(const Claim& claim) noexcept;
  /// It waits again, in its old place.
  void give_back(const Claim& claim) noexcept;
  /// Looks at what other processes have put there, or have left in hand when they died.
  void rescan() noexcept;

  /// Whether anything waits for this address, as far as is known.
  [[nodiscard]] bool any() const noexcept { return own_.load(std::memory_order_relaxed) > 0; }
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return bytes_.load(std::memory_order_relaxed);
  }

  /// In a child of fork(): the parent's lock is not ours to hold.
  static void forget_locks() noexcept;

 private:
  struct Entry {
    std::uint64_t time = 0;  // microseconds since 1970
    std::uint32_t address = 0;
    std::uint32_t owner = 0;
    std::uint32_t number = 0;
    std::uint64_t size = 0;

    [[nodiscard]] std::string name() const;
    // NOLINTNEXTLINE(modernize-use-nullptr): the 0 is in the defaulted operator
    friend auto operator<=>(const Entry&, const Entry&) noexcept = default;
  };
  [[nodiscard]] static std::optional<Entry> parse_name(std::string_view name) noexcept;
  [[nodiscard]] Result<void> open_folder();
  [[nodiscard]] bool write_file(const std::string& name, std::string_view text) noexcept;
  [[nodiscard]] std::optional<std::string> read_file(const std::string& name) const;
  [[nodiscard]] bool rename_file(const std::string& from, const std::string& to) const noexcept;
  [[nodiscard]] std::string in_hand(const std::string& name) const;
  void take_back_of_the_dead(const std::string& name, std::string_view suffix,
                             std::vector<std::uint32_t>& alive);
  [[nodiscard]] bool is_dead(std::uint32_t owner, std::vector<std::uint32_t>& alive) const;
  void set_aside(const std::string& name, std::string_view why);
  void scan();
  void drop_old(std::uint64_t needed);
  [[nodiscard]] bool is_old(const Entry& entry) const noexcept;
  void drop(const Entry& entry);
  void forget(const std::deque<Entry>::iterator& entry);
  void count_damaged(std::string_view text) noexcept;
  void say(std::string_view what, std::string_view detail = {}) const noexcept;
  void warn_once(std::string_view what) noexcept;

  const SpoolOptions options_;
  const std::uint32_t address_hash_;
  const std::uint32_t owner_;
  const Clocks clocks_;
  const std::int64_t opened_;          // by the wall clock, in nanoseconds
  const std::int64_t opened_running_;  // by the other
  int folder_ = -1;
  int lock_ = -1;
  std::atomic<std::uint32_t> next_number_{0};
  std::atomic<std::uint64_t> bytes_{0};  // waiting, and in hand here
  std::atomic<std::uint64_t> own_{0};    // waiting for this address
  std::atomic<bool> warned_{false};
  std::atomic<bool> failing_{false};
  std::mutex mutex_;
  std::deque<Entry> waiting_;  // the oldest first
  std::uint64_t claimed_bytes_ = 0;
};

}  // namespace vitals::delivery::detail
