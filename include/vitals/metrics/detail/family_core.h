#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/metrics/counter.h"
#include "vitals/metrics/detail/cells.h"
#include "vitals/metrics/gauge.h"
#include "vitals/metrics/histogram.h"
#include "vitals/metrics/native_buckets.h"
#include "vitals/metrics/sample_sink.h"
#include "vitals/metrics/summary.h"
#include "vitals/metrics/where.h"

#pragma GCC visibility push(default)

/// What a family stands on. Not for use from outside: it may change.
namespace vitals::metrics::detail {

/// One label set of a family. Its texts follow it in the same block of memory: where each value
/// lies, the rendered labels, and the values as they were given.
struct Series {
  struct Value {
    std::uint32_t offset;  ///< from the end of the Value array
    std::uint32_t size;
  };

  union {
    std::atomic<double>* gauge = nullptr;  ///< of a gauge
    OptionalParts* parts;                  ///< of the others that have one
  };
  double created = 0.0;  ///< seconds since 1970-01-01 UTC
  Slot slot = kNoSlot;
  std::uint32_t labels_size = 0;
  std::uint32_t era = 0;  ///< of the family, see FamilyCore::clear()
  std::atomic<bool> removed{false};

  [[nodiscard]] const Value* values() const noexcept {
    return reinterpret_cast<const Value*>(this + 1);
  }
  [[nodiscard]] const char* texts(std::size_t label_count) const noexcept {
    return reinterpret_cast<const char*>(values() + label_count);
  }
  [[nodiscard]] std::string_view value(std::size_t i, std::size_t label_count) const noexcept {
    return {texts(label_count) + values()[i].offset, values()[i].size};
  }
  [[nodiscard]] std::string_view labels(std::size_t label_count) const noexcept {
    return {texts(label_count), labels_size};
  }
};

class LongLock;

/// Where the series of a family lie, one behind the other, so that a scrape goes through memory in
/// order whatever the heap looks like. None is freed before all are.
class SeriesArena {
 public:
  /// Throws std::bad_alloc.
  [[nodiscard]] void* take(std::size_t size);

 private:
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
};

struct HandleMaker {
  [[nodiscard]] static Counter make(const Series& s, const BucketLayout*, const Counter*) noexcept {
    return Counter{s.slot, s.parts};
  }
  [[nodiscard]] static Gauge make(const Series& s, const BucketLayout*, const Gauge*) noexcept {
    return Gauge{s.gauge};
  }
  [[nodiscard]] static Histogram make(const Series& s, const BucketLayout* layout,
                                      const Histogram*) noexcept {
    return Histogram{layout, s.slot, s.parts};
  }
  [[nodiscard]] static Summary make(const Series& s, const BucketLayout*, const Summary*) noexcept {
    return Summary{s.slot, s.parts};
  }
  [[nodiscard]] static Slot slot(Counter c) noexcept { return c.slot_; }
};

[[nodiscard]] inline std::uint64_t load_bytes(const char* from, std::size_t n) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, n);
  return word;
}

/// The product of two words, its halves folded onto each other.
[[nodiscard]] inline std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// A hash for short texts in a table of this process. Nothing rests on it but speed, since keys are
/// compared in full. One multiplication for each 16 bytes; those of the first 32 do not wait for
/// each other. Both factors hold what only this process knows: a stranger who could make one of
/// them 0 could choose any number of texts with one hash.
[[nodiscard]] inline std::uint64_t hash_text(std::string_view text, std::uint64_t seed) noexcept {
  const std::uint64_t first = std::rotl(seed, 32) ^ 0xa076'1d64'78bd'642f;
  const std::uint64_t second = std::rotl(seed, 16) ^ 0xe703'7ed1'a0b4'28db;
  const char* p = text.data();
  const std::size_t n = text.size();
  if (n > 16) {
    const char* const last = p + n - 16;
    const std::uint64_t end =
        fold_product(load_bytes(last, 8) ^ second ^ n, load_bytes(last + 8, 8) ^ seed);
    std::uint64_t hash = seed;
    for (; p < last; p += 16) {
      hash = fold_product(load_bytes(p, 8) ^ first, load_bytes(p + 8, 8) ^ hash);
    }
    return hash + end;
  }
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  if (n >= 8) {
    a = load_bytes(p, 8);
    b = load_bytes(p + n - 8, 8);
  } else if (n >= 4) {
    a = load_bytes(p, 4);
    b = load_bytes(p + n - 4, 4);
  } else if (n > 0) {
    a = (static_cast<std::uint64_t>(static_cast<unsigned char>(p[0])) << 16) |
        (static_cast<std::uint64_t>(static_cast<unsigned char>(p[n / 2])) << 8) |
        static_cast<unsigned char>(p[n - 1]);
  }
  return fold_product(a ^ first ^ n, b ^ seed);
}

[[nodiscard]] inline bool equal_text(const char* a, const char* b, std::size_t n) noexcept {
  // The first and the last word, which overlap where the text is shorter than both.
  const auto ends_differ = [=](std::size_t word) {
    return (load_bytes(a, word) ^ load_bytes(b, word)) |
           (load_bytes(a + n - word, word) ^ load_bytes(b + n - word, word));
  };
  if (n > 32) return std::memcmp(a, b, n) == 0;
  if (n > 16) {
    return (ends_differ(8) | (load_bytes(a + 8, 8) ^ load_bytes(b + 8, 8)) |
            (load_bytes(a + n - 16, 8) ^ load_bytes(b + n - 16, 8))) == 0;
  }
  if (n >= 8) return ends_differ(8) == 0;
  if (n >= 4) return ends_differ(4) == 0;
  if (n >= 2) return ends_differ(2) == 0;
  return n == 0 || *a == *b;
}

/// Calls `check` for each index until one is refused; true when none was. Unrolled where the number
/// is known, which is so wherever it must be fast.
template <std::size_t N, class Check>
constexpr bool for_all(std::span<const std::string_view, N> values, const Check& check) {
  if constexpr (N == std::dynamic_extent) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!check(i)) return false;
    }
    return true;
  } else {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (check(I) && ...);
    }
    (std::make_index_sequence<N>());
  }
}

/// An open-addressing table that readers search without a lock. Written by one at a time, under the
/// family's mutex. An entry is a series' address with sixteen bits of its hash above it, where no
/// address of a 64-bit machine has any; an entry may be used again after a removal, since a reader
/// compares the whole key.
struct SeriesTable {
  using Entry = std::uint64_t;
  static_assert(sizeof(void*) == sizeof(Entry));
  static constexpr Entry kFree = 0;
  static constexpr Entry kRemoved = 1;
  static constexpr int kTagShift = 48;

  explicit SeriesTable(std::size_t capacity)
      : mask(capacity - 1), entries(std::make_unique<std::atomic<Entry>[]>(capacity)) {}

  [[nodiscard]] static Entry entry_of(const Series* series, std::uint64_t hash) noexcept {
    return reinterpret_cast<Entry>(series) | (hash >> kTagShift << kTagShift);
  }
  [[nodiscard]] static const Series* series_of(Entry entry) noexcept {
    return std::bit_cast<const Series*>(entry & ((Entry{1} << kTagShift) - 1));
  }

  std::size_t mask;
  std::unique_ptr<std::atomic<Entry>[]> entries;
};

struct FamilySpec {
  MetricType type = MetricType::kCounter;
  std::string name;
  std::string help;
  std::string unit;
  std::vector<std::string> label_names;
  std::vector<std::pair<std::string, std::string>> own_constant_labels;
  std::string constant_labels;  ///< and the registry's, rendered; each series begins with them
  bool omit_empty_labels = false;
  bool utf8_labels = false;  ///< one of them is not `[a-zA-Z_][a-zA-Z0-9_]*`
  std::size_t max_series = 1000;
  std::size_t indexed = 0;  ///< number of label sets when all labels are enums, else 0
  const BucketLayout* layout = nullptr;
  std::optional<NativeBuckets> native{};
  Quantiles quantiles{};
  bool exemplars = false;
  std::chrono::seconds expire_after{0};  ///< 0: never
  Where where{};                         ///< of the definition
  bool get_or_create = false;
  bool any_name = false;

  /// Whether a series has OptionalParts.
  [[nodiscard]] bool has_parts() const noexcept {
    return exemplars || native || !quantiles.quantiles.empty();
  }
  /// Cells of a series; 0 for what has none.
  [[nodiscard]] std::size_t cells() const noexcept {
    return layout != nullptr ? layout->count + 1 : 1;
  }
};

/// A family's name, limits and series. Owned by the registry; when that is destroyed the core is
/// emptied and kept, so that a Family that was copied elsewhere does nothing instead of dangling.
class FamilyCore {
 public:
  explicit FamilyCore(FamilySpec spec);
  FamilyCore(const FamilyCore&) = delete;
  FamilyCore& operator=(const FamilyCore&) = delete;
  ~FamilyCore();

  [[nodiscard]] const FamilySpec& spec() const noexcept { return spec_; }
  [[nodiscard]] const BucketLayout* layout() const noexcept { return spec_.layout; }

  /// The series of these values, made when it is new, that of `(other)` when there is no room; null
  /// when there is no memory or the registry is gone. Threads: any. Cost: no lock and no allocation
  /// when it is there already, or when the family is full.
  template <std::size_t N>
  [[nodiscard]] const Series* find_or_make(const std::array<std::string_view, N>& values) noexcept {
    return find_or_make(std::span<const std::string_view, N>(values));
  }
  template <std::size_t N>
  [[nodiscard]] const Series* find_or_make(std::span<const std::string_view, N> values) noexcept {
    const std::uint64_t hash = hash_of(values);
    if (const Series* series = find(values, hash)) [[likely]]
      return series;
    return make(values, hash);
  }
  /// The same where the number of values is not known to be right: one that is wrong goes to
  /// `(other)`, which is counted as an overflow.
  [[nodiscard]] const Series* find_checked(std::span<const std::string_view> values) noexcept;

  /// The series at an index of an all-enum family; null until it is made by find_or_make.
  [[nodiscard]] const Series* at(std::size_t index) const noexcept {
    // Pairs with the release in publish().
    return indexed_[index].load(std::memory_order_acquire);
  }
  /// As find_or_make, and remembers the series at `index`.
  [[nodiscard]] const Series* make_at(std::size_t index,
                                      std::span<const std::string_view> values) noexcept;
  /// Where everything goes that has no place of its own.
  [[nodiscard]] const Series* other() noexcept;

  bool remove(std::span<const std::string_view> values) noexcept;
  struct Wanted {
    std::size_t place;
    std::string_view value;
  };
  /// Removes every series whose labels at these places have these values; gives how many. Of no
  /// places it removes none.
  std::size_t remove_where(std::span<const Wanted> wanted) noexcept;
  /// Begins a new era, which none of the former series belongs to.
  void clear() noexcept { empty(false); }
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] std::uint64_t overflows() const noexcept;

  /// Makes the series of these values the only one; for an info.
  void set_only(std::span<const std::string_view> values) noexcept;
  /// Of a state set, a bit for each series.
  void set_states(std::uint64_t states) noexcept {
    states_.store(states, std::memory_order_relaxed);
  }
  void change_states(std::uint64_t which, bool hold) noexcept {
    if (hold) {
      states_.fetch_or(which, std::memory_order_relaxed);
    } else {
      states_.fetch_and(~which, std::memory_order_relaxed);
    }
  }

  /// Hands the family with all its series to the sink; nothing when it has none. Series that have
  /// not changed for FamilySpec::expire_after are removed. Another scrape of this family waits, a
  /// new label set does not.
  void collect(SampleSink& sink);
  /// The same at a time of the caller's.
  void collect(SampleSink& sink, std::chrono::steady_clock::time_point now);

  /// Forgets every series and does nothing from then on. No other call may be under way.
  void close() noexcept;
  /// Clears it and makes no series any more, until reopen(). Threads: any.
  void retire() noexcept;
  void reopen() noexcept;

 private:
  // Values are hashed apart, so that the machine works on all at once, and turned by their place,
  // so that it matters.
  template <std::size_t N>
  [[nodiscard]] std::uint64_t hash_of(std::span<const std::string_view, N> values) const noexcept {
    std::uint64_t hash = 0;
    for_all(values, [&](std::size_t i) {
      hash += hash_of_value(values[i], i);
      return true;
    });
    return hash;
  }
  [[nodiscard]] std::uint64_t hash_of_value(std::string_view value, std::size_t i) const noexcept {
    return std::rotl(hash_text(value, seed_), static_cast<int>(i * 23 % 64));
  }

  template <std::size_t N>
  [[nodiscard]] const Series* find(std::span<const std::string_view, N> values,
                                   std::uint64_t hash) const noexcept {
    // Both pair with the releases in insert_locked(), grow_locked() and remove_locked().
    const SeriesTable& table = *table_.load(std::memory_order_acquire);
    for (std::size_t i = hash & table.mask;; i = (i + 1) & table.mask) {
      const SeriesTable::Entry entry = table.entries[i].load(std::memory_order_acquire);
      if (entry == SeriesTable::kFree) return nullptr;
      if (entry >> SeriesTable::kTagShift != hash >> SeriesTable::kTagShift) continue;
      if (entry == SeriesTable::kRemoved) continue;
      const Series* const series = SeriesTable::series_of(entry);
      if (matches(*series, values)) return series;
    }
  }

  template <std::size_t N>
  [[nodiscard]] static bool matches(const Series& series,
                                    std::span<const std::string_view, N> values) noexcept {
    const Series::Value* stored = series.values();
    const char* texts = series.texts(values.size());
    return for_all(values, [&](std::size_t i) {
      return stored[i].size == values[i].size() &&
             equal_text(texts + stored[i].offset, values[i].data(), values[i].size());
    });
  }

  const Series* make(std::span<const std::string_view> values, std::uint64_t hash) noexcept;
  const Series* make_locked(std::span<const std::string_view> values, std::uint64_t hash);
  const Series* make_other_locked();
  const Series* add_locked(std::span<const std::string_view> values, std::uint64_t hash);
  /// True when it took a free entry, false in the place of a removed one.
  static bool insert(SeriesTable& table, const Series* series, std::uint64_t hash) noexcept;
  void grow_locked();
  void remove_locked(const Series* series, std::uint64_t hash) noexcept;
  /// Takes every series out, and with `close` makes no new ones.
  void empty(bool close) noexcept;
  void clear_locked(std::unique_ptr<SeriesTable> empty) noexcept;
  void take_changes();
  void expire(std::chrono::steady_clock::time_point now);
  void fetch_ahead(std::size_t i) const noexcept;
  void collect_gauges(SampleSink& sink) const;
  void collect_counters(SampleSink& sink) const;
  void collect_histograms(SampleSink& sink) const;
  void collect_summaries(SampleSink& sink) const;
  [[nodiscard]] std::uint64_t hash_of(const Series& series) const noexcept;
  [[nodiscard]] SeriesInfo info_of(const Series& series) const noexcept;
  /// Whether the code that runs is of another copy of this library than that which made the family:
  /// the cells that it would take for a series are others' here.
  [[nodiscard]] bool is_foreign() const noexcept { return store_ != store_identity(); }

  struct Tables {
    std::vector<std::unique_ptr<SeriesTable>> all;  // the last is the current one
    std::size_t used_entries = 0;                   // of it, removed ones too
  };
  struct LastChange {
    std::uint64_t count = 0;
    double value = 0.0;
    // The least: not looked at yet.
    std::chrono::steady_clock::time_point at = std::chrono::steady_clock::time_point::min();
  };
  /// What the last scrape saw.
  struct Seen {
    std::vector<const Series*> taken;   // from fresh_, on the way to series
    std::vector<const Series*> series;  // in the order they were made
    bool compact = false;               // removed ones are to be taken out of series
    std::vector<LastChange> changes;    // of each of series, only where series expire
  };

  FamilySpec spec_;
  std::uint64_t seed_;
  std::atomic<SeriesTable*> table_;
  std::unique_ptr<std::atomic<const Series*>[]> indexed_;
  std::atomic<bool> full_{false};
  std::atomic<const Series*> other_{nullptr};
  std::atomic<std::uint64_t> states_{0};
  Slot overflow_slot_;

  // Held for moments only, never for all series: who needs a new label set waits for it. Guards all
  // up to scrape_, and every write to the above.
  mutable std::mutex mutex_;
  std::vector<const Series*> fresh_;  // made since the last scrape took them, in that order
  std::size_t live_ = 0;              // series that are exposed, fresh ones too
  std::uint32_t era_ = 0;
  bool some_removed_ = false;  // since the last scrape
  Tables tables_;
  SeriesArena arena_;  // of removed series too
  std::vector<std::unique_ptr<OptionalParts>>
      parts_;  // the same, and kept when the family is closed
  bool closed_ = false;

  const std::unique_ptr<LongLock> scrape_;  // held by one scrape at a time; guards what it saw
  Seen seen_;
  const void* const store_ = store_identity();
};

}  // namespace vitals::metrics::detail

#pragma GCC visibility pop
