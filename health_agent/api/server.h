#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "health_agent/api/admission.h"
#include "health_agent/api/listener_state.h"
#include "health_agent/api/route_table.h"

namespace vitals::metrics {
class Registry;
}

namespace health_agent::api {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  /// Who may come in.
  AdmissionOptions admission;
  /// Threads that handlers run on: how many requests can wait for the database or the agent at
  /// once. What is for everybody and changes nothing has a few more of its own.
  std::size_t workers = 4;
  /// Threads of their own for what is Pace::kSlow, which never takes those of the others.
  std::size_t slow_workers = 4;
  /// Of a request's head, from its first byte, and again of its body.
  std::chrono::seconds read_timeout{20};
  /// How long a connection is kept between two requests.
  std::chrono::seconds keep_alive{75};
  /// How long a handler may take before the connection is given up.
  std::chrono::seconds handler_timeout{120};
  /// Client addresses may go to Sentry.
  bool send_addresses = false;
  /// Where the listener's metrics are defined; null for none.
  vitals::metrics::Registry* registry = nullptr;
  /// What /api/health says of the listener; may be null.
  ListenerState* listener = nullptr;
};

/// The HTTP server: HttpEngine for the protocol, a pool of workers for the handlers, and around
/// each handler what every request needs: its RequestScope, the key, the rate limit, CORS, and an
/// answer for every exception.
///
/// A handler's ServiceError becomes its status; anything else becomes a Sentry event and a 500
/// without detail. Neither stops the server. Threads: start(), drain() and stop() from one thread;
/// set_api_keys() from any.
class Server {
 public:
  Server(ServerOptions options, RouteTable routes);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens. Throws std::runtime_error that names host, port and cause when it cannot.
  void start();

  /// Takes no new connection and waits for the requests that are under way, at most `timeout`.
  /// False when some still are.
  bool drain(std::chrono::milliseconds timeout);

  /// Ends, when the handlers that run have ended and half a second at most was left for their
  /// answers; requests that waited for a worker get none. start() may not be called again.
  void stop();

  /// Replaces the keys, for requests from now on. False, and the old ones stay, for an empty list
  /// while there are keys.
  bool set_api_keys(std::vector<std::string> keys);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace health_agent::api
