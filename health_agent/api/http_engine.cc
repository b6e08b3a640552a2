#include "health_agent/api/http_engine.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "health_agent/api/http_answer.h"
#include "health_agent/api/http_connection.h"

namespace health_agent::api {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

/// How often time limits are looked at.
constexpr auto kTick = std::chrono::milliseconds{250};
/// A loop that comes later than that was stopped, with its process or the machine: nobody is cut off
/// for what could not be done meanwhile.
constexpr auto kStandstill = std::chrono::seconds{1};
constexpr int kAcceptsAtOnce = 64;

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
        const Clock::time_point due = Clock::now() + kTick;
        loop.context.run_until(due);
        check_times(loop, due);
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

  static void check_times(Loop& loop, Clock::time_point due) {
    const Clock::time_point now = Clock::now();
    const bool stood_still = now - due > kStandstill;
    for (Connections* list : {&loop.waiting, &loop.busy}) {
      for (auto it = list->begin(); it != list->end();) {
        const std::shared_ptr<Connection> connection = *it++;  // it may leave the list
        if (stood_still) connection->forgive(now - due);
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
          welcome(taken);
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

  void welcome(HttpListener::Taken& taken) {
    if (shared.open.load(std::memory_order_relaxed) >= limit) {
      listener->at_limit(limit);
      if (!evict_oldest()) {
        send_last_answer(taken.fd);
        return;
      }
    }
    Loop& loop = *loops[next++ % loops.size()];
    if (&loop == loops.front().get()) {
      begin(loop, taken.release(), std::move(taken.address));
      return;
    }
    asio::post(loop.context, [&loop, fd = taken.fd, address = std::move(taken.address)]() mutable {
      begin(loop, fd, std::move(address));
    });
    static_cast<void>(taken.release());
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
