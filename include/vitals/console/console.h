#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/console/recent_events.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {
class Registry;
}

namespace vitals::console {

/// What a request may have.
enum class ConsolePart {
  kAll,
  kPage  ///< the page's own files; everything below `/api/` is answered 404
};

/// What the host's HTTP server was asked for, below the path where it mounts the console.
struct ConsoleRequest {
  /// GET and HEAD are answered, others are 405
  std::string_view method = "GET";
  /// What follows the mount: empty or `/` is the page, `/app.css`, `/api/live`, … Give the text
  /// that the host has decided the access on: a host that decides on the encoded path and gives the
  /// decoded one lets `/api%2foverview` pass for a file of the page. ConsolePart is the safeguard.
  std::string_view path{};
  std::string_view query{};  ///< what follows `?`, still encoded
  /// The field Accept-Encoding: gzip is used where it is taken.
  std::string_view accept_encoding{};
  std::string_view if_none_match{};  ///< the field If-None-Match, for the page's files
  std::string_view authorization{};  ///< looked at with ConsoleOptions::token only
  /// Who asks, such as an address or a key's name: the live streams are shared out between callers.
  std::string_view caller{};
  /// kPage where the host has asked for no key.
  ConsolePart part = ConsolePart::kAll;
  /// False where the host's server keeps a thread busy for each answer that is not whole, as most
  /// simple ones do: two viewers would take all that two threads can do. The page is then told one
  /// second at a time, and asks for each.
  bool can_stream = true;
};

/// One live stream, as the host's server writes it. Destroying it ends the answer.
class Viewer {
 public:
  Viewer() = default;
  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;
  virtual ~Viewer() = default;

  /// Sends a piece of the body without waiting for the client. False when the client has gone or
  /// reads too slowly: the console then lets go of it. Called by the console's thread, one call at
  /// a time.
  [[nodiscard]] virtual bool write(std::string_view piece) = 0;
};

/// What to answer.
struct ConsoleResponse {
  int status = 200;            ///< of HTTP
  std::string content_type{};  ///< empty: none
  /// Further fields of the answer's head.
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};  ///< empty for HEAD
  /// Set when the answer is a stream of server-sent events: send the head, then hand over what
  /// writes the body, once. The console writes to it every second, from its own thread, so a stream
  /// occupies none of the server's. Dropping this instead frees the place.
  std::function<void(std::unique_ptr<Viewer>)> attach{};
};

/// What the page says of the service, and whom it serves.
struct ConsoleOptions {
  std::string name = "service";    ///< shown in the page's head
  std::string release{};           ///< shown beside it
  std::string environment{};       ///< shown beside it
  std::string mount = "/console";  ///< where the host has it, without a `/` at the end
  /// Wanted as `Authorization: Bearer …` by everything below `/api/`; for hosts that do not ask by
  /// themselves. Empty lets everybody in.
  std::string token{};
  /// Live streams at once. When all are taken, a caller who has fewer than another gets the oldest
  /// one of the caller who has most; else the answer is 503. So no caller can shut out the others.
  std::size_t max_viewers = 8;
  /// For what the ring keeps of the metrics. A counter or gauge takes 9.4 KB, a histogram of eight
  /// bounds 42 KB; a series that finds no room is counted, and shown as not kept.
  std::size_t ring_bytes = std::size_t{24} * 1024 * 1024;
};

/// The live page: metrics of the last 15 minutes by the second and the last 24 hours by the minute,
/// the last errors, the slowest and the failed traces. Everything is in this process: no server
/// beside it, nothing on disk. For whatever HTTP server there is, as exporting::ScrapeHandler.
///
/// With metrics or errors to show it has one thread, which samples the registry every second and
/// writes to the viewers; without either it has none. Memory: ConsoleOptions::ring_bytes, and what
/// RecentEvents holds.
///
/// The page itself is public: it holds no data. What is below `/api/` shows requests, errors and
/// stacks: ask for a key where the service has one.
/// Threads: any.
class Console {
 public:
  /// Null for what is off: metrics, or Sentry. The registry must outlive it.
  Console(const metrics::Registry* registry, std::shared_ptr<RecentEvents> recent,
          ConsoleOptions options = {});
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// 401 without the token, 404 for what is not there, 405 for anything but GET and HEAD, 503 for
  /// one viewer too many, else 200 or 304. Never throws.
  [[nodiscard]] ConsoleResponse handle(const ConsoleRequest& request) noexcept;

  /// Ends all live streams and takes no new ones; for the service's end, before its server waits
  /// for the answers under way. The rest goes on.
  void end_streams() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vitals::console

#pragma GCC visibility pop
