#include "health_agent/db/leases.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "health_agent/db/connection.h"

namespace health_agent::db {
namespace {

using std::string;

// `expires_at` is for people who look into the table; nothing is decided by it.
constexpr Query<Columns<>, Params<Integer, string, string>> kRenew{
    QueryType::kUpdate, "leases",
    "UPDATE leases SET renewals = renewals + 1, expires_at = :expires_at"
    " WHERE name = :name AND holder = :holder"};

constexpr Query<Columns<string, Integer>, Params<string>> kRead{
    QueryType::kSelect, "leases", "SELECT holder, renewals FROM leases WHERE name = :name"};

constexpr Query<Columns<string>, Params<string, string, Integer>> kTake{
    QueryType::kInsert, "leases",
    "INSERT INTO leases (name, holder, expires_at, renewals)"
    " VALUES (:name, :holder, :expires_at, 1) ON CONFLICT (name) DO NOTHING RETURNING holder"};

// Only if the row is still the one that stood still: of several who watch, one wins.
constexpr Query<Columns<>, Params<string, Integer, string, string, Integer>> kTakeOver{
    QueryType::kUpdate, "leases",
    "UPDATE leases SET holder = :holder, expires_at = :expires_at, renewals = renewals + 1"
    " WHERE name = :name AND holder = :old_holder AND renewals = :old_renewals"};

constexpr Query<Columns<>, Params<string, string>> kRelease{
    QueryType::kDelete, "leases", "DELETE FROM leases WHERE name = :name AND holder = :holder"};

constexpr Query<Columns<string, string, Integer>, Params<>> kAll{
    QueryType::kSelect, "leases", "SELECT name, holder, renewals FROM leases"};

constexpr Query<Columns<>, Params<string, string, Integer>> kDrop{
    QueryType::kDelete, "leases",
    "DELETE FROM leases WHERE name = :name AND holder = :holder AND renewals = :renewals"};

}  // namespace

Leases::Leases(Pool& pool, std::string holder, std::chrono::milliseconds ttl, Now now)
    : pool_(&pool), holder_(std::move(holder)), ttl_(ttl), now_(std::move(now)) {}

bool Leases::hold(const std::string& name) {
  const Clock::time_point begun = now_();
  const Integer expires = std::chrono::duration_cast<std::chrono::seconds>(
                              std::chrono::system_clock::now().time_since_epoch() + ttl_)
                              .count();
  if (run(*pool_, kRenew, expires, name, holder_) > 0) {
    renewed(name, begun);
    return true;
  }
  {
    const std::lock_guard lock{mutex_};
    held_.erase(name);
  }
  std::optional<std::pair<string, Integer>> other;
  run(
      *pool_, kRead,
      [&](const string& holder, Integer renewals) { other.emplace(holder, renewals); }, name);
  bool taken = false;
  if (!other) {
    run(
        *pool_, kTake, [&](const string&) { taken = true; }, name, holder_, expires);
  } else if (stands_still(name, other->first, other->second)) {
    taken = run(*pool_, kTakeOver, holder_, expires, name, other->first, other->second) > 0;
  }
  if (taken) renewed(name, begun);
  return taken;
}

bool Leases::holds(const std::string& name) const {
  const std::lock_guard lock{mutex_};
  const auto found = held_.find(name);
  // A quarter of the time is left for whatever lies between this answer and what is done on it.
  return found != held_.end() && now_() - found->second < ttl_ * 3 / 4;
}

void Leases::release(const std::string& name) {
  {
    const std::lock_guard lock{mutex_};
    held_.erase(name);
  }
  run(*pool_, kRelease, name, holder_);
}

int Leases::drop_dead(std::string_view prefix) {
  struct Row {
    string name;
    string holder;
    Integer renewals;
  };
  std::vector<Row> rows;
  run(*pool_, kAll, [&](const string& name, const string& holder, Integer renewals) {
    if (name.starts_with(prefix) && holder != holder_) rows.push_back({name, holder, renewals});
  });
  {
    const std::lock_guard lock{mutex_};
    std::erase_if(seen_, [&](const auto& entry) {
      return entry.first.starts_with(prefix) &&
             std::none_of(rows.begin(), rows.end(),
                          [&](const Row& row) { return row.name == entry.first; });
    });
  }
  int dropped = 0;
  for (const Row& row : rows) {
    if (stands_still(row.name, row.holder, row.renewals))
      dropped += run(*pool_, kDrop, row.name, row.holder, row.renewals) > 0 ? 1 : 0;
  }
  return dropped;
}

bool Leases::stands_still(const std::string& name, const std::string& holder, long long renewals) {
  const std::lock_guard lock{mutex_};
  Seen& seen = seen_[name];
  if (seen.holder != holder || seen.renewals != renewals) {
    seen = {holder, renewals, now_()};
    return false;
  }
  return now_() - seen.since >= ttl_;
}

void Leases::renewed(const std::string& name, Clock::time_point at) {
  const std::lock_guard lock{mutex_};
  held_[name] = at;
  seen_.erase(name);
}

}  // namespace health_agent::db
