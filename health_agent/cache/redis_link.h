#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "health_agent/cache/redis_connection.h"

namespace health_agent::cache {

enum class RedisState {
  kAway,
  kBack,
  kFull,  ///< it has no memory for new values (`maxmemory` with `noeviction`)
  kRoom,  ///< it has again
};

struct RedisLinkOptions {
  RedisAddress address;
  std::size_t connections = 16;                    ///< at most, at once
  std::chrono::milliseconds connect_timeout{150};  ///< for each address
  std::chrono::milliseconds command_timeout{150};
  /// Told when the server is given up, when the cause changes, and when it is back. On any thread.
  std::function<void(RedisState, const std::string&)> report{};
};

/// The way to a Redis server that may be away: connections that are kept, and a circuit breaker.
/// After a few failures in a row nothing is asked any more and everything fails at once; a thread
/// tries with growing pauses of up to two seconds, and brings it back by itself.
///
/// Threads: any. Needs SIGPIPE to be ignored, as OpenSSL does.
class RedisLink {
 public:
  /// What has to be done on a new connection before the server is trusted (again). Returns whether
  /// it worked, with the cause in `error`.
  using Recover = std::function<bool(RedisConnection&, std::string& error)>;

  /// Tries the server once. It need not be there.
  RedisLink(RedisLinkOptions options, Recover recover);
  /// If recovery is wanted still, tries it a last time.
  ~RedisLink();
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;

  /// Sends one command. It may be sent again on a new connection where the first had ended before.
  /// Takes two time-outs at most; no time at all while the breaker is open.
  RedisReply ask(std::span<const std::string_view> words);

  /// Calls the recovery soon, and until it works. The breaker opens when it does not.
  void want_recovery();

  [[nodiscard]] bool well() const noexcept { return !open_.load(std::memory_order_acquire); }

 private:
  using Clock = std::chrono::steady_clock;
  using Connection = std::unique_ptr<RedisConnection>;

  [[nodiscard]] Connection take();
  [[nodiscard]] Connection connect(std::string& error);
  void give_back(Connection connection, bool good);
  void failed(const std::string& why);
  void open_breaker(std::unique_lock<std::mutex>& lock, const std::string& why);
  void report(RedisState state, const std::string& words);
  [[nodiscard]] bool resolve(std::string& error);
  void probe();
  void watch();

  const RedisLinkOptions options_;
  const Recover recover_;
  std::atomic<bool> open_{true};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Connection> idle_;
  std::size_t on_loan_ = 0;
  std::string host_;  // the address that worked last
  std::shared_ptr<const RedisTls> tls_;
  int failures_ = 0;  // in a row
  std::string cause_;
  Clock::time_point away_since_ = Clock::now();
  Clock::time_point back_since_{};
  bool recovery_wanted_ = false;
  bool stopping_ = false;
  std::thread watcher_;
};

}  // namespace health_agent::cache
