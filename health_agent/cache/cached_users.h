#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "health_agent/cache/cache.h"
#include "health_agent/db/store.h"
#include "health_agent/models.h"
#include "health_agent/time_zone.h"

namespace health_agent::cache {

/// What somebody ate on one day.
struct DaySummary {
  std::vector<FoodEntry> entries;  ///< oldest first
  Totals totals;
};

/// Profile, preferences and today's food, read through the cache and written past it. Use it for
/// these three wherever a Store would do: a write that does not go through here is seen only when
/// the cache's time has run out.
///
/// Once a write has returned (or thrown), no reader gets the value from before it, whatever raced.
///
/// Threads: any. Errors: as Store; the cache adds none. Cost: below a microsecond when cached.
class CachedUsers {
 public:
  CachedUsers(db::Store& store, Cache& cache) noexcept : store_(&store), cache_(&cache) {}

  [[nodiscard]] Fields profile(std::string_view user_id);
  [[nodiscard]] Fields preferences(std::string_view user_id);

  /// The food of each day from `first` to `last`, both included. Not cached.
  [[nodiscard]] std::vector<DaySummary> food_of_days(std::string_view user_id, const TimeZone& zone,
                                                     std::int64_t first, std::int64_t last);

  /// The food of `day`, as TimeZone::day_of() counts it. Only today's, by `now`, is cached; other
  /// days are rarely asked for.
  [[nodiscard]] DaySummary food_of_day(std::string_view user_id, const TimeZone& zone,
                                       std::int64_t day, std::int64_t now);

  void set_profile_field(std::string_view user_id, std::string_view field, std::string_view json);
  void set_preference(std::string_view user_id, std::string_view name, std::string_view json);
  /// As Store::save_food_entry.
  FoodEntry save_food_entry(FoodEntry entry, const db::Also& also = {});
  /// As Store::change_food.
  void change_food(std::string_view user_id, const FoodChange& change);
  /// As Store::edit_food.
  FoodEntry edit_food(std::string_view user_id, std::int64_t entry_id,
                      const std::function<void(FoodEntry&)>& edit);
  /// As Store::save_turn.
  std::vector<FoodEntry> save_turn(std::string_view user_id, const db::Turn& turn,
                                   const db::Also& also = {});
  bool delete_user(std::string_view user_id);

 private:
  db::Store* store_;
  Cache* cache_;
};

}  // namespace health_agent::cache
