#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "integration/support/process.h"

namespace integration {

/// A Redis server of the test's own, which keeps nothing on disk. Start it from the test's own
/// thread: it dies with that thread.
class Redis {
 public:
  /// Starts it and waits until it answers. `options` go behind its command line.
  explicit Redis(std::vector<std::string> options = {});
  ~Redis();
  Redis(const Redis&) = delete;
  Redis& operator=(const Redis&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// REDIS_URL for one of its databases.
  [[nodiscard]] std::string url(int database = 0) const;

  /// What redis-cli prints for a command.
  std::string ask(std::vector<std::string> words) const;

  /// Ends it at once; start() goes on with the same port and no data.
  void stop();
  void start();
  /// It takes connections and says nothing any more, until thaw().
  void freeze() const;
  void thaw() const;

 private:
  std::uint16_t port_;
  std::vector<std::string> options_;
  TempDir folder_;
  std::unique_ptr<Process> process_;
};

}  // namespace integration
