#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/result.h"

#pragma GCC visibility push(default)

namespace vitals::exporting {

class ScrapeHandler;

/// TLS of an exposer, 1.2 and above, by files of PEM. They are read anew for the next client when
/// they have changed; where the new ones cannot be used, the former go on and `on_trouble` is told.
struct ExposerTls {
  std::string certificate{};  ///< with the chain behind it; empty: HTTP in the clear
  std::string key{};          ///< of the certificate, without a passphrase
  /// The authorities whose certificates are let in: a client without one is not answered. Empty:
  /// everybody is, see ScrapeOptions for tokens and passwords.
  std::string client_ca{};
};

/// Where an Exposer listens, and whom it answers.
struct ExposerOptions {
  std::string host = "127.0.0.1";  ///< an address or name to listen on; `0.0.0.0`, `::` for all
  std::uint16_t port = 9090;       ///< 0 takes any that is free
  ExposerTls tls{};                ///< in the clear unless a certificate is named
  /// On a loopback address: the names with a dot that it also answers to, whatever the port; `*`
  /// for every name. A page whose name was led here by its owner is answered 421.
  std::vector<std::string> allowed_hosts{};
  /// Open at once; one more takes the place of one that has not asked.
  std::size_t max_connections = 32;
  std::size_t threads = 4;  ///< scrapes that are answered at the same time, 1 to 64
  /// For a request to arrive, and again for a client that takes its answer to stand still. Above
  /// Prometheus' scrape_timeout of 10 s, so that it is the one to give up.
  std::chrono::milliseconds timeout = std::chrono::seconds(15);
  /// Told once when no connection can be taken (want of descriptors or memory), and once when it
  /// can again; and when a renewed certificate cannot be used. Called on the listener's thread;
  /// must not throw, and holds up nobody for long.
  std::function<void(std::string_view what)> on_trouble{};
  /// Told of each request without the handler's token (401), with the address that it came from, so
  /// that who guesses is logged and limited: above 0, the answer is 429 with so many seconds as its
  /// Retry-After. Called on the answering threads, by several at once; must not throw.
  std::function<int(std::string_view address)> on_refused{};
  /// Further pages, each of a registry of its own: `{{"/metrics/jobs", &job_scrapes}}`. The handlers
  /// must outlive the exposer.
  std::vector<std::pair<std::string, ScrapeHandler*>> more{};
  /// Whether the service is well, for `health_path`: 200 or 503, for everybody. Called on the
  /// answering threads, by several at once; one that throws is not well. Empty: there is no such path.
  std::function<bool()> healthy{};
  std::string health_path = "/health";  ///< where `healthy` is asked
};

/// A listener for scrapes alone, on threads of its own: GET, HEAD and OPTIONS of /metrics, 404 for
/// the rest. A body is ignored, but a chunked one that is malformed is answered 400. For services
/// without an HTTP server; where there is one, give ScrapeHandler a route.
///
/// Slow, silent or huge clients are closed by the timeout, or earlier when others wait for their
/// place. Answers that nobody has taken yet are kept up to 256 MiB together. Every answer closes
/// its connection. Without descriptors it pauses, counts that in
/// vitals_scrape_accept_failures_total, serves one client at a time from a descriptor that it holds
/// ready, and comes back by itself.
///
/// Not for a process that forks afterwards (`daemon()`): start it in the child.
class Exposer {
 public:
  /// Listens and starts the threads. A port that is taken, files of TLS that cannot be used, or
  /// threads that cannot be had, are an Error, not the end. The handler must outlive the exposer.
  [[nodiscard]] static Result<std::unique_ptr<Exposer>> start(ExposerOptions options,
                                                              ScrapeHandler& handler);
  Exposer(const Exposer&) = delete;
  Exposer& operator=(const Exposer&) = delete;

  /// Closes what is open at once, and waits for the scrapes under way.
  ~Exposer();

  /// The port it listens on.
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// Whether it could not take the last connection that came, for want of descriptors or memory.
  /// Threads: any.
  [[nodiscard]] bool in_trouble() const noexcept;

 private:
  class Loop;
  explicit Exposer(std::unique_ptr<Loop> loop) noexcept;

  std::unique_ptr<Loop> loop_;
};

}  // namespace vitals::exporting

#pragma GCC visibility pop
