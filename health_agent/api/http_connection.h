#pragma once

#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "health_agent/api/http_engine.h"
#include "health_agent/api/unread_watch.h"

namespace health_agent::api {

class Call;
class Connection;
struct Parser;

/// Bytes that all bodies, or all heads, may take together.
class Budget {
 public:
  explicit Budget(std::size_t most) noexcept : most_(most) {}
  [[nodiscard]] bool take(std::size_t bytes) noexcept {
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= most_) return true;
    give(bytes);
    return false;
  }
  void give(std::size_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> used_{0};
};

/// A share of a Budget, given back at its end. Threads: one.
class Share {
 public:
  Share() = default;
  ~Share() { give_back(); }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

  /// Makes it so many bytes of that budget, and none of any other. False when there are not so
  /// many: then it is as small as before, or none.
  [[nodiscard]] bool resize(Budget& of, std::size_t bytes) noexcept {
    if (of_ != &of) give_back();
    of_ = &of;
    if (bytes > bytes_ && !of.take(bytes - bytes_)) return false;
    if (bytes < bytes_) of.give(bytes_ - bytes);
    bytes_ = bytes;
    return true;
  }
  void give_back() noexcept {
    if (bytes_ > 0) of_->give(std::exchange(bytes_, 0));
  }

 private:
  Budget* of_ = nullptr;
  std::size_t bytes_ = 0;
};

/// What all connections share.
struct Shared {
  Shared(HttpEngineOptions engine_options, HttpApp& served)
      : options(std::move(engine_options)),
        app(served),
        bodies(options.body_budget),
        heads(options.head_budget) {}

  HttpEngineOptions options;
  HttpApp& app;
  Budget bodies;
  Budget heads;
  std::atomic<std::size_t> open{0};
  std::atomic<bool> draining{false};
};

/// A connection's place, given back when the connection is gone, however it went.
class Place {
 public:
  explicit Place(Shared& shared) noexcept : shared_(shared) {
    shared_.open.fetch_add(1, std::memory_order_relaxed);
    shared_.options.open_connections.inc();
  }
  ~Place() {
    shared_.open.fetch_sub(1, std::memory_order_relaxed);
    shared_.options.open_connections.dec();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  Shared& shared_;
};

using Connections = std::list<std::shared_ptr<Connection>>;

/// A thread with its connections.
struct Loop {
  explicit Loop(Shared& all) : shared(all) {}

  Shared& shared;
  /// In the order in which they began to wait for their client, and those that work for it. Behind
  /// them stands the context, which is destroyed first and lets go of what refers to them.
  Connections waiting;
  Connections busy;
  std::atomic<std::size_t> waiting_count{0};
  std::array<char, 65'536> scratch{};
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      context.get_executor()};
};

/// A connection goes from request to request; each of its states has a time limit. Threads: its
/// loop's, but for what is atomic.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// Takes `fd`, unless it throws std::bad_alloc.
  Connection(Loop& loop, int fd, std::string address);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start(Connections::iterator self) {
    self_ = self;
    arm_read();
  }

  [[nodiscard]] Loop& loop() const noexcept { return loop_; }
  [[nodiscard]] const std::string& address() const noexcept { return address_; }

  /// A request's answer; `keep` lives until it is written.
  void write(std::string head, std::string body, bool keep_alive, std::shared_ptr<void> keep);
  void begin_stream(std::string_view head, bool keep_alive, std::shared_ptr<void> keep);
  void append(std::string_view piece);
  void end_stream(std::string_view piece);

  /// For writers on other threads: bytes that the kernel has not taken, or that nobody will.
  std::atomic<std::size_t>& unsent() noexcept { return unsent_; }
  [[nodiscard]] bool gone() const noexcept { return gone_.load(std::memory_order_relaxed); }
  void give_up_soon() noexcept { given_up_.store(true, std::memory_order_relaxed); }

  /// Closes a connection that nobody works for, because others need its place.
  void evict() { close(); }

  void check_time(std::chrono::steady_clock::time_point now);
  /// Its loop stood still for that long, so neither it nor its client is late by it.
  void forgive(std::chrono::steady_clock::duration stood_still) noexcept;
  void close() noexcept;

 private:
  enum class State { kIdle, kHead, kBody, kServing, kWriting, kStreaming, kLingering, kClosed };

  [[nodiscard]] bool is_reading() const noexcept {
    return state_ == State::kIdle || state_ == State::kHead || state_ == State::kBody ||
           state_ == State::kLingering;
  }
  /// Nobody works for it, so its place can be given to another. A client that does not read its
  /// answer is one of these too.
  [[nodiscard]] bool waits_for_client() const noexcept {
    return is_reading() || state_ == State::kWriting;
  }

  void enter(State state, std::chrono::steady_clock::duration limit) noexcept;

  /// Runs a step; without memory the client gets a 503 and the connection ends, and no other.
  template <class Step>
  void guarded(Step step) noexcept;

  void arm_read();
  void arm_write();
  /// Counts the memory of what was received beside all other; without room for it the request is
  /// refused, or what waits behind it is dropped.
  void account();
  void drop_input() noexcept;
  void on_readable();
  void process();
  /// Tries to take a head off what was received. False while more is wanted.
  bool read_head();
  bool begin_request(std::size_t length);
  bool feed();
  void serve();
  void refuse(const HttpRefusal& refusal);
  void begin_answer(std::string head, std::string body, bool keep_alive);
  /// Sends what the socket takes, and goes on when all of it is gone.
  void flush();
  void finish_answer();
  void send_now(std::string_view text) noexcept;

  Loop& loop_;
  const Place place_;
  const std::string address_;
  boost::asio::posix::stream_descriptor socket_;
  Connections::iterator self_;
  State state_ = State::kIdle;
  std::chrono::steady_clock::time_point deadline_;
  bool read_armed_ = false;
  bool write_armed_ = false;
  bool keep_alive_ = true;
  bool stream_ended_ = false;
  bool fresh_line_ = true;     // what came last holds a line's end
  std::size_t searched_ = 0;   // bytes of an unfinished head that hold no end
  std::size_t looked_at_ = 0;  // bytes of it when it was last read for a fault
  bool drops_rest_ = false;    // of what came behind the request: ends after its answer
  std::string in_;             // received, and not yet read
  Share held_;                 // its memory, where it is much
  std::string out_;
  std::string body_;  // behind `out_`
  std::size_t sent_ = 0;
  UnreadWatch unread_;  // of what is streamed
  std::unique_ptr<Parser> parser_;
  std::shared_ptr<Call> call_;  // until it is served
  std::shared_ptr<void> keep_;  // until its answer is written
  std::atomic<std::size_t> unsent_{0};
  std::atomic<bool> gone_{false};
  std::atomic<bool> given_up_{false};
};

}  // namespace health_agent::api
