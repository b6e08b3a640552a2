#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/cache/redis_url.h"

struct redisContext;

namespace health_agent::cache {

/// What a Redis server answered, or why it did not.
struct RedisReply {
  enum class Kind {
    kValue,    ///< `value`, or nothing for a nil
    kInteger,  ///< `integer`
    kList,     ///< `items`: texts and nils; anything deeper is left out
    kRefused,  ///< the server is there and says `error`
    kStale,    ///< the connection had ended before it was used; nothing was done
    kLost,     ///< no answer: `error` says why; what was asked may have been done
  };

  Kind kind = Kind::kLost;
  std::optional<std::string> value;
  std::int64_t integer = 0;
  std::vector<std::optional<std::string>> items;
  std::string error;

  /// The server refuses to write for want of memory; it still gives what it has, and erases. Up to
  /// Redis 6 a script's refusal is wrapped in words.
  [[nodiscard]] bool lacks_memory() const noexcept {
    return kind == Kind::kRefused &&
           (error.starts_with("OOM") || error.find("OOM command not allowed") != std::string::npos);
  }
};

/// One connection to a Redis server, over hiredis. Every call is bounded: by the time-outs given to
/// open(), however slowly a reply drips in, and by kMostBytes and kMostItems, whatever the server
/// says is to come. Threads: one at a time. Errors: as replies, never thrown (but std::bad_alloc).
class RedisConnection {
 public:
  /// Connects to `host` (an address, not a name: looking names up has no time limit), then AUTH and
  /// SELECT as `address` says. Gives nothing, and the cause in `error`, when that fails.
  [[nodiscard]] static std::unique_ptr<RedisConnection> open(const std::string& host,
                                                             const RedisAddress& address,
                                                             std::chrono::milliseconds connect,
                                                             std::chrono::milliseconds command,
                                                             std::string& error);

  /// Sends one command and waits for its answer. After kStale or kLost the connection is of no use.
  RedisReply ask(std::span<const std::string_view> words);

  /// Of one reply. The largest that is asked for is a value of the cache, a mebibyte.
  static constexpr std::size_t kMostBytes = std::size_t{2} << 20U;
  static constexpr std::size_t kMostItems = 1024;

 private:
  struct Close {
    void operator()(redisContext* context) const noexcept;
  };
  using Deadline = std::chrono::steady_clock::time_point;

  RedisConnection(redisContext* context, std::chrono::milliseconds timeout)
      : context_(context), timeout_(timeout) {}

  /// Waits until the socket can be read or written. False, and the cause in `error`, at the
  /// deadline.
  bool wait(short events, Deadline deadline, std::string& error) const;
  bool send(Deadline deadline, std::string& error);
  /// The reply, to be freed by its caller; null, and the cause in `error`, when there is none.
  void* receive(Deadline deadline, std::string& error);

  std::unique_ptr<redisContext, Close> context_;
  std::chrono::milliseconds timeout_;
  std::size_t items_ = 0;  // of the reply that is being read
  bool used_ = false;
};

/// The addresses that a name stands for, as text. Empty, and the cause in `error`, when there are
/// none. Blocks for as long as the system's resolver takes.
[[nodiscard]] std::vector<std::string> addresses_of(const std::string& host, std::string& error);

}  // namespace health_agent::cache
