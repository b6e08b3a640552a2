#include "vitals/monitor/db.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "monitor/clock.h"
#include "monitor/families.h"
#include "monitor/fixed_text.h"
#include "monitor/read_families.h"
#include "vitals/context/detail.h"
#include "vitals/context/scope.h"
#include "vitals/metrics/detail/fork_gate.h"
#include "vitals/metrics/detail/user_call.h"

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

/// One pool that is observed, and how many threads are in the middle of asking it.
struct ObservedPool {
  std::string name;
  std::function<PoolCounts()> read;
  metrics::detail::UserCalls calls;
};

/// All of them. Never destroyed: a late scrape may still ask.
struct Pools {
  std::mutex mutex;  // never held while one is asked
  std::vector<std::shared_ptr<ObservedPool>> all;
};
Pools& pools() {
  static auto& made = *new Pools;
  return made;
}

std::vector<std::shared_ptr<ObservedPool>> all_pools() {
  const metrics::detail::RoomLock lock{pools().mutex};
  return pools().all;
}

/// Puts a pool in the place of that of the same name; null takes that one out. Returns when the
/// former is not asked any more.
void exchange_pool(std::string_view name, std::shared_ptr<ObservedPool> next) {
  std::shared_ptr<ObservedPool> former;
  {
    const metrics::detail::RoomLock lock{pools().mutex};
    std::vector<std::shared_ptr<ObservedPool>>& all = pools().all;
    const auto there =
        std::ranges::find_if(all, [&](const auto& pool) { return pool->name == name; });
    if (there == all.end()) {
      if (next) all.push_back(std::move(next));
    } else if (next) {
      former = std::exchange(*there, std::move(next));
    } else {
      former = std::move(*there);
      all.erase(there);
    }
  }
  if (former) former->calls.stop();
}

class PoolGauges final : public detail::ReadFamilies {
 public:
  explicit PoolGauges(detail::Definer& define)
      : ReadFamilies(define),
        size_(add(define, "db_connection_pool_size", "Connections that the database pool holds.",
                  metrics::MetricType::kGauge)),
        available_(add(define, "db_connection_pool_available",
                       "Connections of the database pool that are free.",
                       metrics::MetricType::kGauge)) {}

  void collect(metrics::SampleSink& sink) override {
    std::vector<std::pair<std::string, PoolCounts>> counts;
    std::exception_ptr fault;
    for (const std::shared_ptr<ObservedPool>& pool : all_pools()) {
      const metrics::detail::UserCall call{pool->calls};
      if (!call) continue;
      try {
        counts.emplace_back(pool->name, pool->read());
      } catch (...) {
        // Its gauges are left out this time, those of the other pools are not.
        fault = std::current_exception();
      }
    }
    if (!counts.empty()) write(sink, counts);
    if (fault) std::rethrow_exception(fault);  // the registry counts it and tells of it
  }

 private:
  void write(metrics::SampleSink& sink,
             const std::vector<std::pair<std::string, PoolCounts>>& counts) {
    if (begin(sink, size_)) {
      for (const auto& [name, count] : counts)
        sink.gauge(labels({{"pool", name}}), count.total);
    }
    if (begin(sink, available_)) {
      for (const auto& [name, count] : counts)
        sink.gauge(labels({{"pool", name}}), count.available);
    }
  }

  const std::size_t size_;
  const std::size_t available_;
};

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
  span_.set_data("db.operation.name", metrics::to_string(type));
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
  if (context::captures_breadcrumbs()) {
    context::add_breadcrumb({.type = "query",
                             .category = "db",
                             .message = query_text(type_, table_.view()).view(),
                             .level = succeeded_ ? vitals::Level::kInfo : vitals::Level::kError});
  }
  if (!span_) return;
  if (!succeeded_ && !error_type_.empty()) span_.set_data("error.type", error_type_.view());
  span_.set_status(succeeded_ ? context::SpanStatus::kOk : context::SpanStatus::kInternalError);
  span_.finish();
}

PoolObservation::PoolObservation(std::string_view name, std::function<PoolCounts()> read) {
  auto pool = std::make_shared<ObservedPool>();
  pool->name = name;
  pool->read = std::move(read);
  pool_ = pool;
  exchange_pool(name, std::move(pool));
  detail::Families* const families = detail::families();
  if (families != nullptr) static_cast<void>(families->db.pool_wait.with(name));
}

void PoolObservation::end() noexcept {
  const std::shared_ptr<void> mine = std::exchange(pool_, nullptr);
  if (mine == nullptr) return;
  {
    const metrics::detail::RoomLock lock{pools().mutex};
    std::erase_if(pools().all, [&](const auto& pool) { return pool == mine; });
  }
  static_cast<ObservedPool*>(mine.get())->calls.stop();
}

void set_pool_source(std::function<PoolCounts()> source) {
  if (!source) {
    // Where there was one, its gauges stay, at 0.
    const auto pools = all_pools();
    if (std::ranges::none_of(pools, [](const auto& pool) { return pool->name.empty(); })) return;
    source = [] { return PoolCounts{}; };
  }
  PoolObservation unnamed{{}, std::move(source)};
  unnamed.keep();
}

void update_pool_metrics(int total, int available) {
  set_pool_source([counts = PoolCounts{total, available}] { return counts; });
}

void observe_pool_wait(double seconds, std::string_view pool) noexcept {
  if (detail::Families* families = detail::families())
    families->db.pool_wait.with(pool).observe(seconds);
}

void detail::add_pools(Definer& define) {
  auto gauges = std::make_unique<PoolGauges>(define);
  if (!gauges->all_off()) define.collector(std::move(gauges));
}

bool detail::has_unnamed_pool() noexcept {
  const metrics::detail::RoomLock lock{pools().mutex};
  return std::ranges::any_of(pools().all, [](const auto& pool) { return pool->name.empty(); });
}

}  // namespace vitals::monitor
