#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "health_agent/db/url.h"
#include "vitals/monitor/db.h"

namespace health_agent::db {

class Connection;

/// DATABASE_POOL_SIZE's default: twice the cores, and five.
[[nodiscard]] int default_pool_size() noexcept;

struct PoolOptions {
  std::string url;                                   ///< DATABASE_URL
  int size = default_pool_size();                    ///< connections, at least 1
  std::chrono::milliseconds checkout_timeout{5000};  ///< how long checkout() waits for a free one
  std::chrono::milliseconds lock_timeout{5000};      ///< how long a statement waits for a lock
  /// Told once when writing begins to fail while reading goes on (the disk is full, say), with the
  /// cause, and once when it works again. On any thread.
  std::function<void(bool works, const std::string& cause)> on_writing{};
};

/// The service's connections to its database, all opened at the start. Not for a database in
/// memory: each connection would have one of its own.
///
/// SQLite runs with WAL, `synchronous=NORMAL` and foreign keys. Writers of this process take turns,
/// first come first served, instead of polling for SQLite's lock.
///
/// A connection to PostgreSQL that the server has ended is opened anew at its next checkout. While
/// the server is away a checkout fails at once; it comes back by itself.
///
/// Threads: any. Must outlive its leases, and every Store on it.
class Pool {
 public:
  /// A connection on loan, given back by the destructor, after exceptions too. Threads: one at a
  /// time.
  class [[nodiscard("the connection goes back when the lease is destroyed")]] Lease {
   public:
    Lease(Lease && other) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    [[nodiscard]] Connection& connection() const noexcept {
      return *connection_;
    }

   private:
    friend class Pool;
    Lease(Pool & pool, Connection & connection) noexcept : pool_(&pool), connection_(&connection) {}

    Pool* pool_;
    Connection* connection_;
  };

  /// Opens the database, and makes it and its folder when missing. Throws DatabaseError (with the
  /// path and the cause) when that cannot be done, ConfigurationError when the options cannot be
  /// right.
  explicit Pool(PoolOptions options);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Lends a connection, the one used last where there is a choice. Waits up to `wait`, or
  /// `checkout_timeout` when that is shorter, and observes that in
  /// `db_connection_pool_wait_seconds`. Throws DatabaseError: kTimeout when all stay on loan,
  /// kUnavailable when the database is gone (a broken connection is opened anew here).
  [[nodiscard]] Lease checkout(std::chrono::milliseconds wait = std::chrono::milliseconds::max());

  /// Connections, and those of them that could be lent now: none while the database is known to be
  /// away. Threads: any. Cost: two loads; with PostgreSQL a mutex.
  [[nodiscard]] vitals::monitor::PoolCounts counts() const noexcept;

  /// Whether the last write failed for want of room on the disk or the like, within the last
  /// minute. Reading goes on meanwhile. Threads: any.
  [[nodiscard]] bool writing_fails() const noexcept;

  /// As Backend::pooled().
  [[nodiscard]] bool pooled() const noexcept;

 private:
  struct Impl;

  void give_back(Connection& connection) noexcept;

  std::unique_ptr<Impl> impl_;
};

}  // namespace health_agent::db
