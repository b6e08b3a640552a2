#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "integration/support/process.h"

namespace integration {

/// A PostgreSQL server of the test's own, with fsync off, in a fresh folder. Its cluster is a copy of
/// one that all tests share. Start it from the test's own thread: it dies with that
/// thread.
class Postgres {
 public:
  /// Starts it and waits until it answers. `options` are settings of the server (`name=value`).
  explicit Postgres(std::vector<std::string> options = {});
  ~Postgres();
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// A new, empty database.
  [[nodiscard]] std::string create_database() const;

  /// DATABASE_URL for one of its databases. Anybody may come in as `postgres`.
  [[nodiscard]] std::string url(const std::string& database) const;

  /// Runs one statement over a connection of its own and gives a line for each row, columns by `|`.
  /// Throws std::runtime_error with the server's words when it fails.
  std::string ask(const std::string& sql, const std::string& database = "postgres") const;

  /// Tells every session of `database` to end (pg_terminate_backend), and says how many there were.
  int kill_connections(const std::string& database) const;
  /// The same, and waits until their processes are gone, so that each one's client has been told: a
  /// session leaves the server's list a little earlier. False when they stay.
  [[nodiscard]] bool end_connections(const std::string& database) const;

  /// "Fast" shutdown: sessions are ended, nothing that was committed is lost. start() goes on with
  /// the same port and data.
  void stop();
  void start();
  /// SIGSTOP for all of its processes, and SIGCONT.
  void freeze() const;
  void thaw() const;

  /// All of its log so far.
  [[nodiscard]] std::string log() const;

 private:
  [[nodiscard]] bool answers() const;
  void signal_all(int signal) const;

  std::uint16_t port_;
  std::vector<std::string> options_;
  TempDir folder_;
  std::string log_;  // of the runs before this one
  std::unique_ptr<Process> process_;
};

}  // namespace integration
