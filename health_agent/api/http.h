#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/console/console.h"
#include "vitals/monitor/http.h"

namespace health_agent::api {

/// A request as a handler sees it, let in by Admission. Views live as long as the request does.
struct Request {
  vitals::monitor::Method method = vitals::monitor::Method::kOther;
  std::string_view path;
  std::string_view query;
  std::string_view body;
  /// Where it comes from: the connection's other end, or what a trusted proxy says of it.
  std::string_view remote_address;
  /// Who asks, for shares of what is scarce: the key's name and the address, or the address alone.
  std::string_view caller;
  /// The name of the key that it bears; empty without.
  std::string_view key_name;
  /// The header Idempotency-Key, where there is one; several are joined by commas.
  std::optional<std::string> idempotency_key;
  /// The decoded parts of the path that the route's `{…}` took, in order.
  std::vector<std::string> params;
  /// A header's value, empty when it is not there. Names in any case.
  std::function<std::string_view(std::string_view name)> header;
  /// The measurement of this request; for set_user(). Never null.
  vitals::monitor::RequestScope* scope = nullptr;
};

/// Writes pieces of a streamed answer. False when the client has gone: stop working for it.
using StreamWriter = std::function<bool(std::string_view piece)>;

/// A handler's answer.
struct Response {
  int status = 200;
  std::string content_type = "application/json; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  /// When set, the answer is sent in chunks: the function writes them and returns when done. `body`
  /// is not used then. Writing waits for a client that is behind, unless these are events: then it
  /// gives false.
  std::function<void(const StreamWriter&)> stream;
  /// When set, the answer is a stream that somebody else writes: it is given what to write to, and
  /// returns at once, so that no worker waits with it. The request counts as done then. `body` is
  /// not used.
  std::function<void(std::unique_ptr<vitals::console::Viewer>)> attach;
};

/// Whether a streamed answer is a stream of server-sent events, which may end anywhere. Any other is
/// a body that is whole or cut off.
[[nodiscard]] inline bool is_event_stream(const Response& response) noexcept {
  return response.content_type.starts_with("text/event-stream");
}

using Handler = std::function<Response(Request&)>;

/// Who may call a route.
enum class Access {
  /// Callers who show one of the keys; everybody while there are none.
  kKeyHolders,
  /// Everybody, for what holds no data: the console's page.
  kEverybody,
  /// Everybody, for what watches the service: it is not limited, and may call the service by an
  /// address or a name without a dot that ALLOWED_HOSTS does not list.
  kProbes,
  /// Callers who show the secret of Telegram's webhook.
  kTelegram
};

/// What a handler waits for, which decides whose workers it may take.
enum class Pace {
  kDatabase,
  kSlow  ///< A model, or a client that takes its time: these never take the others' workers.
};

/// One row of the API. A route that says nothing about its access wants a key.
struct Route {
  vitals::monitor::Endpoint endpoint;
  Handler handler;
  Access access = Access::kKeyHolders;
  Pace pace = Pace::kDatabase;
  /// The handler wants METRICS_TOKEN: see AdmissionOptions::metrics_token.
  bool wants_metrics_token = false;
};

}  // namespace health_agent::api
