#include "health_agent/cache/cached_users.h"

#include <charconv>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "health_agent/cache/packed.h"

namespace health_agent::cache {
namespace {

using Parts = std::vector<std::string_view>;

// Three keys a user, so that a deleted user can be forgotten without a search.
std::string key_of(std::string_view what, std::string_view user_id) {
  std::string key;
  key.reserve(what.size() + user_id.size());
  return key.append(what).append(user_id);
}
std::string profile_key(std::string_view user_id) {
  return key_of("profile:", user_id);
}
std::string preferences_key(std::string_view user_id) {
  return key_of("preferences:", user_id);
}
std::string today_key(std::string_view user_id) {
  return key_of("today:", user_id);
}

/// Erases keys at its end, also when the write before it threw: what the database did then may not
/// be known. The keys are made at its beginning, since at its end there may be no memory for them.
class Invalidation {
 public:
  Invalidation(Cache& cache, std::vector<std::string> keys)
      : cache_(&cache), keys_(std::move(keys)) {}
  ~Invalidation() {
    for (const std::string& key : keys_)
      cache_->erase(key);
  }
  Invalidation(const Invalidation&) = delete;
  Invalidation& operator=(const Invalidation&) = delete;

 private:
  Cache* cache_;
  std::vector<std::string> keys_;
};

std::string packed(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) {
    pack(text, name);
    pack(text, value);
  }
  return text;
}

std::optional<Fields> fields_from(std::string_view text) {
  const std::optional<Parts> parts = unpack(text);
  if (!parts || parts->size() % 2 != 0) return std::nullopt;
  Fields fields;
  for (std::size_t i = 0; i < parts->size(); i += 2) {
    fields.emplace_hint(fields.end(), (*parts)[i], (*parts)[i + 1]);
  }
  return fields;
}

template <class Number>
void pack_number(std::string& to, Number value) {
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  pack(to, {digits, static_cast<std::size_t>(end - digits)});
}

void pack_optional(std::string& to, std::optional<double> value) {
  value ? pack_number(to, *value) : pack(to, {});
}

/// Reads parts one after the other, and remembers whether one was missing or wrong.
class Reader {
 public:
  explicit Reader(const Parts& parts) : parts_(&parts) {}

  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] bool at_end() const noexcept { return next_ == parts_->size(); }

  std::string_view text() {
    if (at_end()) {
      good_ = false;
      return {};
    }
    return (*parts_)[next_++];
  }

  template <class Number>
  Number number() {
    return parsed<Number>(text());
  }

  std::optional<double> optional_number() {
    const std::string_view part = text();
    if (part.empty()) return std::nullopt;
    return parsed<double>(part);
  }

 private:
  template <class Number>
  Number parsed(std::string_view part) {
    Number value{};
    const char* const end = part.data() + part.size();
    const auto [after, error] = std::from_chars(part.data(), end, value);
    if (error != std::errc{} || after != end) good_ = false;
    return value;
  }

  const Parts* parts_;
  std::size_t next_ = 0;
  bool good_ = true;
};

/// `from` is when the day began, which tells both a day and its zone.
std::string packed(std::int64_t from, const std::vector<FoodEntry>& entries) {
  std::string text;
  pack_number(text, from);
  for (const FoodEntry& entry : entries) {
    pack_number(text, entry.id);
    pack(text, entry.meal_type);
    pack_number(text, entry.timestamp);
    pack(text, entry.notes);
    pack_number(text, entry.foods.size());
    for (const Food& food : entry.foods) {
      pack(text, food.name);
      pack_number(text, food.quantity);
      pack(text, food.unit);
      pack_number(text, food.calories);
      pack_optional(text, food.protein);
      pack_optional(text, food.carbs);
      pack_optional(text, food.fat);
    }
  }
  return text;
}

std::optional<std::vector<FoodEntry>> entries_from(std::string_view text, std::int64_t from,
                                                   std::string_view user_id) {
  const std::optional<Parts> parts = unpack(text);
  if (!parts) return std::nullopt;
  Reader reader{*parts};
  if (reader.number<std::int64_t>() != from) return std::nullopt;  // yesterday's, after midnight
  std::vector<FoodEntry> entries;
  while (reader.good() && !reader.at_end()) {
    FoodEntry& entry = entries.emplace_back();
    entry.user_id = user_id;
    entry.id = reader.number<std::int64_t>();
    entry.meal_type = reader.text();
    entry.timestamp = reader.number<std::int64_t>();
    entry.notes = reader.text();
    const auto foods = reader.number<std::size_t>();
    for (std::size_t i = 0; i < foods && reader.good(); ++i) {
      Food& food = entry.foods.emplace_back();
      food.name = reader.text();
      food.quantity = reader.number<double>();
      food.unit = reader.text();
      food.calories = reader.number<double>();
      food.protein = reader.optional_number();
      food.carbs = reader.optional_number();
      food.fat = reader.optional_number();
    }
  }
  if (!reader.good()) return std::nullopt;
  return entries;
}

DaySummary summary_of(std::vector<FoodEntry> entries) {
  DaySummary summary{std::move(entries), {}};
  for (const FoodEntry& entry : summary.entries) {
    summary.totals += totals_of(entry.foods);
  }
  return summary;
}

/// What the cache has, or else what `load` gives, which the cache then has.
template <class Read, class Load, class Pack>
auto cached(Cache& cache, const std::string& key, Read&& read, Load&& load, Pack&& pack) {
  Lookup found = cache.lookup(key);
  if (found.value) {
    if (auto value = read(*found.value)) return *std::move(value);
    cache.erase(key);  // only what is not there may be filled
    found = cache.lookup(key);
  }
  auto value = load();
  if (!found.value) cache.fill(key, pack(value), found.version);
  return value;
}

template <class Load>
Fields cached_fields(Cache& cache, const std::string& key, Load&& load) {
  return cached(cache, key, fields_from, load, [](const Fields& fields) { return packed(fields); });
}

}  // namespace

Fields CachedUsers::profile(std::string_view user_id) {
  return cached_fields(*cache_, profile_key(user_id), [&] { return store_->profile(user_id); });
}

Fields CachedUsers::preferences(std::string_view user_id) {
  return cached_fields(*cache_, preferences_key(user_id),
                       [&] { return store_->preferences(user_id); });
}

DaySummary CachedUsers::food_of_day(std::string_view user_id, const TimeZone& zone,
                                    std::int64_t day, std::int64_t now) {
  const std::int64_t from = zone.start_of(day);
  const std::int64_t to = zone.start_of(day + 1);
  if (day != zone.day_of(now)) return summary_of(store_->food_entries(user_id, from, to));
  return summary_of(cached(
      *cache_, today_key(user_id),
      [&](const std::string& value) { return entries_from(value, from, user_id); },
      [&] { return store_->food_entries(user_id, from, to); },
      [&](const std::vector<FoodEntry>& entries) { return packed(from, entries); }));
}

std::vector<DaySummary> CachedUsers::food_of_days(std::string_view user_id, const TimeZone& zone,
                                                  std::int64_t first, std::int64_t last) {
  std::vector<DaySummary> days;
  std::vector<FoodEntry> entries =
      store_->food_entries(user_id, zone.start_of(first), zone.start_of(last + 1));
  auto next = entries.begin();
  for (std::int64_t day = first; day <= last; ++day) {
    const std::int64_t end = zone.start_of(day + 1);
    const auto begin = next;
    while (next != entries.end() && next->timestamp < end)
      ++next;
    days.push_back(summary_of({std::make_move_iterator(begin), std::make_move_iterator(next)}));
  }
  return days;
}

void CachedUsers::set_profile_field(std::string_view user_id, std::string_view field,
                                    std::string_view json) {
  const Invalidation after{*cache_, {profile_key(user_id)}};
  store_->set_profile_field(user_id, field, json);
}

void CachedUsers::set_preference(std::string_view user_id, std::string_view name,
                                 std::string_view json) {
  const Invalidation after{*cache_, {preferences_key(user_id)}};
  store_->set_preference(user_id, name, json);
}

FoodEntry CachedUsers::save_food_entry(FoodEntry entry, const db::Also& also) {
  const Invalidation after{*cache_, {today_key(entry.user_id)}};
  return store_->save_food_entry(std::move(entry), also);
}

FoodEntry CachedUsers::edit_food(std::string_view user_id, std::int64_t entry_id,
                                 const std::function<void(FoodEntry&)>& edit) {
  const Invalidation after{*cache_, {today_key(user_id)}};
  return store_->edit_food(user_id, entry_id, edit);
}

void CachedUsers::change_food(std::string_view user_id, const FoodChange& change) {
  const Invalidation after{*cache_, {today_key(user_id)}};
  store_->change_food(user_id, change);
}

std::vector<FoodEntry> CachedUsers::save_turn(std::string_view user_id, const db::Turn& turn,
                                              const db::Also& also) {
  std::vector<std::string> keys;
  if (!turn.entries.empty() || !turn.changes.empty() || !turn.replaced.empty())
    keys.push_back(today_key(user_id));
  if (!turn.preferences.empty()) keys.push_back(preferences_key(user_id));
  if (keys.empty()) return store_->save_turn(user_id, turn, also);
  const Invalidation after{*cache_, std::move(keys)};
  return store_->save_turn(user_id, turn, also);
}

bool CachedUsers::delete_user(std::string_view user_id) {
  const Invalidation after{*cache_,
                           {profile_key(user_id), preferences_key(user_id), today_key(user_id)}};
  return store_->delete_user(user_id);
}

}  // namespace health_agent::cache
