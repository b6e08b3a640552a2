#include "vitals/monitor/db.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "monitor/clock.h"
#include "monitor/families.h"
#include "monitor/fixed_text.h"
#include "vitals/context/detail.h"
#include "vitals/context/scope.h"
#include "vitals/metrics/detail/fork_gate.h"

namespace vitals::monitor {
namespace {

constexpr char upper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// What stands in front of a statement's first word: white space, `-- …` lines, `/* … */`.
std::string_view skip_blanks_and_comments(std::string_view text) noexcept {
  while (!text.empty()) {
    if (text.front() == ' ' || text.front() == '\t' || text.front() == '\n' ||
        text.front() == '\r' || text.front() == '(') {
      text.remove_prefix(1);
    } else if (text.starts_with("--")) {
      const std::size_t end = text.find('\n');
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    } else if (text.starts_with("/*")) {
      const std::size_t end = text.find("*/", 2);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    } else {
      break;
    }
  }
  return text;
}

bool starts_with_word(std::string_view text, std::string_view word) noexcept {
  if (text.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (upper(text[i]) != word[i]) return false;
  }
  if (text.size() == word.size()) return true;
  const char next = upper(text[word.size()]);
  return !((next >= 'A' && next <= 'Z') || (next >= '0' && next <= '9') || next == '_');
}

/// `SELECT users`, for a span's or breadcrumb's text.
FixedText<96> query_text(QueryType type, std::string_view table) noexcept {
  return {metrics::to_string(type), table};
}

thread_local int t_in_pool_source = 0;

/// What set_pool_source() was given, and how many threads are in the middle of it.
class PoolSource {
 public:
  explicit PoolSource(std::function<PoolCounts()> read) : read_(std::move(read)) {}

  /// Before ask(), while nobody can replace it.
  void enter() noexcept {
    // A child of fork() has none of its parent's threads: the upper half says whose calls these are.
    const std::uint64_t mine = std::uint64_t{metrics::detail::forks()} << 32U;
    std::uint64_t seen = calls_.load();
    while (!calls_.compare_exchange_weak(seen, mine | (under_way(seen) + 1))) {
    }
  }
  PoolCounts ask() {
    ++t_in_pool_source;
    const Leave leave{*this};
    return read_();
  }
  /// Returns when no thread is in it any more.
  void wait_until_left() const noexcept {
    for (std::uint64_t seen = calls_.load(); under_way(seen) > 0; seen = calls_.load())
      calls_.wait(seen);
  }

 private:
  struct Leave {
    PoolSource& source;
    ~Leave() {
      --t_in_pool_source;
      source.calls_.fetch_sub(1);
      source.calls_.notify_all();
    }
  };
  static std::uint64_t under_way(std::uint64_t calls) noexcept {
    return calls >> 32U == metrics::detail::forks() ? calls & 0xffff'ffffU : 0;
  }

  const std::function<PoolCounts()> read_;
  std::atomic<std::uint64_t> calls_{0};
};

/// Never destroyed: a late scrape may still ask.
union PoolSourcePlace {
  constexpr PoolSourcePlace() noexcept : source() {}
  ~PoolSourcePlace() {}
  std::shared_ptr<PoolSource> source;
};
constinit PoolSourcePlace g_pool;
constinit std::mutex g_pool_mutex;  // never held while a source is asked

}  // namespace

QueryType query_type_of(std::string_view statement) noexcept {
  const std::string_view text = skip_blanks_and_comments(statement);
  const auto& names = metrics::LabelValues<QueryType>::kValues;
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    if (starts_with_word(text, names[i])) return static_cast<QueryType>(i);
  }
  return QueryType::kOther;
}

void QueryScope::begin(QueryType type, std::string_view table) noexcept {
  running_ = true;
  type_ = type;
  table_.keep(table);
  start_ = std::chrono::steady_clock::now();
  if (!context::enabled()) return;
  span_ = context::start_span("db", query_text(type, table).view());
  if (!span_) return;
  span_.set_data("db.operation", metrics::to_string(type));
  span_.set_data("db.collection.name", table);
}

void QueryScope::end() noexcept {
  if (detail::Families* families = detail::families()) {
    families->db.queries.with(type_, table_.view()).inc();
    families->db.duration.with(type_).observe(detail::seconds_since(start_));
    if (!succeeded_) {
      const std::string_view word = error_type_.empty() ? "unknown" : error_type_.view();
      families->db.errors.with(type_, table_.view(), word).inc();
    }
  }
  if (!context::enabled()) return;
  context::add_breadcrumb({.type = "query",
                           .category = "db",
                           .message = query_text(type_, table_.view()).view(),
                           .level = succeeded_ ? vitals::Level::kInfo : vitals::Level::kError});
  if (!span_) return;
  span_.set_status(succeeded_ ? context::SpanStatus::kOk : context::SpanStatus::kInternalError);
  span_.finish();
}

void set_pool_source(std::function<PoolCounts()> source) {
  auto changed = source ? std::make_shared<PoolSource>(std::move(source)) : nullptr;
  {
    const metrics::detail::RoomLock lock{g_pool_mutex};
    g_pool.source.swap(changed);
  }
  // A source that replaces itself would wait for its own end.
  if (changed && t_in_pool_source == 0) changed->wait_until_left();
}

void update_pool_metrics(int total, int available) {
  set_pool_source([counts = PoolCounts{total, available}] { return counts; });
}

void observe_pool_wait(double seconds) noexcept {
  if (detail::Families* families = detail::families()) families->db.pool_wait.observe(seconds);
}

PoolCounts detail::current_pool_counts() {
  std::shared_ptr<PoolSource> source;
  {
    const metrics::detail::RoomLock lock{g_pool_mutex};
    source = g_pool.source;
    if (source) source->enter();
  }
  return source ? source->ask() : PoolCounts{};
}

}  // namespace vitals::monitor
