#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "vitals/result.h"

namespace vitals::exporting {

class ScrapeHandler;

struct ExposerOptions {
  std::string host = "127.0.0.1";  ///< an address or name to listen on; `0.0.0.0`, `::` for all
  std::uint16_t port = 9090;       ///< 0 takes any that is free
  std::size_t max_connections = 32;
  /// For a request to arrive, and again for its answer to be taken.
  std::chrono::milliseconds timeout = std::chrono::seconds(5);
};

/// A listener for scrapes alone, on a thread of its own: GET and HEAD /metrics, 404 for the rest.
/// For services without an HTTP server; where there is one, give ScrapeHandler a route.
///
/// Slow, silent or huge clients are closed by the timeout, or earlier when others wait for their
/// place. Every answer closes its connection.
class Exposer {
 public:
  /// Listens and starts the thread. A port that is taken is an Error, not the end. The handler must
  /// outlive the exposer.
  [[nodiscard]] static Result<std::unique_ptr<Exposer>> start(ExposerOptions options,
                                                              ScrapeHandler& handler);
  Exposer(const Exposer&) = delete;
  Exposer& operator=(const Exposer&) = delete;

  /// Stops within a second, closing what is open; a scrape under way is finished first.
  ~Exposer();

  /// The port it listens on.
  [[nodiscard]] std::uint16_t port() const noexcept;

 private:
  class Loop;
  explicit Exposer(std::unique_ptr<Loop> loop) noexcept;

  std::unique_ptr<Loop> loop_;
};

}  // namespace vitals::exporting
