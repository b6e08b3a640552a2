#include "health_agent/cache/redis_link.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace health_agent::cache {
namespace {

using Kind = RedisReply::Kind;
using std::chrono::milliseconds;

constexpr int kFailuresToOpen = 3;
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{2000};
/// One that fails again sooner than this has not been well: the pauses go on growing.
constexpr std::chrono::seconds kWell{5};

RedisReply lost(std::string why) {
  RedisReply reply;
  reply.error = std::move(why);
  return reply;
}

/// A server that only lacks memory still gives what it has, and still erases.
bool harmless(const RedisReply& reply) {
  return reply.kind != Kind::kRefused || reply.lacks_memory();
}

}  // namespace

RedisLink::RedisLink(RedisLinkOptions options, Recover recover)
    : options_(std::move(options)), recover_(std::move(recover)) {
  idle_.reserve(options_.connections);
  probe();
  watcher_ = std::thread([this] { watch(); });
}

RedisLink::~RedisLink() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_all();
  watcher_.join();
}

RedisReply RedisLink::ask(std::span<const std::string_view> words) {
  if (!well()) return lost("it is away");
  std::string error;
  {
    const std::lock_guard lock{mutex_};
    if (on_loan_ >= options_.connections) return lost("all connections are in use");
    ++on_loan_;
  }
  // Also when there is no memory to ask: a place that is not given back is lost for good.
  struct Loan {
    RedisLink& link;
    ~Loan() {
      const std::lock_guard lock{link.mutex_};
      --link.on_loan_;
    }
  } const loan{*this};
  Connection connection = take();
  RedisReply reply;
  reply.kind = Kind::kStale;
  if (connection) reply = connection->ask(words);
  if (reply.kind == Kind::kStale) {
    connection = connect(error);
    reply = connection ? connection->ask(words) : lost(error);
  }
  if (reply.kind == Kind::kLost) connection.reset();
  const bool good = reply.kind != Kind::kLost && harmless(reply);
  if (!good) failed(reply.error);
  give_back(std::move(connection), good);
  return reply;
}

RedisLink::Connection RedisLink::take() {
  const std::lock_guard lock{mutex_};
  if (idle_.empty()) return nullptr;
  Connection connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

RedisLink::Connection RedisLink::connect(std::string& error) {
  std::string host;
  std::shared_ptr<const RedisTls> tls;
  {
    const std::lock_guard lock{mutex_};
    host = host_;
    tls = tls_;
  }
  return RedisConnection::open(host, options_.address, tls.get(), options_.connect_timeout,
                               options_.command_timeout, error);
}

void RedisLink::give_back(Connection connection, bool good) {
  const std::lock_guard lock{mutex_};
  if (good) failures_ = 0;
  if (!connection || !well()) return;
  idle_.push_back(std::move(connection));
}

void RedisLink::failed(const std::string& why) {
  std::unique_lock lock{mutex_};
  if (!well() || ++failures_ < kFailuresToOpen) return;
  open_breaker(lock, why);
}

void RedisLink::open_breaker(std::unique_lock<std::mutex>& lock, const std::string& why) {
  const bool first = well();
  const bool news = first || why != cause_;
  if (first) away_since_ = Clock::now();
  cause_ = why;
  open_.store(true, std::memory_order_release);  // pairs with the acquire in well()
  idle_.clear();
  lock.unlock();
  wake_.notify_all();
  if (news) report(RedisState::kAway, why);
}

void RedisLink::report(RedisState state, const std::string& words) {
  if (options_.report) options_.report(state, words);
}

void RedisLink::want_recovery() {
  {
    const std::lock_guard lock{mutex_};
    recovery_wanted_ = true;
  }
  wake_.notify_all();
}

// Only here, on the watcher's thread and at the start: looking a name up can take long, and no
// request may wait for it. The files of TLS are read again, for they may have been renewed.
bool RedisLink::resolve(std::string& error) {
  std::shared_ptr<const RedisTls> tls;
  if (options_.address.tls) {
    auto made = RedisTls::make(*options_.address.tls);
    if (!made) {
      error = made.error().message;
      return false;
    }
    tls = *std::move(made);
  }
  const std::vector<std::string> addresses = addresses_of(options_.address.host, error);
  for (const std::string& address : addresses) {
    const Connection connection =
        RedisConnection::open(address, options_.address, tls.get(), options_.connect_timeout,
                              options_.command_timeout, error);
    if (!connection) continue;
    const std::lock_guard lock{mutex_};
    host_ = address;
    tls_ = tls;
    return true;
  }
  return false;
}

void RedisLink::probe() {
  std::string error;
  bool wanted = false;
  {
    const std::lock_guard lock{mutex_};
    wanted = std::exchange(recovery_wanted_, false);
  }
  const bool found = well() || resolve(error);
  Connection connection = found ? connect(error) : nullptr;
  if (!connection || !recover_(*connection, error)) {
    std::unique_lock lock{mutex_};
    recovery_wanted_ |= wanted;
    open_breaker(lock, error);
    return;
  }
  std::unique_lock lock{mutex_};
  if (well()) return;
  failures_ = 0;
  const bool was_known_to_be_away = !std::exchange(cause_, {}).empty();
  back_since_ = Clock::now();
  const double seconds = std::chrono::duration<double>(back_since_ - away_since_).count();
  open_.store(false, std::memory_order_release);  // pairs with the acquire in well()
  lock.unlock();
  if (!was_known_to_be_away) return;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", seconds);
  report(RedisState::kBack, text);
}

void RedisLink::watch() {
  milliseconds pause = kFirstPause;
  Clock::time_point outage{};  // when the one began that the pause is for
  std::unique_lock lock{mutex_};
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || recovery_wanted_ || !well(); });
    if (!well()) {
      if (away_since_ != std::exchange(outage, away_since_) && back_since_ + kWell < away_since_)
        pause = kFirstPause;
      wake_.wait_for(lock, pause, [this] { return stopping_; });
      pause = std::min(2 * pause, kLongestPause);
    }
    if (stopping_ && !recovery_wanted_) return;
    const bool last = stopping_;
    const bool wanted = recovery_wanted_;
    lock.unlock();
    bool probed = true;
    try {
      probe();
    } catch (...) {
      probed = false;  // no memory for it: once more, after a pause
    }
    lock.lock();
    if (last) return;
    if (probed) continue;
    recovery_wanted_ |= wanted;
    wake_.wait_for(lock, kLongestPause, [this] { return stopping_; });
  }
}

}  // namespace health_agent::cache
