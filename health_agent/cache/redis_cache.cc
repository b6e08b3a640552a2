#include "health_agent/cache/redis_cache.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <new>
#include <random>
#include <utility>
#include <vector>

#include "health_agent/cache/pending_erases.h"
#include "vitals/monitor/cache.h"

namespace health_agent::cache {
namespace {

using vitals::monitor::CacheOperation;
using vitals::monitor::CacheScope;
using Kind = RedisReply::Kind;
using std::string_view;

// The number changes with the form of keys or values, so that two versions of the program can share
// a Redis.
constexpr string_view kPrefix = "health-agent:1:";
constexpr string_view kMarkMilliseconds = "60000";
constexpr std::size_t kBatch = 500;

// The keys of every script: 1 the generation, 2 the value, 3 the mark. The generation stands in
// front of every value and mark; a new one makes all of them void at once.

// ARGV: a fresh random number, how long a mark lives. Gives the value, or the mark's number.
constexpr string_view kLookup = R"lua(
local g = redis.call('GET', KEYS[1])
if not g then
  g = ARGV[1]
  redis.call('SET', KEYS[1], g)
end
g = g .. ':'
local v = redis.call('GET', KEYS[2])
if v and string.sub(v, 1, #g) == g then return {string.sub(v, #g + 1), false} end
local m = redis.call('GET', KEYS[3])
if not m or string.sub(m, 1, #g) ~= g then m = g .. ARGV[1] end
redis.call('SET', KEYS[3], m, 'PX', ARGV[2])
return {false, string.sub(m, #g + 1)}
)lua";

// ARGV: the mark's number, the value, its time to live.
constexpr string_view kFill = R"lua(
local g = redis.call('GET', KEYS[1])
if not g or redis.call('GET', KEYS[3]) ~= g .. ':' .. ARGV[1] then return 0 end
redis.call('SET', KEYS[2], g .. ':' .. ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[3])
return 1
)lua";

// ARGV: a fresh random number, the value, its time to live.
constexpr string_view kSet = R"lua(
local g = redis.call('GET', KEYS[1])
if not g then
  g = ARGV[1]
  redis.call('SET', KEYS[1], g)
end
redis.call('SET', KEYS[2], g .. ':' .. ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[3])
return 1
)lua";

std::uint64_t fresh_number() {
  thread_local std::mt19937_64 random = [] {
    std::random_device seed;
    std::seed_seq words{seed(), seed(), seed(), seed()};
    return std::mt19937_64{words};
  }();
  return std::uniform_int_distribution<std::uint64_t>{1}(random);
}

std::string generation_key() {
  return std::string(kPrefix).append("generation");
}
std::string value_key(string_view key) {
  return std::string(kPrefix).append("value:").append(key);
}
std::string mark_key(string_view key) {
  return std::string(kPrefix).append("mark:").append(key);
}

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

class RedisCache::Impl {
 public:
  explicit Impl(RedisCacheOptions options)
      : options_(std::move(options)),
        milliseconds_(std::to_string(std::chrono::milliseconds{options_.ttl}.count())),
        full_for_(std::min<std::chrono::milliseconds>(options_.full_for, options_.ttl)),
        pending_(options_.max_pending),
        link_(options_.link, [this](RedisConnection& connection, std::string& error) {
          return recover(connection, error);
        }) {}

  std::optional<Lookup> lookup(string_view key) {
    if (pending_.holds(key)) return std::nullopt;
    RedisReply reply =
        run(kLookup, key, {std::to_string(fresh_number()), std::string(kMarkMilliseconds)});
    // What is found is only read; else a mark was written.
    note(reply, reply.kind == Kind::kList && !reply.items.empty() && !reply.items[0]);
    if (reply.kind != Kind::kList || reply.items.size() != 2) return std::nullopt;
    Lookup found{std::move(reply.items[0]), 0};
    if (found.value) {
      hits_.fetch_add(1, std::memory_order_relaxed);
    } else {
      misses_.fetch_add(1, std::memory_order_relaxed);
      if (reply.items[1]) found.version = number_of(*reply.items[1]);
    }
    return found;
  }

  bool fits(string_view value) const { return value.size() <= options_.max_value; }

  /// Whether it was kept; nothing when Redis could not be asked.
  std::optional<bool> fill(string_view key, string_view value, std::uint64_t version) {
    if (version == 0) return std::nullopt;  // the lookup has failed
    const RedisReply reply =
        run(kFill, key, {std::to_string(version), std::string(value), milliseconds_});
    note(reply, reply.kind == Kind::kInteger && reply.integer == 1);
    if (reply.kind != Kind::kInteger) return std::nullopt;
    return reply.integer == 1;
  }

  bool set(string_view key, string_view value) {
    const RedisReply reply =
        run(kSet, key, {std::to_string(fresh_number()), std::string(value), milliseconds_});
    note(reply, reply.kind == Kind::kInteger);
    return reply.kind == Kind::kInteger;
  }

  bool erase(string_view key) noexcept {
    try {
      const std::string value = value_key(key);
      const std::string mark = mark_key(key);
      if (link_.ask(std::array<string_view, 3>{"DEL", value, mark}).kind == Kind::kInteger)
        return true;
    } catch (const std::bad_alloc&) {
      // No memory to ask for it: made up for as where Redis is away.
    }
    pending_.add(key);
    link_.want_recovery();
    return false;
  }

  CacheStats stats() {
    const RedisReply reply = link_.ask(std::array<string_view, 1>{"DBSIZE"});
    const auto size =
        reply.kind == Kind::kInteger ? static_cast<std::size_t>(reply.integer) : std::size_t{0};
    return {hits_.load(std::memory_order_relaxed), misses_.load(std::memory_order_relaxed), size,
            "redis"};
  }

  bool well() const noexcept { return link_.well(); }
  bool full() const noexcept { return full_.load(std::memory_order_relaxed); }

 private:
  /// Tells of a server that is full once, and of its end only when it has lasted: at the edge, one
  /// write in two succeeds.
  void note(const RedisReply& reply, bool wrote) {
    using Clock = std::chrono::steady_clock;
    if (reply.lacks_memory()) {
      refused_at_.store(Clock::now(), std::memory_order_relaxed);
      if (!full_.exchange(true)) tell(RedisState::kFull, reply.error);
    } else if (wrote && full() &&
               Clock::now() - refused_at_.load(std::memory_order_relaxed) > full_for_ &&
               full_.exchange(false)) {
      tell(RedisState::kRoom, {});
    }
  }
  void tell(RedisState state, const std::string& words) const {
    if (options_.link.report) options_.link.report(state, words);
  }

  static RedisReply run_on(RedisConnection& connection, string_view script, string_view key,
                           const std::vector<std::string>& arguments) {
    return with_words(script, key, arguments,
                      [&](std::span<const string_view> words) { return connection.ask(words); });
  }

  RedisReply run(string_view script, string_view key, const std::vector<std::string>& arguments) {
    return with_words(script, key, arguments,
                      [&](std::span<const string_view> words) { return link_.ask(words); });
  }

  // The whole script each time: Redis finds it by its hash, and a server that was restarted needs
  // no second question.
  template <class Ask>
  static RedisReply with_words(string_view script, string_view key,
                               const std::vector<std::string>& arguments, Ask&& ask) {
    const std::string generation = generation_key();
    const std::string value = value_key(key);
    const std::string mark = mark_key(key);
    std::vector<string_view> words{"EVAL", script, "3", generation, value, mark};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return ask(words);
  }

  /// Before Redis is trusted again: that scripts work, and that what should be gone is gone.
  bool recover(RedisConnection& connection, std::string& error) {
    const auto works = [&](const RedisReply& reply) {
      if (reply.lacks_memory()) return true;
      error = reply.error;
      return reply.kind != Kind::kRefused && reply.kind != Kind::kLost &&
             reply.kind != Kind::kStale;
    };
    if (!works(run_on(connection, kLookup, "probe", {std::to_string(fresh_number()), "1"})))
      return false;
    for (auto batch = pending_.next(kBatch); !batch.empty(); batch = pending_.next(kBatch)) {
      if (!works(batch.all != 0 ? begin_generation(connection) : erase_all(connection, batch)))
        return false;
      pending_.done(batch);
    }
    return true;
  }

  static RedisReply begin_generation(RedisConnection& connection) {
    const std::string key = generation_key();
    const std::string number = std::to_string(fresh_number());
    RedisReply reply = connection.ask(std::array<string_view, 3>{"SET", key, number});
    // No memory for a new one: none at all is as good, the next lookup makes it.
    if (reply.kind == Kind::kRefused)
      reply = connection.ask(std::array<string_view, 2>{"DEL", key});
    return reply;
  }

  static RedisReply erase_all(RedisConnection& connection, const PendingErases::Batch& batch) {
    std::vector<std::string> keys;
    for (const auto& [key, sequence] : batch.keys) {
      keys.push_back(value_key(key));
      keys.push_back(mark_key(key));
    }
    std::vector<string_view> words{"DEL"};
    words.insert(words.end(), keys.begin(), keys.end());
    return connection.ask(words);
  }

  const RedisCacheOptions options_;
  const std::string milliseconds_;
  const std::chrono::milliseconds full_for_;
  PendingErases pending_;
  std::atomic<std::uint64_t> hits_{0};
  std::atomic<std::uint64_t> misses_{0};
  std::atomic<bool> full_{false};
  std::atomic<std::chrono::steady_clock::time_point> refused_at_{};
  RedisLink link_;  // last: its thread uses the others
};

RedisCache::RedisCache(RedisCacheOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
RedisCache::~RedisCache() = default;

std::optional<std::string> RedisCache::get(string_view key) {
  return lookup(key).value;
}

Lookup RedisCache::lookup(string_view key) {
  CacheScope scope{CacheOperation::kGet, key};
  std::optional<Lookup> found = impl_->lookup(key);
  if (!found) return {};
  found->value ? scope.hit() : scope.miss();
  return *std::move(found);
}

void RedisCache::set(string_view key, string_view value) {
  CacheScope scope{CacheOperation::kSet, key};
  if (!impl_->fits(value) || impl_->set(key, value)) scope.ok();
}

bool RedisCache::fill(string_view key, string_view value, std::uint64_t version) {
  CacheScope scope{CacheOperation::kSet, key};
  const std::optional<bool> kept =
      impl_->fits(value) ? impl_->fill(key, value, version) : std::optional<bool>{false};
  if (kept) scope.ok();  // a refusal is the cache doing its work
  return kept.value_or(false);
}

void RedisCache::erase(string_view key) noexcept {
  CacheScope scope{CacheOperation::kDelete, key};
  if (impl_->erase(key)) scope.ok();
}

CacheStats RedisCache::stats() const {
  return impl_->stats();
}
bool RedisCache::healthy() const noexcept {
  return impl_->well();
}
bool RedisCache::full() const noexcept {
  return impl_->full();
}

}  // namespace health_agent::cache
