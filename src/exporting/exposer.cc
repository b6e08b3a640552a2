#include "vitals/exporting/exposer.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "base/background_thread.h"
#include "base/hidden.h"
#include "exporting/answer_pool.h"
#include "exporting/http_answer.h"
#include "exporting/listen.h"
#include "exporting/stream.h"
#include "exporting/tls.h"
#include "vitals/exporting/chunk_check.h"
#include "vitals/exporting/request_head.h"
#include "vitals/exporting/scrape.h"

namespace vitals::exporting {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxHead = std::size_t{16} * 1024;
constexpr std::size_t kMaxThreads = 64;
/// Of answers that nobody has taken yet, all together.
constexpr std::size_t kMaxUnsent = std::size_t{256} * 1024 * 1024;
/// Connections that are taken in one turn, so that a flood of them does not keep those that are
/// open waiting.
constexpr int kAcceptsPerTurn = 64;
/// For a client to notice that the answer is complete, before its connection is cut.
constexpr auto kLinger = std::chrono::seconds(1);
/// After which a client that has not asked may lose its descriptor to another, when there are none.
constexpr auto kSilence = std::chrono::seconds(1);
/// After running out of file descriptors.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

/// Reads of one connection in a turn, so that one who floods does not keep the others waiting; each
/// of a whole record, so that what TLS has read is not left behind where poll() cannot see it.
constexpr int kReadsPerTurn = 4;
constexpr std::size_t kRead = TlsSession::kRecord;

/// Whether a chunked body has to be read before the request is answered: one that is malformed is
/// refused. A client that waits to be told to go on gets its answer instead.
bool wants_chunks(std::string_view head, std::string_view behind) noexcept {
  const std::variant<RequestHead, HeadFault> read = read_request_head(head);
  const auto* const request = std::get_if<RequestHead>(&read);
  return request != nullptr && request->chunked && !(request->expects_continue && behind.empty());
}

/// A connection goes through its states once: the request comes, a thread of the pool makes the
/// answer, that goes out, and what the client still sends is thrown away until it closes, since to
/// close first would make the kernel reset the connection and lose the answer.
struct Connection {
  enum class State { kReading, kAnswering, kWriting, kDraining };

  Stream stream;
  std::uint64_t id = 0;
  State state = State::kReading;
  Clock::time_point deadline;
  Clock::time_point old;  // when a writing one may be given up for another that waits
  std::string received;
  std::string head;   // of a request whose chunks are still to come
  ChunkCheck chunks;  // of that body, which nobody wants, but which must be one
  HttpAnswer answer;
  std::size_t sent = 0;
  std::size_t taken = 0;  // bytes, by the client's machine, when the deadline was set
  bool done = false;
};

}  // namespace

class VITALS_HIDDEN Exposer::Loop {
 public:
  Loop(ExposerOptions options, std::optional<TlsServer> tls, ExposedPages pages,
       metrics::Counter accept_failures, Fd listener, Fd wake)
      : options_(std::move(options)),
        tls_(std::move(tls)),
        accept_failures_(accept_failures),
        listener_(std::move(listener)),
        wake_(std::move(wake)),
        spare_(spare_descriptor()),
        port_(port_of(listener_.get())),
        pool_(std::move(pages), HostRule{is_loopback(listener_.get()), options_.allowed_hosts},
              options_.on_refused, wake_.get(), options_.max_connections) {
    made_.reserve(options_.max_connections);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  ~Loop() {
    stopping_.store(true, std::memory_order_relaxed);
    wake_up(wake_.get());
    if (thread_.joinable()) thread_.join();
  }

  /// Throws std::system_error when there is no thread to be had.
  void start() {
    pool_.start(options_.threads);
    thread_ = base::start_background_thread([this] { run(); });
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] bool in_trouble() const noexcept { return in_trouble_; }
  /// Whether this is the process that it was started in, not a child of that.
  [[nodiscard]] bool at_home() const noexcept { return process_ == ::getpid(); }
  /// In a child: gives up this process' hold on the port, so that it can be listened on anew.
  void leave_port() noexcept { listener_ = Fd(); }

 private:
  using State = Connection::State;

  void run() noexcept {
    pthread_setname_np(pthread_self(), "vitals-exposer");
    while (!stopping_.load(std::memory_order_relaxed)) {
      try {
        turn();
      } catch (...) {
        // No memory: what is open is given up, and the listener goes on.
        connections_.clear();
      }
    }
    // Before the threads of the pool are waited for, which may take as long as a scrape.
    connections_.clear();
    listener_ = Fd();
  }

  /// Waits for something to happen and deals with it.
  void turn() {
    polled_.clear();
    polled_.push_back({wake_.get(), POLLIN, 0});
    const bool accepting = has_room() && Clock::now() >= accept_after_;
    polled_.push_back({accepting ? listener_.get() : -1, POLLIN, 0});
    for (const Connection& connection : connections_) {
      const bool writing = connection.state == State::kWriting;
      // One that is being answered is not asked: a client that hangs up would wake the loop at
      // once, again and again.
      polled_.push_back({connection.state == State::kAnswering ? -1 : connection.stream.socket(),
                         connection.stream.events(writing ? POLLOUT : POLLIN), 0});
    }
    if (::poll(polled_.data(), polled_.size(), wait_ms(accepting)) < 0 && errno != EINTR) {
      // So it is when the limit of descriptors was lowered below what is open.
      fail_to_accept(errno);
      std::this_thread::sleep_for(kAcceptPause);
      return;
    }
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (polled_[i + 2].revents != 0) serve(connections_[i]);
    }
    if (polled_[0].revents != 0) hand_out_answers();
    const Clock::time_point now = Clock::now();
    for (Connection& connection : connections_) {
      if (now >= connection.deadline && !has_moved(connection)) connection.done = true;
    }
    std::erase_if(connections_, [](const Connection& c) { return c.done; });
    if (!spare_) spare_ = spare_descriptor();
    if (polled_[1].revents != 0) accept_some();
  }

  /// Room for one more: a free place, or that of a client which has not asked for anything yet.
  [[nodiscard]] bool has_room() const noexcept {
    return connections_.size() < options_.max_connections ||
           least_deserving() != connections_.end();
  }

  /// Which connection another may be taken for, as they stand in the order of their arrival: the
  /// oldest that is not being answered, else the oldest whose client takes longer over its answer
  /// than it had for asking.
  [[nodiscard]] std::vector<Connection>::const_iterator least_deserving() const noexcept {
    const auto idle = std::ranges::find_if(connections_, [](const Connection& connection) {
      return connection.state == State::kReading || connection.state == State::kDraining;
    });
    if (idle != connections_.end()) return idle;
    return std::ranges::find_if(connections_, [now = Clock::now()](const Connection& connection) {
      return connection.state == State::kWriting && now >= connection.old;
    });
  }

  [[nodiscard]] int wait_ms(bool accepting) const noexcept {
    Clock::time_point until = Clock::time_point::max();
    if (!accepting && has_room()) until = accept_after_;
    for (const Connection& connection : connections_) {
      until = std::min(until, connection.deadline);
      if (connection.state == State::kWriting && !has_room()) {
        until = std::min(until, connection.old);
      }
    }
    if (until == Clock::time_point::max()) return -1;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60'000));
  }

  void accept_some() {
    const std::uint64_t before = last_id_;
    for (int i = 0; i < kAcceptsPerTurn && has_room(); ++i) {
      // What the clients of this turn ask for has not been read yet: none of them makes room.
      if (connections_.size() >= options_.max_connections && least_deserving()->id > before) return;
      Fd socket = accept_one();
      if (!socket) {
        // The client has gone, or a signal came: the next poll tells. So does an empty queue.
        if (errno == ECONNABORTED || errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EPROTO) fail_to_accept(errno);
        return;
      }
      if (connections_.size() >= options_.max_connections) connections_.erase(least_deserving());
      std::optional<TlsSession> tls;
      if (tls_) tls = tls_->session(socket.get(), options_.on_trouble);
      Connection& connection = connections_.emplace_back();
      connection.stream = Stream(std::move(socket), std::move(tls));
      connection.id = ++last_id_;
      connection.deadline = Clock::now() + options_.timeout;
      // Without another to give up, the next would fail even if nobody waits.
      if (!spare_) return;
    }
  }

  [[nodiscard]] bool somebody_waits() const noexcept {
    pollfd queue{listener_.get(), POLLIN, 0};
    return ::poll(&queue, 1, 0) != 0;
  }

  [[nodiscard]] Fd accept_one() noexcept {
    const auto accept = [this] {
      return Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    };
    Fd socket = accept();
    const int error = errno;
    const bool lacking = !socket && (error == EMFILE || error == ENFILE);
    if (lacking && !somebody_waits()) {  // the kernel takes a descriptor before it looks
      errno = EAGAIN;
      return socket;
    }
    if (socket && spare_) tell_of_trouble(0);
    if (!lacking || !spare_) {
      errno = error;
      return socket;
    }
    accept_failures_.inc();
    tell_of_trouble(error);
    spare_ = Fd();
    return accept();
  }

  void fail_to_accept(int error) {
    // A client of ours that has long asked for nothing holds a descriptor that another could use.
    const Clock::time_point now = Clock::now();
    const auto silent = std::ranges::find_if(connections_, [&](const Connection& connection) {
      return connection.state == State::kReading &&
             now >= connection.deadline - options_.timeout + kSilence;
    });
    if (silent != connections_.end()) connections_.erase(silent);
    accept_after_ = Clock::now() + kAcceptPause;
    accept_failures_.inc();
    tell_of_trouble(error);
  }

  /// Says that there is trouble, or with 0 that there is none any more; each once.
  void tell_of_trouble(int error) noexcept {
    if (in_trouble_ == (error != 0)) return;
    in_trouble_ = error != 0;
    if (!options_.on_trouble) return;
    try {
      options_.on_trouble(
          in_trouble_ ? failure(options_, "take connections", std::strerror(error)).message +
                            "; it tries again"
                      : "metrics listener: connections are taken again");
    } catch (...) {
      // It must not, and there is nobody to tell.
    }
  }

  void hand_out_answers() {
    std::uint64_t count = 0;
    (void)!::read(wake_.get(), &count, sizeof count);
    made_.clear();
    pool_.take(made_);
    for (AnswerPool::Made& made : made_) {
      const auto connection = std::ranges::find(connections_, made.connection, &Connection::id);
      if (connection == connections_.end()) continue;
      if (made.answer.head.empty()) {
        connection->done = true;
      } else if (!made.answer.body.empty() && unsent() + made.answer.size() > kMaxUnsent) {
        answer(*connection, plain_answer(503, "Too many answers wait to be taken; try again.\n"));
      } else {
        answer(*connection, std::move(made.answer));
      }
      if (!connection->done) write(*connection);
    }
  }

  [[nodiscard]] std::size_t unsent() const noexcept {
    std::size_t bytes = 0;
    for (const Connection& connection : connections_)
      bytes += connection.answer.size();
    return bytes;
  }

  void serve(Connection& connection) {
    if (connection.state == State::kReading) read(connection);
    if (connection.state == State::kWriting) write(connection);
    if (connection.state == State::kDraining) drain(connection);
  }

  void read(Connection& connection) {
    if (connection.stream.is_taken_for_plain()) {
      answer(connection, plain_answer(400, "This port speaks TLS; ask for https://.\n"));
      return;
    }
    char buffer[kRead];
    for (int i = 0; i < kReadsPerTurn; ++i) {
      const ssize_t n = connection.stream.receive(buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (n < 0 && errno == EPROTO) {  // it has been told why by an alert, which must not be lost
        end(connection);
        return;
      }
      if (n <= 0) {
        connection.done = true;
        return;
      }
      connection.received.append(buffer, static_cast<std::size_t>(n));
      if (look_at_request(connection)) return;
    }
  }

  /// True when the request is whole, or is refused already.
  bool look_at_request(Connection& connection) {
    if (!connection.head.empty()) return look_at_chunks(connection);
    std::string_view received = connection.received;
    received.remove_prefix(blank_lines(received));
    const std::optional<std::size_t> length = request_head_length(received);
    if (length && *length <= kMaxHead) {
      connection.head = received.substr(0, *length);
      received.remove_prefix(*length);
      const bool chunks = wants_chunks(connection.head, received);
      connection.received = std::string(received);
      if (chunks) return look_at_chunks(connection);
      ask(connection);
      return true;
    }
    std::optional<HeadFault> fault = fault_so_far(received);
    if (!fault && connection.received.size() > kMaxHead) {
      fault = HeadFault{431, "the head of the request is longer than 16 KiB"};
    }
    if (!fault) return false;
    answer(connection, refusal(*fault, received));
    return true;
  }

  /// The same for what stands behind the head.
  bool look_at_chunks(Connection& connection) {
    std::string& received = connection.received;
    received.erase(0, connection.chunks.read(received));
    if (connection.chunks.done()) {
      ask(connection);
    } else if (connection.chunks.failed()) {
      answer(connection, refusal({400, "the body's chunks are malformed"}, connection.head));
    } else if (received.size() > kMaxHead) {
      answer(connection, refusal({400, "a chunk's line is longer than 16 KiB"}, connection.head));
    } else {
      return false;
    }
    return true;
  }

  /// Has the request answered by the pool.
  void ask(Connection& connection) {
    pool_.add(connection.id, std::exchange(connection.head, {}),
              peer_of(connection.stream.socket()));
    connection.received = {};
    connection.state = State::kAnswering;
    connection.deadline = Clock::time_point::max();
  }

  void answer(Connection& connection, HttpAnswer answer) {
    connection.received = {};
    connection.answer = std::move(answer);
    connection.state = State::kWriting;
    connection.deadline = connection.old = Clock::now() + options_.timeout;
  }

  void write(Connection& connection) {
    const HttpAnswer& answer = connection.answer;
    while (connection.sent < answer.size()) {
      const bool in_head = connection.sent < answer.head.size();
      const std::string& part = in_head ? answer.head : answer.body;
      const std::size_t from = in_head ? connection.sent : connection.sent - answer.head.size();
      const ssize_t n = connection.stream.send(std::string_view(part).substr(from),
                                               in_head && !answer.body.empty());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (n < 0) {
        connection.done = true;
        return;
      }
      connection.sent += static_cast<std::size_t>(n);
    }
    end(connection);
  }

  /// Nothing more is sent: waits for the client to have read it.
  static void end(Connection& connection) {
    connection.stream.end();
    connection.answer = {};
    connection.received = {};
    connection.state = State::kDraining;
    connection.deadline = Clock::now() + kLinger;
  }

  /// Whether a client has taken some of its answer since the deadline was set, which buys as much
  /// time again. Asked of the kernel: a buffer of megabytes takes a slow client longer to empty
  /// than the timeout before there is room to write.
  [[nodiscard]] bool has_moved(Connection& connection) const noexcept {
    if (connection.state != State::kWriting) return false;
    const std::size_t taken = connection.stream.taken();
    if (taken <= connection.taken) return false;
    connection.taken = taken;
    connection.deadline = Clock::now() + options_.timeout;
    return true;
  }

  void drain(Connection& connection) {
    char buffer[kRead];
    for (int i = 0; i < kReadsPerTurn; ++i) {
      const ssize_t n = ::recv(connection.stream.socket(), buffer, sizeof buffer, 0);
      if (n > 0 || (n < 0 && errno == EINTR)) continue;
      if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) connection.done = true;
      return;
    }
  }

  const ExposerOptions options_;
  std::optional<TlsServer> tls_;
  metrics::Counter accept_failures_;
  Fd listener_;
  Fd wake_;
  Fd spare_;  // given up for a connection when there are no others
  std::uint16_t port_;
  std::vector<Connection> connections_;
  std::vector<pollfd> polled_;
  std::vector<AnswerPool::Made> made_;
  std::uint64_t last_id_ = 0;
  Clock::time_point accept_after_{};
  std::atomic<bool> in_trouble_{false};
  std::atomic<bool> stopping_{false};
  const pid_t process_ = ::getpid();
  AnswerPool pool_;
  std::thread thread_;
};

Exposer::Exposer(std::unique_ptr<Loop> loop) noexcept : loop_(std::move(loop)) {}

Exposer::~Exposer() {
  // In a child of fork() the threads are the parent's, and so is what the eventfd would wake: what
  // they stand on is left as it is.
  if (!loop_->at_home()) loop_.release()->leave_port();
}

bool Exposer::in_trouble() const noexcept {
  return loop_->in_trouble();
}

std::uint16_t Exposer::port() const noexcept {
  return loop_->port();
}

Result<std::unique_ptr<Exposer>> Exposer::start(ExposerOptions options, ScrapeHandler& handler) {
  std::vector<std::string> paths{"/metrics"};
  if (options.healthy) {
    if (!options.health_path.starts_with('/') || options.health_path == "/metrics")
      return failure(options, "serve the page \"" + options.health_path + "\"",
                     "health_path begins with / and is not /metrics");
    paths.push_back(options.health_path);
  }
  for (const auto& [path, more] : options.more) {
    if (more == nullptr || !path.starts_with('/') || std::ranges::count(paths, path) > 0)
      return failure(options, "serve the page \"" + path + "\"",
                     "a path begins with /, has a handler, and is given once");
    paths.push_back(path);
  }
  const ExposerTls& files = options.tls;
  if (files.certificate.empty() != files.key.empty() ||
      (files.certificate.empty() && !files.client_ca.empty()))
    return failure(options, "speak TLS",
                   "tls.certificate and tls.key go together, and tls.client_ca wants both");
  std::optional<TlsServer> tls;
  if (!files.certificate.empty()) {
    Result<TlsServer> loaded = TlsServer::load(files);
    if (!loaded) return failure(options, "speak TLS", loaded.error().message);
    tls = std::move(*loaded);
  }
  Result<Fd> listener = listen_on(options);
  if (!listener) return listener.error();
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return failure(options, "start", std::strerror(errno));
  options.max_connections = std::max<std::size_t>(options.max_connections, 1);
  options.threads = std::clamp<std::size_t>(options.threads, 1, kMaxThreads);
  options.timeout = std::clamp<std::chrono::milliseconds>(
      options.timeout, std::chrono::milliseconds(1), std::chrono::hours(24));
  try {
    ExposedPages pages{{{"/metrics", &handler}}, options.health_path, options.healthy};
    for (const auto& [path, more] : options.more)
      pages.scrapes.emplace_back(path, more);
    auto loop =
        std::make_unique<Loop>(options, std::move(tls), std::move(pages), handler.accept_failures_,
                               std::move(*listener), std::move(wake));
    loop->start();
    return std::unique_ptr<Exposer>(new Exposer(std::move(loop)));
  } catch (const std::exception& error) {
    return failure(options, "start its threads", error.what());
  }
}

}  // namespace vitals::exporting
