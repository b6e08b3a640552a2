#include "health_agent/api/http_connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <variant>

#include "health_agent/api/http_answer.h"
#include "health_agent/api/http_body.h"
#include "health_agent/api/http_call.h"
#include "vitals/exporting/request_head.h"

namespace health_agent::api {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using vitals::exporting::HeadFault;

constexpr std::size_t kMaxHead = std::size_t{64} * 1024;
/// A head that is not all there is read anew after so many more bytes, and not after each: it may
/// come one by one.
constexpr std::size_t kLookAgain = 1024;
/// Of a chunk's line with its extensions, and of the trailer.
constexpr std::size_t kMaxChunkLine = std::size_t{16} * 1024;
/// For a client to take its last answer before the connection is cut.
constexpr auto kLinger = std::chrono::seconds{2};
/// A stream whose client takes nothing for so long is ended.
constexpr auto kStreamStall = std::chrono::seconds{5};
/// Small, so that what a client does not read is soon seen here and not kept by the kernel.
constexpr int kStreamBuffer = 8 * 1024;
/// Slower than that a client may not take an answer, in bytes a second.
constexpr std::size_t kSlowestReader = std::size_t{16} * 1024;
/// What a connection may hold of what it received without being counted: more than the heads of
/// browsers have.
constexpr std::size_t kUncounted = std::size_t{8} * 1024;
/// A length that no reader need be able to count.
constexpr std::uint64_t kAbsurdLength = std::uint64_t{1} << 40U;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// Gives the memory back, which neither clear() nor `= {}` does.
void release(std::string& text) noexcept {
  std::string{}.swap(text);
}

}  // namespace

Connection::Connection(Loop& loop, int fd, std::string address)
    : loop_(loop),
      place_(loop.shared),
      address_(std::move(address)),
      socket_(loop.context),
      deadline_(Clock::now() + loop.shared.options.read_timeout) {
  socket_.assign(fd);
}
Connection::~Connection() = default;

template <class Step>
void Connection::guarded(Step step) noexcept {
  try {
    step();
  } catch (...) {
    const bool unanswered =
        (is_reading() && state_ != State::kLingering) || state_ == State::kServing;
    if (unanswered) send_last_answer(socket_.native_handle());
    close();
  }
}

void Connection::write(std::string head, std::string body, bool keep_alive,
                       std::shared_ptr<void> keep) {
  if (state_ != State::kServing) return;
  guarded([&] {
    keep_ = std::move(keep);
    begin_answer(std::move(head), std::move(body), keep_alive);
  });
}

void Connection::begin_stream(std::string_view head, bool keep_alive, std::shared_ptr<void> keep) {
  if (state_ != State::kServing) return;
  keep_ = std::move(keep);
  keep_alive_ = keep_alive && !drops_rest_;
  state_ = State::kStreaming;
  unread_ = {};
  ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_SNDBUF, &kStreamBuffer,
               sizeof kStreamBuffer);
  stream_ended_ = false;
  unsent_ += head.size();
  append(head);
}

void Connection::append(std::string_view piece) {
  if (state_ != State::kStreaming) return;
  if (out_.size() == sent_) deadline_ = Clock::now() + kStreamStall;
  guarded([&] {
    out_.append(piece);
    flush();
  });
}

void Connection::end_stream(std::string_view piece) {
  stream_ended_ = true;
  append(piece);
}

void Connection::check_time(Clock::time_point now) {
  if (given_up_.exchange(false, std::memory_order_relaxed)) {
    send_last_answer(socket_.native_handle());
    close();
    return;
  }
  if (state_ == State::kStreaming) {
    const auto received = received_of(socket_.native_handle());
    if (received && unread_.is_unread(*received, now)) {
      close();
      return;
    }
  }
  if (now < deadline_) return;
  const bool unanswered = state_ == State::kHead || state_ == State::kBody;
  if (unanswered) {
    guarded([&] { refuse({408, "the request did not arrive within the time limit"}); });
  } else {
    close();
  }
}

void Connection::forgive(Clock::duration stood_still) noexcept {
  if (deadline_ != Clock::time_point::max()) deadline_ += stood_still;
  unread_ = {};
}

void Connection::close() noexcept {
  if (state_ == State::kClosed) return;
  const bool waits = waits_for_client();
  state_ = State::kClosed;
  gone_ = true;
  error_code ignored;
  socket_.close(ignored);
  parser_.reset();
  call_.reset();
  keep_.reset();
  drop_input();
  release(out_);
  release(body_);
  if (waits) loop_.waiting_count.fetch_sub(1, std::memory_order_relaxed);
  // Last, for the list may hold the last reference.
  (waits ? loop_.waiting : loop_.busy).erase(self_);
}

void Connection::enter(State state, Clock::duration limit) noexcept {
  const bool waited = waits_for_client();
  state_ = state;
  deadline_ = Clock::now() + limit;
  const bool waits = waits_for_client();
  if (waited && waits) return;  // its age counts from when it began to wait
  Connections& from = waited ? loop_.waiting : loop_.busy;
  Connections& to = waits ? loop_.waiting : loop_.busy;
  to.splice(to.end(), from, self_);
  if (waits) loop_.waiting_count.fetch_add(1, std::memory_order_relaxed);
  if (waited) loop_.waiting_count.fetch_sub(1, std::memory_order_relaxed);
}

void Connection::arm_read() {
  if (std::exchange(read_armed_, true)) return;
  socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const error_code& error) {
                       self->read_armed_ = false;
                       if (!error) self->guarded([&] { self->on_readable(); });
                     });
}

void Connection::arm_write() {
  if (std::exchange(write_armed_, true)) return;
  socket_.async_wait(asio::posix::stream_descriptor::wait_write,
                     [self = shared_from_this()](const error_code& error) {
                       self->write_armed_ = false;
                       if (!error) self->guarded([&] { self->flush(); });
                     });
}

void Connection::on_readable() {
  if (!is_reading()) return;
  const ssize_t n = ::recv(socket_.native_handle(), loop_.scratch.data(), loop_.scratch.size(), 0);
  if (n > 0) {
    if (state_ == State::kLingering) {
      arm_read();
      return;
    }
    fresh_line_ = std::string_view{loop_.scratch.data(), static_cast<std::size_t>(n)}.find('\n') !=
                  std::string_view::npos;
    in_.append(loop_.scratch.data(), static_cast<std::size_t>(n));
    process();
  } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    arm_read();
  } else {
    close();
  }
}

void Connection::process() {
  bool goes_on = true;
  while (goes_on) {
    if (state_ == State::kBody) {
      goes_on = feed();
    } else if (state_ == State::kIdle || state_ == State::kHead) {
      goes_on = read_head();
    } else {
      break;
    }
  }
  account();
  if (is_reading()) arm_read();
}

void Connection::drop_input() noexcept {
  release(in_);
  held_.give_back();
}

void Connection::account() {
  if (in_.size() <= kUncounted && in_.capacity() > kUncounted) in_.shrink_to_fit();
  const std::size_t bytes = in_.capacity() > kUncounted ? in_.capacity() : 0;
  Shared& shared = loop_.shared;
  if (held_.resize(state_ == State::kBody ? shared.bodies : shared.heads, bytes)) return;
  if (state_ == State::kBody) {
    shared.options.bodies_refused.inc();
    refuse({503, "too many bodies are on their way at once"});
  } else {
    shared.options.heads_refused.inc();
    if (state_ == State::kHead) {
      refuse({503, "too many long heads are on their way at once"});
    } else {
      drops_rest_ = true;
    }
  }
  drop_input();
}

bool Connection::read_head() {
  in_.erase(0, vitals::exporting::blank_lines(in_));
  if (in_.empty()) return false;
  if (state_ == State::kIdle) {
    enter(State::kHead, loop_.shared.options.read_timeout);
    fresh_line_ = true;
    searched_ = 0;
    looked_at_ = 0;
  }
  const auto length = vitals::exporting::request_head_length(in_, searched_);
  searched_ = in_.size();
  if (length.value_or(in_.size()) > kMaxHead) {
    refuse({431, "the head of the request is longer than 64 KiB"});
    return false;
  }
  if (!length) {
    // The lines are few, or a fault.
    if (!fresh_line_ && in_.size() < looked_at_ + kLookAgain) return false;
    looked_at_ = in_.size();
    if (const auto fault = vitals::exporting::fault_so_far(in_))
      refuse({fault->status, fault->why});
    return false;
  }
  return begin_request(*length);
}

void Connection::refuse(const HttpRefusal& refusal) {
  Response response = loop_.shared.app.refuse(refusal);
  std::string head = answer_head(response, {.keep_alive = false});
  const bool to_head = call_ ? call_->method() == "HEAD" : vitals::exporting::is_head_request(in_);
  if (to_head) response.body.clear();
  parser_.reset();
  call_.reset();
  begin_answer(std::move(head), std::move(response.body), false);
}

void Connection::begin_answer(std::string head, std::string body, bool keep_alive) {
  out_ = std::move(head);
  body_ = std::move(body);
  sent_ = 0;
  keep_alive_ = keep_alive && !drops_rest_;
  const std::size_t seconds = (out_.size() + body_.size()) / kSlowestReader;
  enter(State::kWriting, loop_.shared.options.read_timeout + std::chrono::seconds{seconds});
  flush();
}

void Connection::flush() {
  if (state_ != State::kWriting && state_ != State::kStreaming) return;
  while (sent_ < out_.size() + body_.size()) {
    std::array<iovec, 2> parts{};
    std::size_t count = 0;
    const std::size_t of_body = sent_ > out_.size() ? sent_ - out_.size() : 0;
    if (sent_ < out_.size()) parts[count++] = {out_.data() + sent_, out_.size() - sent_};
    if (of_body < body_.size()) parts[count++] = {body_.data() + of_body, body_.size() - of_body};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t n = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (state_ == State::kStreaming) out_.erase(0, std::exchange(sent_, 0));
      arm_write();
      return;
    }
    if (n < 0) {
      close();
      return;
    }
    sent_ += static_cast<std::size_t>(n);
    if (state_ == State::kStreaming) {
      unsent_ -= static_cast<std::size_t>(n);
      deadline_ = Clock::now() + kStreamStall;
    }
  }
  if (state_ == State::kWriting) {
    release(out_);
  } else {
    out_.clear();
  }
  release(body_);
  sent_ = 0;
  if (state_ == State::kWriting || stream_ended_) {
    finish_answer();
  } else {
    deadline_ = Clock::time_point::max();  // until there is more to send
  }
}

void Connection::finish_answer() {
  keep_.reset();
  if (!keep_alive_) {
    // To close at once would reset the connection when bytes are unread, and lose the answer.
    ::shutdown(socket_.native_handle(), SHUT_WR);
    drop_input();
    enter(State::kLingering, kLinger);
    arm_read();
    return;
  }
  enter(State::kIdle, loop_.shared.options.keep_alive);
  if (in_.empty()) {
    drop_input();
    release(out_);
    arm_read();
  } else {
    process();
  }
}

void Connection::send_now(std::string_view text) noexcept {
  (void)::send(socket_.native_handle(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool Connection::begin_request(std::size_t length) {
  const auto read = vitals::exporting::read_request_head(std::string_view{in_}.substr(0, length));
  if (const auto* fault = std::get_if<HeadFault>(&read)) {
    refuse({fault->status, fault->why});
    return false;
  }
  const auto head = std::get<vitals::exporting::RequestHead>(read);
  const std::uint64_t expected = head.content_length.value_or(0);
  if (expected > kAbsurdLength) {
    refuse({413, "the body is larger than 1 MiB"});
    return false;
  }
  // Any HTTP/1.x is spoken to as 1.1 (RFC 9110, 2.5); Beast knows the two of them.
  if (head.minor_version > 1) in_[in_.find("\r\n") - 1] = '1';

  const HttpEngineOptions& options = loop_.shared.options;
  parser_ = std::make_unique<Parser>();
  parser_->header_limit(static_cast<std::uint32_t>(kMaxHead));
  parser_->body_limit(kAbsurdLength);  // at first, so that the key is looked at before it
  parser_->get().body().budget = &loop_.shared.bodies;
  error_code error;
  const std::size_t used = parser_->put(asio::buffer(in_.data(), length), error);
  // Both readers of the head have to agree on where the body ends.
  if (error || used != length || !parser_->is_header_done() || parser_->chunked() != head.chunked ||
      parser_->content_length().value_or(0) != expected) {
    refuse({400, "this is not a valid HTTP/1.1 request"});
    return false;
  }
  in_.erase(0, length);

  const bool has_body = head.chunked || expected > 0;
  const bool expects_continue = head.expects_continue;
  call_ = std::make_shared<Call>(shared_from_this());
  if (length > kUncounted && !call_->share_of_heads.resize(loop_.shared.heads, length)) {
    loop_.shared.options.heads_refused.inc();
    refuse({503, "too many long heads are on their way at once"});
    return false;
  }
  call_->keep_alive = parser_->keep_alive();
  call_->minor_version = head.minor_version;
  call_->body_follows = has_body;
  // What a trailer adds goes to the parser's own fields and is seen by nobody.
  call_->head = std::move(parser_->get().base());
  if (!loop_.shared.app.wants_body(*call_)) {
    if (has_body && !head.chunked && in_.size() >= expected) {
      in_.erase(0, static_cast<std::size_t>(expected));
    } else {
      call_->body_unread = has_body;
    }
    parser_.reset();
    serve();
    return false;
  }
  if (!has_body) {
    serve();
    return false;
  }
  if (expected > options.max_body) {
    refuse({413, "the body is larger than 1 MiB"});
    return false;
  }
  parser_->body_limit(options.max_body);
  parser_->eager(true);
  enter(State::kBody, options.read_timeout);
  if (expects_continue && in_.empty()) send_now(kContinue);
  return true;
}

/// Gives the parser what was received. False while more is wanted, and at the end.
bool Connection::feed() {
  const bool chunked = parser_->chunked();
  if (chunked) {
    parser_->checked += parser_->chunks.read(std::string_view{in_}.substr(parser_->checked));
    if (parser_->chunks.failed()) {
      refuse({400, "the body's chunks are malformed"});
      return false;
    }
  }
  while (!in_.empty() && !parser_->is_done()) {
    error_code error;
    const std::size_t size = chunked ? parser_->checked : in_.size();
    // Beast's parser does not bear to be given the same beginning of a last chunk once more.
    if (size == 0 || (chunked && size == parser_->given_back)) break;
    parser_->given_back = 0;
    const std::size_t used = parser_->put(asio::buffer(in_.data(), size), error);
    in_.erase(0, used);
    if (chunked) parser_->checked -= used;
    if (error == http::error::need_more) {
      parser_->given_back = parser_->checked;
      break;
    }
    if (error == http::error::body_limit) {
      refuse({413, "the body is larger than 1 MiB"});
      return false;
    }
    if (error == http::error::buffer_overflow) {
      loop_.shared.options.bodies_refused.inc();
      refuse({503, "too many bodies are on their way at once"});
      return false;
    }
    if (error) {
      refuse({400, "the body's chunks are malformed"});
      return false;
    }
    if (used == 0) break;
  }
  if (parser_->is_done()) {
    serve();
    return false;
  }
  if (in_.size() > kMaxChunkLine) refuse({400, "a chunk's line is longer than 16 KiB"});
  return false;
}

void Connection::serve() {
  enter(State::kServing, loop_.shared.options.handler_timeout);
  call_->parser = std::move(parser_);
  // Given away first: from here on the connection does not hold what holds it.
  loop_.shared.app.serve(std::exchange(call_, nullptr));
}

}  // namespace health_agent::api
