#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "health_agent/api/http.h"
#include "health_agent/api/http_listener.h"
#include "vitals/console/console.h"
#include "vitals/metrics/gauge.h"
#include "vitals/monitor/http.h"

namespace health_agent::api {

/// Why the engine itself refuses a request: what came is no HTTP, too large, or too slow.
struct HttpRefusal {
  int status = 400;
  std::string_view message{};  ///< static storage
};

/// One request on its connection. Its head does not change; its body is there once it is served.
/// Threads: one at a time, and answer() or stream() once.
class HttpCall {
 public:
  HttpCall() = default;
  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;
  virtual ~HttpCall() = default;

  [[nodiscard]] virtual std::string_view method() const noexcept = 0;
  [[nodiscard]] virtual std::string_view target() const noexcept = 0;
  /// The value of the first field of that name, in any case; empty when there is none.
  [[nodiscard]] virtual std::string_view field(std::string_view name) const noexcept = 0;
  [[nodiscard]] virtual bool has_field(std::string_view name) const noexcept = 0;
  /// The values of all fields of that name, joined by commas.
  [[nodiscard]] virtual std::string joined_field(std::string_view name) const = 0;
  /// The head says that a body follows.
  [[nodiscard]] virtual bool has_body() const noexcept = 0;
  [[nodiscard]] virtual std::string_view body() const noexcept = 0;
  [[nodiscard]] virtual const std::string& remote_address() const noexcept = 0;
  /// What a RequestScope wants to know, but for the route.
  [[nodiscard]] virtual vitals::monitor::RequestStart start() const noexcept = 0;

  /// Sends an answer, with the ids of `scope`. `keep` is let go of when it is written, or when the
  /// client is gone.
  virtual void answer(Response response, const vitals::monitor::RequestScope& scope,
                      std::shared_ptr<void> keep) = 0;

  /// Sends the head of `response` and gives what writes its body; destroying that ends the answer.
  /// A client that takes nothing for a few seconds is let go of, and write() is false then.
  [[nodiscard]] virtual std::unique_ptr<vitals::console::Viewer> stream(
      const Response& response, const vitals::monitor::RequestScope& scope,
      std::shared_ptr<void> keep) = 0;

  /// Answers 503 without a word and closes: for when there is no memory for anything better.
  virtual void give_up() noexcept = 0;

  /// Closes the connection in the middle of a stream: what came so far is not the whole, and no last
  /// chunk says that it were.
  virtual void cut_off() noexcept = 0;

  /// The application's own, from wants_body() to serve().
  std::shared_ptr<void> context;
};

/// What an engine serves. Both are called on the engine's threads and must not block.
class HttpApp {
 public:
  HttpApp() = default;
  HttpApp(const HttpApp&) = delete;
  HttpApp& operator=(const HttpApp&) = delete;
  virtual ~HttpApp() = default;

  /// Asked when the head is there. False: it is refused, serve() is called at once, and a body that
  /// follows is not waited for.
  virtual bool wants_body(HttpCall& call) = 0;
  /// The request is there. A call that is dropped without an answer leaves its client waiting.
  virtual void serve(std::shared_ptr<HttpCall> call) = 0;
  /// Counts a refusal of the engine, and gives its answer.
  virtual Response refuse(const HttpRefusal& refusal) = 0;
};

struct HttpEngineOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::chrono::seconds read_timeout{20};  ///< of a head, and again of its body
  std::chrono::seconds handler_timeout{120};
  std::chrono::seconds keep_alive{75};  ///< of a connection between two requests
  std::size_t max_body = std::size_t{1} << 20U;
  /// Of all bodies that are gathered or worked on; beyond it requests are answered 503.
  std::size_t body_budget = std::size_t{64} << 20U;
  /// Of what else was received and not read yet, beyond a few KiB for each connection: long heads,
  /// and requests sent behind the one that is worked on. Beyond it 503, or the connection ends.
  std::size_t head_budget = std::size_t{16} << 20U;
  std::size_t max_connections = 4096;
  ListenerMetrics metrics{};
  vitals::metrics::Gauge open_connections{};
  vitals::metrics::Counter bodies_refused{};
  vitals::metrics::Counter heads_refused{};
  ListenerState* state = nullptr;  ///< may be null
};

/// Defines the metrics of the engine in `registry`, and has `engine` count in them. Throws
/// vitals::metrics::DefinitionError where one of the names is taken.
void define_metrics(HttpEngineOptions& engine, vitals::metrics::Registry& registry);

/// The HTTP/1.x server below the API: listener, connections, time limits, framing. Boost.Beast
/// reads heads and bodies, behind vitals::exporting::read_request_head(), which refuses what it
/// would let through. docs/design/service.md says why.
///
/// Threads: of its own, one for each four processors; start(), close_listener() and stop() from one
/// thread.
class HttpEngine {
 public:
  HttpEngine(HttpEngineOptions options, HttpApp& app);
  ~HttpEngine();
  HttpEngine(const HttpEngine&) = delete;
  HttpEngine& operator=(const HttpEngine&) = delete;

  /// Listens. Throws std::runtime_error with the cause when it cannot.
  void start();
  /// Takes no new connection, and says with each answer that its connection ends.
  void close_listener();
  /// Closes everything. Nobody may hold a call or stream when it is destroyed.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace health_agent::api
