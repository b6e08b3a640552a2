#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "integration/support/wait.h"

namespace integration {

using Json = nlohmann::json;
using Headers = std::vector<std::pair<std::string, std::string>>;

/// An answer, or why there is none: then `status` is 0 and `error` says why.
struct Response {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;
  std::string error;

  /// The header's value, or empty. `name` in lower case.
  [[nodiscard]] std::string header(const std::string& name) const;
  /// The body as JSON. Throws with the status and the body in the message when it is none.
  [[nodiscard]] Json json() const;
};

struct Request {
  std::string method = "GET";
  std::string path = "/";
  Headers headers = {};
  std::string body = {};
  Milliseconds timeout = 60s;
};

/// An HTTP client for one address, with keep-alive. It sends the path as it is given. Threads: one
/// at a time; make one for each thread.
class Http {
 public:
  explicit Http(std::uint16_t port);
  ~Http();
  Http(Http&&) noexcept;
  Http& operator=(Http&&) noexcept;

  /// Headers that every request carries from here on.
  void always_send(Headers headers);
  void set_bearer(const std::string& key) { always_send({{"Authorization", "Bearer " + key}}); }

  Response send(const Request& request);
  Response get(const std::string& path, Headers headers = {});
  Response del(const std::string& path, Headers headers = {});
  Response post(const std::string& path, const Json& body, Headers headers = {});
  Response patch(const std::string& path, const Json& body, Headers headers = {});
  /// A body that need not be JSON, said to be JSON.
  Response post_text(const std::string& path, std::string body, Headers headers = {});

 private:
  struct Handle;

  std::unique_ptr<Handle> handle_;
  std::uint16_t port_;
  Headers always_;
};

/// The `data:` lines of an event stream, in order; several lines of one event are joined by a
/// newline.
[[nodiscard]] std::vector<std::string> event_stream_data(const std::string& body);

/// The bytes that a gzip stream holds. Throws when it is none.
[[nodiscard]] std::string gunzip(const std::string& compressed);

/// `text` with every byte but letters, digits and `-._~` as %XX.
[[nodiscard]] std::string percent_encode(const std::string& text);

}  // namespace integration
