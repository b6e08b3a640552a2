#pragma once

#include <sys/socket.h>

#include <array>
#include <asio.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace health_agent::api {

/// Why a request was given up before it was whole, and the answer that the client gets.
struct Refusal {
  int status = 0;  // 0: none, the connection just closes
  std::string_view phrase;
  std::string_view message;
};

/// What RESTinio's parser said, as a refusal. `text` is what it writes to its logger.
[[nodiscard]] Refusal refusal_of(std::string_view text) noexcept;

/// Counts and logs a refusal, and gives the whole HTTP answer for it.
[[nodiscard]] std::string answer_refusal(const Refusal& refusal);

namespace detail {
/// The refusal that this thread's RESTinio connection has logged and is about to close for.
Refusal& pending_refusal() noexcept;
}  // namespace detail

/// RESTinio closes a connection whose request it cannot read, too large or too slow, without a
/// word. It says why to its logger only, on the same thread, just before: this logger keeps it for
/// RefusingSocket.
class RefusalLogger {
 public:
  template <class Builder>
  void trace(Builder&&) const noexcept {}
  template <class Builder>
  void info(Builder&&) const noexcept {}
  template <class Builder>
  void warn(Builder&&) const noexcept {}
  template <class Builder>
  void error(Builder&& builder) const {
    detail::pending_refusal() = refusal_of(builder());
  }
};

/// A TCP socket that tells the client why before RESTinio closes it: 400, 408, 413, 414 or 431 as
/// JSON. After a refusal it reads on for a moment, since closing with unread bytes would reset the
/// connection and lose the answer on its way. Threads: as the connection that owns it.
class RefusingSocket : public asio::ip::tcp::socket {
 public:
  using Base = asio::ip::tcp::socket;

  explicit RefusingSocket(asio::io_context& context) : Base(context) {}

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    reading_ = true;
    auto executor = asio::get_associated_executor(handler, get_executor());
    // The handler keeps the connection, and so this socket, alive.
    return Base::async_read_some(
        buffers,
        asio::bind_executor(executor, [this, next = std::forward<Handler>(handler)](
                                          const asio::error_code& error, std::size_t size) mutable {
          reading_ = false;
          unanswered_ += size;
          next(error, size);
        }));
  }

  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    unanswered_ = 0;
    return Base::async_write_some(buffers, std::forward<Handler>(handler));
  }

  void shutdown(shutdown_type what, asio::error_code& error) {
    refusal_ = std::exchange(detail::pending_refusal(), {});
    if (refusal_.status == 0 && reading_ && unanswered_ > 0) {
      refusal_ = {408, "Request Timeout", "the request did not arrive within the time limit"};
    }
    if (refusal_.status == 0 || !is_open()) {
      Base::shutdown(what, error);
      return;
    }
    const std::string answer = answer_refusal(refusal_);
    // Never waits: the socket's buffer is empty, as nothing has been answered since the last
    // request.
    ::send(native_handle(), answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    Base::shutdown(shutdown_send, error);
  }

  void close() {
    if (refusal_.status == 0 || !is_open()) {
      Base::close();
      return;
    }
    asio::error_code ignored;
    Base::cancel(ignored);
    Linger::start(std::move(static_cast<Base&>(*this)));
  }

 private:
  /// Takes what the client still sends, and throws it away, until it stops, closes, or two seconds
  /// are over.
  class Linger : public std::enable_shared_from_this<Linger> {
   public:
    static void start(Base socket) {
      auto linger = std::make_shared<Linger>(std::move(socket));
      linger->timer_.expires_after(std::chrono::seconds{2});
      linger->timer_.async_wait([linger](const asio::error_code&) {
        asio::error_code ignored;
        linger->socket_.close(ignored);
      });
      linger->read();
    }

    explicit Linger(Base socket) : socket_(std::move(socket)), timer_(socket_.get_executor()) {}

   private:
    void read() {
      socket_.async_read_some(
          asio::buffer(scratch_),
          [self = shared_from_this()](const asio::error_code& error, std::size_t) {
            if (error) {
              self->timer_.cancel();
            } else {
              self->read();
            }
          });
    }

    Base socket_;
    asio::steady_timer timer_;
    std::array<char, 16'384> scratch_;
  };

  bool reading_ = false;
  std::size_t unanswered_ = 0;
  Refusal refusal_;
};

}  // namespace health_agent::api
