#include "health_agent/db/pool.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "health_agent/db/connection.h"
#include "health_agent/db/postgres.h"
#include "health_agent/db/sqlite.h"
#include "health_agent/db/turnstile.h"
#include "health_agent/errors.h"

namespace health_agent::db {
namespace {

using Clock = std::chrono::steady_clock;
PoolOptions checked(PoolOptions options) {
  if (options.size < 1) {
    throw ConfigurationError("a pool of " + std::to_string(options.size) +
                             " connections cannot work; at least 1 is needed");
  }
  return options;
}

std::unique_ptr<Backend> make_backend(const PoolOptions& options) {
  auto url = parse_database_url(options.url);
  if (!url) throw ConfigurationError("DATABASE_URL: " + url.error().message);
  if (url->kind == DatabaseUrl::Kind::kSqlite) return make_sqlite(url->path, options.lock_timeout);
  return make_postgres(url->postgres, {.lock = options.lock_timeout});
}

}  // namespace

int default_pool_size() noexcept {
  return 2 * static_cast<int>(std::max(1U, std::thread::hardware_concurrency())) + 5;
}

struct Pool::Impl {
  explicit Impl(PoolOptions given)
      : options(checked(std::move(given))), backend(make_backend(options)), places(options.size) {
    backend->on_writing(options.on_writing);
    const auto size = static_cast<std::size_t>(options.size);
    connections.reserve(size);
    free.reserve(size);
    for (int i = 0; i < options.size; ++i) {
      connections.push_back(
          std::make_unique<Connection>(*backend, options.lock_timeout, write_turn));
      free.push_back(connections.back().get());
    }
    available = options.size;
  }

  void wait_for_place(std::chrono::milliseconds most) {
    if (places.try_enter()) {
      vitals::monitor::observe_pool_wait(0);
      return;
    }
    const auto start = Clock::now();
    const std::chrono::milliseconds wait = std::min(most, options.checkout_timeout);
    const bool entered = places.enter(wait);
    vitals::monitor::observe_pool_wait(std::chrono::duration<double>(Clock::now() - start).count());
    if (!entered) {
      throw DatabaseError(DatabaseError::Kind::kTimeout,
                          "all " + std::to_string(options.size) +
                              " connections are in use, and none came back within " +
                              std::to_string(wait.count()) + " ms");
    }
  }

  Connection& take(std::chrono::milliseconds wait) {
    wait_for_place(wait);
    const std::lock_guard lock{mutex};
    // A place in the turnstile means that there is one. One that need not be opened is better.
    const auto good = std::find_if(free.rbegin(), free.rend(),
                                   [](const Connection* each) { return !each->broken(); });
    const auto chosen = good == free.rend() ? std::prev(free.end()) : std::prev(good.base());
    Connection& connection = **chosen;
    free.erase(chosen);
    available.fetch_sub(1, std::memory_order_relaxed);
    return connection;
  }

  PoolOptions options;
  std::unique_ptr<Backend> backend;
  Turnstile write_turn{1};
  Turnstile places;
  std::mutex mutex;
  std::vector<Connection*> free;  // the last one back is the first one out: its caches are warm
  std::vector<std::unique_ptr<Connection>> connections;
  std::atomic<int> available{0};
};

Pool::Pool(PoolOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Pool::~Pool() = default;

Pool::Lease Pool::checkout(std::chrono::milliseconds wait) {
  impl_->backend->check();
  Lease lease{*this, impl_->take(wait)};
  lease.connection().make_usable();
  return lease;
}

void Pool::give_back(Connection& connection) noexcept {
  // What is broken may wait here for long, and must not keep a lock on the database meanwhile.
  if (connection.broken()) connection.close();
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->free.push_back(&connection);  // within the capacity reserved at the start
    impl_->available.fetch_add(1, std::memory_order_relaxed);
  }
  impl_->places.leave();
}

vitals::monitor::PoolCounts Pool::counts() const noexcept {
  const int available = impl_->available.load(std::memory_order_relaxed);
  return {impl_->options.size, impl_->backend->away() ? 0 : available};
}

bool Pool::writing_fails() const noexcept {
  return impl_->backend->writing_fails();
}

bool Pool::pooled() const noexcept {
  return impl_->backend->pooled();
}

Pool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), connection_(other.connection_) {}

Pool::Lease::~Lease() {
  if (pool_ != nullptr) pool_->give_back(*connection_);
}

}  // namespace health_agent::db
