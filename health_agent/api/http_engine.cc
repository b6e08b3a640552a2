#include "health_agent/api/http_engine.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/parser.hpp>
#include <cerrno>
#include <future>
#include <list>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "health_agent/api/http_answer.h"
#include "health_agent/api/unread_watch.h"
#include "vitals/adapters/beast.h"
#include "vitals/export/request_head.h"

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
/// How often time limits are looked at.
constexpr auto kTick = std::chrono::milliseconds{250};
/// For a client to take its last answer before the connection is cut.
constexpr auto kLinger = std::chrono::seconds{2};
/// A stream whose client takes nothing for so long is ended.
constexpr auto kStreamStall = std::chrono::seconds{5};
constexpr std::size_t kMostUnsent = std::size_t{256} * 1024;
/// Small, so that what a client does not read is soon seen here and not kept by the kernel.
constexpr int kStreamBuffer = 8 * 1024;
/// Slower than that a client may not take an answer, in bytes a second.
constexpr std::size_t kSlowestReader = std::size_t{16} * 1024;
constexpr int kAcceptsAtOnce = 64;
/// A length that no reader need be able to count.
constexpr std::uint64_t kAbsurdLength = std::uint64_t{1} << 40U;

constexpr std::string_view kNoMemory =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// Bytes that all bodies may take together.
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

/// A body for Beast's parser that counts what it takes.
struct CountedBody {
  struct value_type {
    value_type() = default;
    value_type(const value_type&) = delete;
    value_type& operator=(const value_type&) = delete;
    ~value_type() {
      if (budget != nullptr) budget->give(counted);
    }
    [[nodiscard]] bool append(const char* data, std::size_t size) {
      if (text.size() + size > text.capacity()) {
        const std::size_t wanted = std::max(text.size() + size, 2 * text.capacity());
        if (!budget->take(wanted - counted)) return false;
        counted = wanted;
        text.reserve(wanted);
      }
      text.append(data, size);
      return true;
    }
    std::string text;
    Budget* budget = nullptr;
    std::size_t counted = 0;
  };

  class reader {
   public:
    template <bool kIsRequest, class Fields>
    reader(http::header<kIsRequest, Fields>& /*head*/, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>& /*length*/, error_code& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, error_code& error) {
      error = {};
      std::size_t taken = 0;
      for (auto it = boost::asio::buffer_sequence_begin(buffers);
           it != boost::asio::buffer_sequence_end(buffers); ++it) {
        const asio::const_buffer buffer = *it;
        if (!body_.append(static_cast<const char*>(buffer.data()), buffer.size())) {
          error = http::error::buffer_overflow;
          break;
        }
        taken += buffer.size();
      }
      return taken;
    }
    void finish(error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

using Parser = http::request_parser<CountedBody>;

class Connection;
struct Loop;

/// What all connections share.
struct Shared {
  Shared(HttpEngineOptions engine_options, HttpApp& served)
      : options(std::move(engine_options)), app(served), budget(options.body_budget) {}

  HttpEngineOptions options;
  HttpApp& app;
  Budget budget;
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
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
};

class Call;

/// Gives the memory back, which neither clear() nor `= {}` does.
void release(std::string& text) noexcept {
  std::string{}.swap(text);
}

/// A connection goes from request to request; each of its states has a time limit. Threads: its
/// loop's, but for what is atomic.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Loop& loop, int fd, std::string address)
      : loop_(loop),
        place_(loop.shared),
        address_(std::move(address)),
        socket_(loop.context),
        deadline_(Clock::now() + loop.shared.options.read_timeout) {
    socket_.assign(fd);
  }

  void start(Connections::iterator self) {
    self_ = self;
    arm_read();
  }

  [[nodiscard]] Loop& loop() const noexcept { return loop_; }
  [[nodiscard]] const std::string& address() const noexcept { return address_; }

  /// A request's answer; `keep` lives until it is written.
  void write(std::string head, std::string body, bool keep_alive, std::shared_ptr<void> keep) {
    if (state_ != State::kServing) return;
    guarded([&] {
      keep_ = std::move(keep);
      begin_answer(std::move(head), std::move(body), keep_alive);
    });
  }

  void begin_stream(std::string head, bool keep_alive, std::shared_ptr<void> keep) {
    if (state_ != State::kServing) return;
    keep_ = std::move(keep);
    keep_alive_ = keep_alive;
    state_ = State::kStreaming;
    unread_ = {};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_SNDBUF, &kStreamBuffer,
                 sizeof kStreamBuffer);
    stream_ended_ = false;
    unsent_ += head.size();
    append(head);
  }

  void append(std::string_view piece) {
    if (state_ != State::kStreaming) return;
    if (out_.size() == sent_) deadline_ = Clock::now() + kStreamStall;
    guarded([&] {
      out_.append(piece);
      flush();
    });
  }

  void end_stream(std::string_view piece) {
    stream_ended_ = true;
    append(piece);
  }

  /// For writers on other threads: bytes that the kernel has not taken, or that nobody will.
  std::atomic<std::size_t>& unsent() noexcept { return unsent_; }
  [[nodiscard]] bool gone() const noexcept { return gone_.load(std::memory_order_relaxed); }
  void give_up_soon() noexcept { given_up_.store(true, std::memory_order_relaxed); }

  /// Closes a connection that nobody works for, because others need its place.
  void evict() { close(); }

  void check_time(Clock::time_point now) {
    if (given_up_.exchange(false, std::memory_order_relaxed)) {
      send_now(kNoMemory);
      close();
      return;
    }
    if (state_ == State::kStreaming) {
      const auto window = receive_window(socket_.native_handle());
      if (window && unread_.is_unread(*window, now)) {
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

  void close() noexcept {
    if (state_ == State::kClosed) return;
    const bool waits = waits_for_client();
    state_ = State::kClosed;
    gone_ = true;
    error_code ignored;
    socket_.close(ignored);
    parser_.reset();
    call_.reset();
    keep_.reset();
    release(in_);
    release(out_);
    release(body_);
    if (waits) loop_.waiting_count.fetch_sub(1, std::memory_order_relaxed);
    // Last, for the list may hold the last reference.
    (waits ? loop_.waiting : loop_.busy).erase(self_);
  }

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

  void enter(State state, Clock::duration limit) noexcept {
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

  /// Runs a step; without memory the client gets a 503 and the connection ends, and no other.
  template <class Step>
  void guarded(Step step) noexcept {
    try {
      step();
    } catch (...) {
      const bool unanswered =
          (is_reading() && state_ != State::kLingering) || state_ == State::kServing;
      if (unanswered) send_now(kNoMemory);
      close();
    }
  }

  void arm_read() {
    if (std::exchange(read_armed_, true)) return;
    socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](const error_code& error) {
                         self->read_armed_ = false;
                         if (!error) self->guarded([&] { self->on_readable(); });
                       });
  }

  void arm_write() {
    if (std::exchange(write_armed_, true)) return;
    socket_.async_wait(asio::posix::stream_descriptor::wait_write,
                       [self = shared_from_this()](const error_code& error) {
                         self->write_armed_ = false;
                         if (!error) self->guarded([&] { self->flush(); });
                       });
  }

  void on_readable() {
    if (!is_reading()) return;
    const ssize_t n =
        ::recv(socket_.native_handle(), loop_.scratch.data(), loop_.scratch.size(), 0);
    if (n > 0) {
      if (state_ == State::kLingering) {
        arm_read();
        return;
      }
      fresh_line_ = std::string_view{loop_.scratch.data(), static_cast<std::size_t>(n)}.find(
                        '\n') != std::string_view::npos;
      in_.append(loop_.scratch.data(), static_cast<std::size_t>(n));
      process();
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
      arm_read();
    } else {
      close();
    }
  }

  void process() {
    bool goes_on = true;
    while (goes_on) {
      if (state_ == State::kBody) {
        goes_on = feed();
      } else if (state_ == State::kIdle || state_ == State::kHead) {
        goes_on = read_head();
      } else {
        return;
      }
    }
    if (is_reading()) arm_read();
  }

  /// Tries to take a head off what was received. False while more is wanted.
  bool read_head() {
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

  bool begin_request(std::size_t length);
  bool feed();
  void serve();

  void refuse(const HttpRefusal& refusal) {
    Response response = loop_.shared.app.refuse(refusal);
    std::string head = answer_head(response, {.keep_alive = false});
    parser_.reset();
    call_.reset();
    begin_answer(std::move(head), std::move(response.body), false);
  }

  void begin_answer(std::string head, std::string body, bool keep_alive) {
    out_ = std::move(head);
    body_ = std::move(body);
    sent_ = 0;
    keep_alive_ = keep_alive;
    const std::size_t seconds = (out_.size() + body_.size()) / kSlowestReader;
    enter(State::kWriting, loop_.shared.options.read_timeout + std::chrono::seconds{seconds});
    flush();
  }

  /// Sends what the socket takes, and goes on when all of it is gone.
  void flush() {
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

  void finish_answer() {
    keep_.reset();
    if (!keep_alive_) {
      // To close at once would reset the connection when bytes are unread, and lose the answer.
      ::shutdown(socket_.native_handle(), SHUT_WR);
      release(in_);
      enter(State::kLingering, kLinger);
      arm_read();
      return;
    }
    enter(State::kIdle, loop_.shared.options.keep_alive);
    if (in_.empty()) {
      release(in_);
      release(out_);
      arm_read();
    } else {
      process();
    }
  }

  void send_now(std::string_view text) noexcept {
    (void)::send(socket_.native_handle(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  Loop& loop_;
  const Place place_;
  const std::string address_;
  asio::posix::stream_descriptor socket_;
  Connections::iterator self_;
  State state_ = State::kIdle;
  Clock::time_point deadline_;
  bool read_armed_ = false;
  bool write_armed_ = false;
  bool keep_alive_ = true;
  bool stream_ended_ = false;
  bool fresh_line_ = true;     // what came last holds a line's end
  std::size_t searched_ = 0;   // bytes of an unfinished head that hold no end
  std::size_t looked_at_ = 0;  // bytes of it when it was last read for a fault
  std::string in_;             // received, and not yet read
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

/// Writes a streamed body from any thread.
class Stream final : public vitals::console::Viewer {
 public:
  Stream(std::shared_ptr<Connection> connection, AnswerEnd end)
      : connection_(std::move(connection)), end_(end) {}
  ~Stream() override {
    try {
      asio::post(connection_->loop().context,
                 [connection = connection_, last = end_ == AnswerEnd::kChunks ? "0\r\n\r\n" : ""] {
                   connection->unsent() += std::string_view{last}.size();
                   connection->end_stream(last);
                 });
    } catch (...) {
      connection_->give_up_soon();
    }
  }

  bool write(std::string_view piece) override {
    if (connection_->gone() || connection_->unsent() > kMostUnsent) return false;
    if (piece.empty()) return true;
    try {
      std::string framed;
      if (end_ == AnswerEnd::kChunks) {
        std::array<char, 24> size{};
        const int written = std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
        framed.reserve(piece.size() + 32);
        framed.append(size.data(), static_cast<std::size_t>(written)).append(piece).append("\r\n");
      } else {
        framed = piece;
      }
      connection_->unsent() += framed.size();
      asio::post(
          connection_->loop().context,
          [connection = connection_, framed = std::move(framed)] { connection->append(framed); });
      return true;
    } catch (...) {
      return false;
    }
  }

 private:
  const std::shared_ptr<Connection> connection_;
  const AnswerEnd end_;
};

class Call final : public HttpCall, public std::enable_shared_from_this<Call> {
 public:
  explicit Call(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  [[nodiscard]] std::string_view method() const noexcept override {
    return vitals::adapters::detail::view_of(head.method_string());
  }
  [[nodiscard]] std::string_view target() const noexcept override {
    return vitals::adapters::detail::view_of(head.target());
  }
  [[nodiscard]] std::string_view field(std::string_view name) const noexcept override {
    return vitals::adapters::detail::field_of(head, name);
  }
  [[nodiscard]] bool has_field(std::string_view name) const noexcept override {
    return head.find(vitals::adapters::detail::beast_view(name)) != head.end();
  }
  [[nodiscard]] std::string joined_field(std::string_view name) const override {
    std::string joined;
    const auto [first, last] = head.equal_range(vitals::adapters::detail::beast_view(name));
    for (auto it = first; it != last; ++it) {
      if (!joined.empty()) joined += ',';
      joined += vitals::adapters::detail::view_of(it->value());
    }
    return joined;
  }
  [[nodiscard]] bool has_body() const noexcept override { return body_follows; }
  [[nodiscard]] std::string_view body() const noexcept override {
    return parser ? std::string_view{parser->get().body().text} : std::string_view{};
  }
  [[nodiscard]] const std::string& remote_address() const noexcept override {
    return connection_->address();
  }
  [[nodiscard]] vitals::monitor::RequestStart start() const noexcept override {
    return vitals::adapters::request_start(head, vitals::monitor::kUnmatchedRoute, {});
  }

  void answer(Response response, const vitals::monitor::RequestScope& scope,
              std::shared_ptr<void> keep) override {
    const bool stays = stays_open();
    std::string text = head_of(response, scope, stays, AnswerEnd::kLength);
    if (method() == "HEAD") response.body.clear();
    asio::post(connection_->loop().context,
               [self = shared_from_this(), text = std::move(text), body = std::move(response.body),
                stays, keep = std::move(keep)]() mutable {
                 self->connection_->write(std::move(text), std::move(body), stays, std::move(keep));
               });
  }

  [[nodiscard]] std::unique_ptr<vitals::console::Viewer> stream(
      const Response& response, const vitals::monitor::RequestScope& scope,
      std::shared_ptr<void> keep) override {
    const AnswerEnd end = minor_version == 0 ? AnswerEnd::kClose : AnswerEnd::kChunks;
    const bool stays = end == AnswerEnd::kChunks && stays_open();
    std::string text = head_of(response, scope, stays, end);
    auto made = std::make_unique<Stream>(connection_, end);
    asio::post(connection_->loop().context, [self = shared_from_this(), text = std::move(text),
                                             stays, keep = std::move(keep)]() mutable {
      self->connection_->begin_stream(std::move(text), stays, std::move(keep));
    });
    return made;
  }

  void give_up() noexcept override { connection_->give_up_soon(); }

  http::request_header<> head;
  std::unique_ptr<Parser> parser;  // holds the body, once it is there
  int minor_version = 1;
  bool keep_alive = true;
  bool body_follows = false;
  bool body_unread = false;  // refused: where the next request begins is not known

 private:
  [[nodiscard]] bool stays_open() const noexcept {
    return keep_alive && !body_unread && !connection_->loop().shared.draining;
  }
  static std::string head_of(const Response& response, const vitals::monitor::RequestScope& scope,
                             bool stays, AnswerEnd end) {
    return answer_head(response, {.keep_alive = stays,
                                  .end = end,
                                  .request_id = scope.request_id(),
                                  .trace_id = scope.trace_id()});
  }

  const std::shared_ptr<Connection> connection_;
};

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
  parser_->get().body().budget = &loop_.shared.budget;
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
  while (!in_.empty() && !parser_->is_done()) {
    error_code error;
    const std::size_t used = parser_->put(asio::buffer(in_), error);
    in_.erase(0, used);
    if (error == http::error::need_more) break;
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

}  // namespace

struct HttpEngine::Impl {
  Impl(HttpEngineOptions options, HttpApp& app) : shared(std::move(options), app) {
    const std::size_t count = std::max<std::size_t>(1, std::thread::hardware_concurrency() / 4);
    for (std::size_t i = 0; i < count; ++i)
      loops.push_back(std::make_unique<Loop>(shared));
    acceptor.emplace(loops.front()->context);
  }
  ~Impl() {
    stop();
    stop_listening();
  }

  void start() {
    HttpEngineOptions& options = shared.options;
    listener =
        std::make_unique<HttpListener>(options.host, options.port, options.metrics, options.state);
    acceptor->assign(listener->fd());
    arm_accept();
    for (const auto& loop : loops)
      threads.emplace_back([this, &loop = *loop] { run(loop); });
  }

  void run(Loop& loop) noexcept {
    while (!stopping.load(std::memory_order_relaxed)) {
      try {
        if (loop.context.stopped()) loop.context.restart();
        loop.context.run_for(kTick);
        check_times(loop);
        if (&loop == loops.front().get()) {
          update_limit();
          if (listener) {
            shrink();
            listener->tick();
            arm_accept();
          }
        }
      } catch (...) {
        // No memory for a step of nobody's in particular: the next turn tries again.
      }
    }
  }

  static void check_times(Loop& loop) {
    const Clock::time_point now = Clock::now();
    for (Connections* list : {&loop.waiting, &loop.busy}) {
      for (auto it = list->begin(); it != list->end();) {
        const std::shared_ptr<Connection> connection = *it++;  // it may leave the list
        connection->check_time(now);
      }
    }
  }

  /// Leaves descriptors for the database, the log and everything else.
  void update_limit() noexcept {
    rlimit descriptors{};
    std::size_t most = shared.options.max_connections;
    if (::getrlimit(RLIMIT_NOFILE, &descriptors) == 0 && descriptors.rlim_cur != RLIM_INFINITY) {
      const std::size_t all = descriptors.rlim_cur;
      const std::size_t kept = std::clamp<std::size_t>(all / 4, 32, 256);
      most = std::min(most, std::max<std::size_t>(8, all > kept ? all - kept : 0));
    }
    limit = most;
  }

  /// The limit may have been lowered.
  void shrink() {
    const std::size_t open = shared.open.load(std::memory_order_relaxed);
    for (std::size_t i = limit; i < open; ++i) {
      listener->at_limit(limit);
      if (!evict_oldest()) return;
    }
  }

  void arm_accept() {
    if (closed || accept_armed) return;
    acceptor->async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& e) {
      accept_armed = false;
      if (!e && !closed && accept_some()) arm_accept();
    });
    accept_armed = true;
  }

  /// False when it is better to wait a little.
  bool accept_some() {
    for (int i = 0; i < kAcceptsAtOnce; ++i) {
      HttpListener::Taken taken;
      switch (listener->take(taken)) {
        case HttpListener::Outcome::kTaken:
          welcome(std::move(taken));
          break;
        case HttpListener::Outcome::kNobody:
          return true;
        case HttpListener::Outcome::kAgain:
          break;
        case HttpListener::Outcome::kFull:
          if (!evict_oldest()) return false;
          break;
      }
    }
    return true;
  }

  void welcome(HttpListener::Taken taken) {
    if (shared.open.load(std::memory_order_relaxed) >= limit) {
      listener->at_limit(limit);
      if (!evict_oldest()) {
        (void)::send(taken.fd, kNoMemory.data(), kNoMemory.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        ::close(taken.fd);
        return;
      }
    }
    Loop& loop = *loops[next++ % loops.size()];
    if (&loop == loops.front().get()) {
      begin(loop, taken.fd, std::move(taken.address));
      return;
    }
    const int fd = taken.fd;
    try {
      asio::post(loop.context, [&loop, fd, address = std::move(taken.address)]() mutable {
        begin(loop, fd, std::move(address));
      });
    } catch (...) {
      ::close(fd);
    }
  }

  static void begin(Loop& loop, int fd, std::string address) noexcept {
    std::shared_ptr<Connection> connection;
    try {
      connection = std::make_shared<Connection>(loop, fd, std::move(address));
    } catch (...) {
      ::close(fd);
      return;
    }
    try {
      loop.waiting.push_back(connection);
      loop.waiting_count.fetch_add(1, std::memory_order_relaxed);
    } catch (...) {
      return;  // it closes the descriptor
    }
    try {
      connection->start(std::prev(loop.waiting.end()));
    } catch (...) {
      connection->close();
    }
  }

  /// Closes the connection that has waited longest for its client, in the loop that has most of
  /// them. False when there is none.
  bool evict_oldest() {
    Loop* fullest = loops.front().get();
    for (const auto& loop : loops) {
      if (loop->waiting_count.load(std::memory_order_relaxed) >
          fullest->waiting_count.load(std::memory_order_relaxed))
        fullest = loop.get();
    }
    if (fullest->waiting_count.load(std::memory_order_relaxed) == 0) return false;
    shared.options.metrics.closed_idle.inc();
    const auto evict = [](Loop& loop) {
      if (loop.waiting.empty()) return;
      const std::shared_ptr<Connection> oldest = loop.waiting.front();
      oldest->evict();
    };
    if (fullest == loops.front().get()) {
      evict(*fullest);
    } else {
      asio::post(fullest->context, [evict, fullest] { evict(*fullest); });
    }
    return true;
  }

  void stop_listening() noexcept {
    closed = true;
    if (acceptor->is_open()) (void)acceptor->release();  // the listener closes it
    listener.reset();
  }

  void close_listener() {
    shared.draining = true;
    if (threads.empty()) return;
    std::promise<void> done;
    asio::post(loops.front()->context, [&] {
      stop_listening();
      done.set_value();
    });
    done.get_future().wait();
  }

  void stop() {
    stopping = true;
    for (const auto& loop : loops)
      loop->context.stop();
    for (std::thread& thread : threads)
      thread.join();
    threads.clear();
    for (const auto& loop : loops) {
      for (Connections* list : {&loop->waiting, &loop->busy}) {
        while (!list->empty()) {
          const std::shared_ptr<Connection> connection = list->front();
          connection->close();
        }
      }
    }
  }

  Shared shared;
  std::vector<std::unique_ptr<Loop>> loops;
  std::optional<asio::posix::stream_descriptor> acceptor;  // waits for the listener's descriptor
  std::unique_ptr<HttpListener> listener;
  std::vector<std::thread> threads;
  std::atomic<bool> stopping{false};
  // Of the first loop's thread:
  bool closed = false;
  bool accept_armed = false;
  std::size_t next = 0;
  std::size_t limit = 4096;
};

HttpEngine::HttpEngine(HttpEngineOptions options, HttpApp& app)
    : impl_(std::make_unique<Impl>(std::move(options), app)) {}
HttpEngine::~HttpEngine() = default;

void HttpEngine::start() {
  impl_->start();
}
void HttpEngine::close_listener() {
  impl_->close_listener();
}
void HttpEngine::stop() {
  impl_->stop();
}

}  // namespace health_agent::api
