#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "integration/support/postgres.h"
#include "integration/support/process.h"

namespace integration {

/// A PgBouncer of the test's own before a PostgreSQL server, with its default settings but for the
/// mode, and with few connections to the server, so that clients share them. Those that nobody uses
/// end soon, so that tests with a database each do not use up what the server has. Start it from
/// the test's own thread: it dies with that thread.
class PgBouncer {
 public:
  /// `mode` is `session` or `transaction`. Starts it and waits until it answers. The server must
  /// outlive it.
  PgBouncer(const Postgres& server, const std::string& mode);
  ~PgBouncer();
  PgBouncer(const PgBouncer&) = delete;
  PgBouncer& operator=(const PgBouncer&) = delete;

  /// DATABASE_URL for one of the server's databases, through here.
  [[nodiscard]] std::string url(const std::string& database) const;

 private:
  std::uint16_t port_;
  TempDir folder_;
  std::unique_ptr<Process> process_;
};

}  // namespace integration
