#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>

#include "sentry/records.h"
#include "sentry/spin_lock.h"
#include "vitals/sentry/scope.h"

namespace vitals::sentry::detail {

/// A scope's data at one moment: records laid end to end. Immutable as soon as it is shared.
struct ScopeData {
  std::atomic<std::uint32_t> refs{1};
  InlineBytes<448> bytes;  // with the rest within malloc's quick size classes
};

void add_ref(ScopeData* data) noexcept;
void release(ScopeData* data) noexcept;

/// A breadcrumb about to be packed.
struct CrumbView {
  std::string_view type;
  std::string_view category;
  std::string_view message;
  Level level;
  std::int64_t timestamp;
  std::span<const FieldView> data;
};

/// The last breadcrumbs of a scope, packed as bytes: adding one is a copy, taking a snapshot too.
class CrumbLog {
 public:
  void add(const CrumbView& breadcrumb, std::uint32_t max_count) noexcept;
  void copy_from(const CrumbLog& other) noexcept;
  void clear() noexcept;
  [[nodiscard]] std::string_view view() const noexcept { return bytes_.view().substr(head_); }

 private:
  void drop_oldest() noexcept;

  InlineBytes<640> bytes_;
  std::uint32_t head_ = 0;  // where the oldest begins; what is before it is waste
  std::uint32_t count_ = 0;
};

/// Reads the breadcrumb at the front of `bytes`, which must not be empty, and moves on behind it.
[[nodiscard]] BreadcrumbRecord take_breadcrumb(std::string_view& bytes);

/// What a capture takes of a scope: O(1) for the data, a copy of the breadcrumbs.
struct ScopeSnapshot {
  Ref<ScopeData> data;  // may be empty
  std::string breadcrumbs;
};

/// The one thing behind all handles of a scope. Its lock is held by users' threads alone, for a
/// copy of some bytes; the client's thread only ever sees snapshots.
class ScopeState {
 public:
  [[nodiscard]] static Ref<ScopeState> create(ScopeState* parent) noexcept;
  /// The process' own scope: made once, never destroyed, never null.
  [[nodiscard]] static ScopeState* global() noexcept;
  /// The one active on this thread, or null.
  [[nodiscard]] static ScopeState* active() noexcept;
  [[nodiscard]] static ScopeState* current() noexcept;
  static ScopeState* exchange_active(ScopeState* next) noexcept;

  /// Runs `change(bytes)` on data of this scope's own.
  template <class Change>
  void change(Change change) noexcept;
  void add_breadcrumb(const CrumbView& breadcrumb) noexcept;
  [[nodiscard]] Ref<ScopeData> data() noexcept;
  [[nodiscard]] ScopeSnapshot snapshot();
  void clear() noexcept;

 private:
  friend void add_ref(ScopeState* state) noexcept;
  friend void release(ScopeState* state) noexcept;
  ScopeState() noexcept = default;
  ~ScopeState() = default;
  void inherit(ScopeState& parent) noexcept;
  /// Data that nobody else holds: made, or copied where a snapshot shares it. Under the lock.
  [[nodiscard]] ScopeData* own_data() noexcept;

  std::atomic<std::uint32_t> refs_{1};
  SpinLock lock_;
  bool is_global_ = false;
  /// Whether data_ is set, to be read without the lock: a fork of an empty global scope, which is
  /// the usual one, then writes nothing that other threads read.
  std::atomic<bool> has_data_{false};
  Ref<ScopeData> data_;
  CrumbLog breadcrumbs_;
};

template <class Change>
void ScopeState::change(Change change) noexcept {
  const std::lock_guard hold{lock_};
  if (ScopeData* const mine = own_data(); mine != nullptr) change(mine->bytes);
}

inline constexpr std::uint32_t kMaxScopeBytes = 64 * 1024;
inline constexpr std::uint32_t kMaxCrumbBytes = 64 * 1024;

}  // namespace vitals::sentry::detail
