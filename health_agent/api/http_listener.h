#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "health_agent/api/listener_state.h"
#include "vitals/metrics/counter.h"
#include "vitals/metrics/family.h"

namespace health_agent::api {

/// What the listener and its connections are counted in. Default-constructed ones count nothing.
struct ListenerMetrics {
  /// `error`: emfile, enfile, nomem, aborted, limit or other.
  vitals::metrics::Family<vitals::metrics::Counter, "error"> accept_errors;
  vitals::metrics::Counter closed_idle;  ///< idle connections that others needed the place of
};

/// A listening socket that outlives every failure of accept(): it says what is to be done, counts,
/// and writes to the log when trouble begins and when it is over. Threads: one.
class HttpListener {
 public:
  using Clock = std::chrono::steady_clock;

  enum class Outcome {
    kTaken,   ///< `fd` and `address` are set
    kNobody,  ///< nobody waits; come back when the socket is readable
    kAgain,   ///< this one has gone; try the next
    kFull     ///< no descriptors or no memory: free some, or come back after a pause
  };
  /// A connection, which is closed unless it is released.
  struct Taken {
    Taken() = default;
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    ~Taken();
    [[nodiscard]] int release() noexcept { return std::exchange(fd, -1); }

    int fd = -1;
    std::string address;  ///< without the port
  };

  /// Listens. Throws std::runtime_error with the cause.
  HttpListener(const std::string& host, std::uint16_t port, ListenerMetrics metrics,
               ListenerState* state);
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_; }

  /// Throws std::bad_alloc. The connection, if there was one, ends with `taken`.
  Outcome take(Taken& taken);

  /// The limit of connections is reached: trouble, as when accept() fails.
  void at_limit(std::size_t limit);

  /// Says that trouble is over when there was none for a while. To be called now and then.
  void tick();

 private:
  void trouble(const char* error, std::string_view what);

  int fd_ = -1;
  ListenerMetrics metrics_;
  ListenerState* state_;
  bool troubled_ = false;
  std::uint64_t failures_ = 0;  // of this trouble
  Clock::time_point last_trouble_{};
};

}  // namespace health_agent::api
