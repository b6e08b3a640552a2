#include "health_agent/db/pool.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "health_agent/db/connection.h"
#include "health_agent/db/sqlite.h"
#include "health_agent/db/turnstile.h"
#include "health_agent/errors.h"

namespace health_agent::db {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::string_view kAccepted =
    "; accepted is sqlite:PATH, such as sqlite:data/health_agent.db";

PoolOptions checked(PoolOptions options) {
  if (options.size < 1) {
    throw ConfigurationError("a pool of " + std::to_string(options.size) +
                             " connections cannot work; at least 1 is needed");
  }
  return options;
}

std::string path_of(const std::string& url) {
  auto parsed = parse_database_url(url);
  if (!parsed) throw ConfigurationError("DATABASE_URL: " + parsed.error().message);
  return parsed->path;
}

}  // namespace

vitals::Result<DatabaseUrl> parse_database_url(std::string_view text) {
  const auto error = [](std::string_view what) {
    return vitals::Error{std::string(what).append(kAccepted)};
  };
  const std::string_view scheme = "sqlite:";
  if (text.empty()) return error("it is empty");
  if (text.starts_with("postgresql:") || text.starts_with("postgres:")) {
    return error("PostgreSQL is not built into this program");
  }
  if (!text.starts_with(scheme)) return error("it has no known scheme");
  const std::string_view path = text.substr(scheme.size());
  if (path.empty()) return error("the path after sqlite: is missing");
  if (path.starts_with(":memory:") || path.starts_with("file:")) {
    return error("a database in memory cannot be shared by the connections of a pool");
  }
  if (path.find_first_of(std::string_view("\"\0\n", 3)) != std::string_view::npos) {
    return error("the path has a quote, a line break or a NUL in it");
  }
  return DatabaseUrl{std::string(path)};
}

int default_pool_size() noexcept {
  return 2 * static_cast<int>(std::max(1U, std::thread::hardware_concurrency())) + 5;
}

struct Pool::Impl {
  explicit Impl(PoolOptions given)
      : options(checked(std::move(given))), path(path_of(options.url)), places(options.size) {
    make_parent_folder(path);
    const auto size = static_cast<std::size_t>(options.size);
    connections.reserve(size);
    free.reserve(size);
    for (int i = 0; i < options.size; ++i) {
      connections.push_back(std::make_unique<Connection>(path, options.lock_timeout, write_turn));
      free.push_back(connections.back().get());
    }
    file = identity_of(path);
    available = options.size;
  }

  // A file that was deleted or replaced can still be read and written through the connections that
  // have it open, and all of that would be lost. Asking costs a system call, so not at every
  // checkout.
  void check_file() {
    const auto now = Clock::now().time_since_epoch();
    if (now < milliseconds{next_check.load(std::memory_order_relaxed)}) return;
    if (identity_of(path) != file) {
      throw DatabaseError(DatabaseError::Kind::kUnavailable,
                          "the database " + path +
                              " was replaced by another file; put it back or restart the service");
    }
    const auto next = std::chrono::duration_cast<milliseconds>(now) + kCheckEvery;
    next_check.store(next.count(), std::memory_order_relaxed);
  }

  void wait_for_place() {
    if (places.try_enter()) {
      vitals::monitor::observe_pool_wait(0);
      return;
    }
    const auto start = Clock::now();
    const bool entered = places.enter(options.checkout_timeout);
    vitals::monitor::observe_pool_wait(std::chrono::duration<double>(Clock::now() - start).count());
    if (!entered) {
      throw DatabaseError(DatabaseError::Kind::kTimeout,
                          "all " + std::to_string(options.size) +
                              " connections are in use, and none came back within " +
                              std::to_string(options.checkout_timeout.count()) + " ms");
    }
  }

  Connection& take() {
    wait_for_place();
    const std::lock_guard lock{mutex};
    Connection& connection = *free.back();  // a place in the turnstile means that there is one
    free.pop_back();
    available.fetch_sub(1, std::memory_order_relaxed);
    return connection;
  }

  static constexpr milliseconds kCheckEvery{100};

  PoolOptions options;
  std::string path;
  FileIdentity file;
  std::atomic<milliseconds::rep> next_check{0};
  Turnstile write_turn{1};
  Turnstile places;
  std::mutex mutex;
  std::vector<Connection*> free;  // the last one back is the first one out: its caches are warm
  std::vector<std::unique_ptr<Connection>> connections;
  std::atomic<int> available{0};
};

Pool::Pool(PoolOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Pool::~Pool() = default;

Pool::Lease Pool::checkout() {
  impl_->check_file();
  Lease lease{*this, impl_->take()};
  if (lease.connection().broken()) lease.connection().reopen();
  return lease;
}

void Pool::give_back(Connection& connection) noexcept {
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->free.push_back(&connection);  // within the capacity reserved at the start
    impl_->available.fetch_add(1, std::memory_order_relaxed);
  }
  impl_->places.leave();
}

vitals::monitor::PoolCounts Pool::counts() const noexcept {
  return {impl_->options.size, impl_->available.load(std::memory_order_relaxed)};
}

Pool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), connection_(other.connection_) {}

Pool::Lease::~Lease() {
  if (pool_ != nullptr) pool_->give_back(*connection_);
}

}  // namespace health_agent::db
