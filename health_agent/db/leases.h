#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "health_agent/db/pool.h"

namespace health_agent::db {

/// Leases on names, so that of several replicas on one database only one does a thing. Each is a
/// row that its holder counts up again and again; a holder whose count stands still for `ttl` is
/// taken for dead. Those who watch measure that by their own steady clocks, and so does the holder:
/// no two machines' clocks are ever compared, and a clock that is set changes nothing.
///
/// A lease says who should work, not who does: a process that was stopped for a while learns of its
/// loss afterwards. What must happen once needs a check in its own transaction too, as
/// TelegramUpdates has it.
///
/// All replicas must use the same `ttl`. Threads: any. Errors: DatabaseError.
class Leases {
 public:
  using Clock = std::chrono::steady_clock;
  using Now = std::function<Clock::time_point()>;

  /// `holder` names this process and no other, ever.
  Leases(Pool& pool, std::string holder, std::chrono::milliseconds ttl, Now now = &Clock::now);

  /// Renews the lease, or takes it when it is free or its holder is dead. True when it is held.
  /// Call it several times within `ttl`, held or not: somebody else's lease is watched by these
  /// calls.
  bool hold(const std::string& name);

  /// Whether the last renewal is recent enough that nobody else can have the lease. Cost: a lock.
  [[nodiscard]] bool holds(const std::string& name) const;

  /// Gives the lease up, so that the next one need not wait. Nothing when it is not held.
  void release(const std::string& name);

  /// Watches every lease whose name begins with `prefix` and removes those whose holders are dead.
  /// Call it several times within `ttl`. Returns how many this call removed.
  int drop_dead(std::string_view prefix);

  [[nodiscard]] const std::string& holder() const noexcept { return holder_; }

 private:
  struct Seen {
    std::string holder;
    long long renewals = 0;
    Clock::time_point since;
  };

  /// Notes what a lease's row says now; true when it has said the same for `ttl`.
  bool stands_still(const std::string& name, const std::string& holder, long long renewals);
  void renewed(const std::string& name, Clock::time_point at);

  Pool* pool_;
  std::string holder_;
  std::chrono::milliseconds ttl_;
  Now now_;
  mutable std::mutex mutex_;
  std::map<std::string, Clock::time_point> held_;  // when the last renewal was begun
  std::map<std::string, Seen> seen_;               // other holders' leases
};

}  // namespace health_agent::db
