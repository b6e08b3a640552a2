#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace integration {

/// What came in: a request with its body as sent (header names in lower case).
struct ServerRequest {
  std::string method;
  std::string path;
  std::map<std::string, std::string> headers;
  std::string body;
};

/// What to answer. A status of 0 means: never, keep the connection open.
struct ServerAnswer {
  int status = 200;
  std::string headers = {};  ///< Whole lines, each with CRLF.
  std::string body = "{}";
};

/// A small HTTP/1.1 server of the test's own, a thread for each connection, keep-alive. The handler
/// is called on many threads.
class HttpServer {
 public:
  using Handler = std::function<ServerAnswer(const ServerRequest&)>;

  HttpServer(std::uint16_t port, Handler handler);
  /// Closes all connections and waits for the handlers.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// How many connections were ever accepted.
  [[nodiscard]] std::size_t connections() const noexcept { return accepted_; }

 private:
  void accept_all();
  void serve(int fd);

  std::uint16_t port_;
  Handler handler_;
  int listener_;
  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> accepted_{0};
  std::mutex mutex_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace integration
