#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <string>

namespace vitals::bench {

/// A server on 127.0.0.1 that takes whatever is posted on kept-alive connections and counts it, as
/// cheaply as it can. A process of its own, so that it takes none of what is measured, for as long as
/// this object lives. Made before the program has other threads: it forks.
class LocalSink {
 public:
  enum class Manner { kAnswers, kHangs };

  /// What it has got, in memory that both processes see.
  struct Got {
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> connections{0};
  };

  /// Throws std::runtime_error when it cannot be had.
  explicit LocalSink(Manner manner);
  LocalSink(const LocalSink&) = delete;
  LocalSink& operator=(const LocalSink&) = delete;
  ~LocalSink();

  /// `127.0.0.1:PORT`.
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] const Got& got() const { return *got_; }

 private:
  Got* got_ = nullptr;
  int port_ = 0;
  pid_t child_ = -1;
};

}  // namespace vitals::bench
