#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/cache/redis_tls.h"
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

/// One connection to a Redis server: hiredis connects, and writes and reads the protocol. Every
/// call is bounded: by the time-outs given to open(), however slowly a reply drips in, and by
/// kMostBytes and kMostItems, whatever the server says is to come. Threads: one at a time. Errors:
/// as replies, never thrown (but std::bad_alloc).
class RedisConnection {
 public:
  /// Connects to `host` (an address, not a name: looking names up has no time limit), with TLS
  /// where there is one, then AUTH and SELECT as `address` says. `connect` is for TCP and TLS
  /// together. Gives nothing, and the cause in `error`, when that fails.
  [[nodiscard]] static std::unique_ptr<RedisConnection> open(
      const std::string& host, const RedisAddress& address, const RedisTls* tls,
      std::chrono::milliseconds connect, std::chrono::milliseconds command, std::string& error);

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

  /// Whether the server has ended a connection that nothing was asked of, with the cause in
  /// `error`, or has said something that would be taken for the answer to the next question.
  bool ended(std::string& error);
  /// Waits until the socket is as `state` wants it. False, and the cause in `error`, at the
  /// deadline and where `state` is kFailed.
  bool wait(Transfer state, Deadline deadline, std::string& error) const;
  Transfer write_some(std::string_view text, std::size_t& count, std::string& error);
  Transfer read_some(std::span<char> room, std::size_t& count, std::string& error);
  bool begin_tls(const RedisTls& tls, const std::string& name, Deadline deadline,
                 std::string& error);
  bool send(std::string_view text, Deadline deadline, std::string& error);
  /// The reply, to be freed by its caller; null, and the cause in `error`, when there is none.
  void* receive(Deadline deadline, std::string& error);

  std::unique_ptr<redisContext, Close> context_;
  std::unique_ptr<RedisTlsStream> tls_;
  std::chrono::milliseconds timeout_;
  std::size_t items_ = 0;  // of the reply that is being read
  bool used_ = false;
};

/// The addresses that a name stands for, as text. Empty, and the cause in `error`, when there are
/// none. Blocks for as long as the system's resolver takes.
[[nodiscard]] std::vector<std::string> addresses_of(const std::string& host, std::string& error);

}  // namespace health_agent::cache
