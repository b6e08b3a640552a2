#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace vitals::delivery {

/// Header fields, name and value.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// One HTTP request, ready to go: the body is compressed already when the headers say so.
struct SendRequest {
  std::string method = "POST";  ///< `POST`, `PUT`, `GET` or `DELETE`
  std::string url{};            ///< with its scheme
  Fields headers{};             ///< of the head, in this order
  std::string body{};           ///< as it goes out
  /// Which fields of the answer's head the sender reads, in lower case. The texts are literals.
  std::vector<std::string_view> wanted{};
  std::size_t wanted_body = 0;  ///< so many bytes of the answer's body, at most 1 MiB
};

/// What came of a SendRequest.
struct SendResult {
  int status = 0;       ///< HTTP status; 0 when no answer came, and `error` says why
  std::string error{};  ///< for people; may name the host, holds no secret
  /// What the request wanted of the answer's head, line by line, raw; more does no harm.
  Fields headers{};
  std::string body{};  ///< its beginning, as far as it was wanted

  /// The value of the first line of that name, empty when there is none. In any case of letters.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
  /// The values of all its lines, joined by commas, as RFC 9110 (5.2) has it of a list.
  [[nodiscard]] std::string header_list(std::string_view name) const;
};

/// The plug between what waits to be sent and the world. Queue, limits, retries and counts are done
/// before it: an implementation only carries bytes.
/// Threads: send() is called by as many threads at once as there may be requests in flight, and at
/// the end by as many more that do not wait for the first; cancel() by any.
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  /// Delivers one request and returns what came of it. May block up to its own time-outs. What it
  /// throws is caught and counts as a network error.
  [[nodiscard]] virtual SendResult send(const SendRequest& request) = 0;

  /// Makes a send() under way, and every later one, return at once with status 0. Called when the
  /// end has come; one that ignores it is left behind with its thread.
  virtual void cancel() noexcept {}
};

/// Settings of the transport over libcurl.
struct CurlTransportOptions {
  std::chrono::milliseconds timeout{5000};          ///< for a whole request
  std::chrono::milliseconds connect_timeout{2000};  ///< of it, to be connected
  std::string proxy{};  ///< `http://host:port`; empty: as http_proxy, https_proxy and no_proxy say
  std::string ca_file{};             ///< PEM certificates to trust instead of the system's
  std::string client_certificate{};  ///< a PEM file, for a server that asks who comes
  std::string client_key{};          ///< its key, a PEM file
};

/// A transport over libcurl: a kept-alive connection for each send() at a time, no redirects
/// followed, certificates checked. Never null.
[[nodiscard]] std::shared_ptr<Transport> make_curl_transport(CurlTransportOptions options = {});

}  // namespace vitals::delivery

#pragma GCC visibility pop
