#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "vitals/context/span.h"

namespace health_agent {

/// A request without an answer: `kind` says what went wrong. The message names the method and the
/// shown URL, never the real one, a header or a body.
class HttpError : public std::runtime_error {
 public:
  enum class Kind {
    kConnect,   ///< Nobody there: the name, the address, the port, TLS. Surely nothing was done.
    kTimeout,   ///< No answer, or not the whole of it, in time.
    kCut,       ///< The connection ended in the middle, or what came was not HTTP.
    kTooLarge,  ///< The answer is longer than allowed.
    kStopped,   ///< The stop token said so.
  };

  HttpError(Kind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  [[nodiscard]] Kind kind() const noexcept { return kind_; }

 private:
  Kind kind_;
};

/// One request to another service.
struct HttpRequest {
  std::string method = "POST";
  std::string url{};
  /// The URL as spans, logs and errors may show it; empty is `url`. For a URL with a secret in it.
  std::string shown_url{};
  std::vector<std::string> headers{};  ///< `Name: value`.
  std::string body{};
  std::chrono::milliseconds timeout{30'000};         ///< For the whole of it.
  std::chrono::milliseconds connect_timeout{5'000};  ///< For the connection, TLS included.
  std::size_t max_answer = std::size_t{4} << 20U;    ///< Bytes, streamed or not.
  /// Called several times a second until the answer is whole. False ends the request, and the
  /// answer is `abandoned`; what it throws goes on to the caller of send().
  std::function<bool()> on_wait{};
};

/// What came back, whatever its status.
struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers{};  ///< Names in lower case.
  /// Empty when it went to OnBody. Of an error at most 64 KiB, and what came within two seconds of
  /// its status; the rest is not read.
  std::string body{};
  bool abandoned = false;  ///< OnBody or on_wait said stop; the rest was not read.

  /// The header's value, or empty. `name` in lower case.
  [[nodiscard]] std::string_view header(const std::string& name) const noexcept;
};

/// Takes the body of a 2xx answer piece by piece, as it arrives. False ends the request; what it
/// throws goes on to the caller of send().
using OnBody = std::function<bool(std::string_view piece)>;

/// HTTP requests to other services, each a span `http.client` that sends the trace on (see
/// vitals::context::outgoing_trace). Connections are kept and used again. Redirects are not
/// followed. A wrong certificate is an error.
///
/// Threads: any, several requests at once, a connection each. Cost: blocks until the answer is
/// there. Call curl_global_init first.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Sends the request and waits. Throws HttpError when there is no whole answer; an answer of any
  /// status is no error. `stop` ends it at once, from any thread.
  HttpAnswer send(const HttpRequest& request, const OnBody& on_body = {},
                  const std::stop_token& stop = {});

 private:
  struct Handle;
  class Lease;

  struct Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace health_agent
