#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "base/hidden.h"
#include "base/spin_lock.h"
#include "context/attachments.h"
#include "context/propagation.h"
#include "context/records.h"
#include "context/runtime.h"
#include "privacy/scrub.h"
#include "vitals/context/listener.h"
#include "vitals/context/scope.h"

namespace vitals::context::detail {

inline constexpr std::uint32_t kMaxScopeBytes = 64 * 1024;
inline constexpr std::uint32_t kMaxCrumbBytes = 64 * 1024;
inline constexpr std::size_t kMaxFlags = 100;

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

  InlineBytes<496> bytes_;
  std::uint32_t head_ = 0;  // where the oldest begins; what is before it is waste
  std::uint32_t count_ = 0;
};

/// Sets tags among the records of a scope.
template <std::uint32_t N>
void write_tags(InlineBytes<N>& records, std::span<const TagView> tags) noexcept {
  constexpr std::size_t kMaxTagSize = 200;
  for (const TagView& tag : tags) {
    if (tag.key.empty()) continue;  // Sentry would refuse the whole event's tags
    const std::string_view name = cut(tag.key, kMaxKeySize);
    erase_records(records, Section::kTag, [name](std::string_view held) { return held == name; });
    append_text(records, Section::kTag, name, tag.value, kMaxScopeBytes, kMaxTagSize);
  }
}

/// Sets the request among the records of a scope.
template <std::uint32_t N>
void write_request(InlineBytes<N>& records, const RequestData& request) noexcept {
  const auto every = [](std::string_view) { return true; };
  erase_records(records, Section::kRequest, every);
  erase_records(records, Section::kHeader, every);
  const auto add = [&records](std::string_view key, std::string_view value) {
    if (!value.empty()) append_text(records, Section::kRequest, key, value, kMaxScopeBytes);
  };
  add("method", request.method);
  add("url", request.url);
  add("query", request.query);
  // Where bodies must not leave the process they are not kept either: a crash report would.
  if (runtime.keep_private_data.load(std::memory_order_relaxed)) add("body", request.body);
  struct Headers {
    InlineBytes<N>& records;
    std::size_t count = 0;

    void add(std::string_view name, std::string_view value) noexcept {
      constexpr std::size_t kMaxHeaders = 64;
      if (name.empty() || ++count > kMaxHeaders) return;
      // What says who somebody is, or proves it, is not kept where it must not leave.
      const bool kept = runtime.keep_private_data.load(std::memory_order_relaxed) ||
                        !privacy::is_private_header(name);
      append_text(records, Section::kHeader, name, kept ? value : privacy::kFiltered,
                  kMaxScopeBytes);
    }
  } headers{records};
  for (const TagView& header : request.headers)
    headers.add(header.key, header.value);
  if (request.header_source.read != nullptr) {
    request.header_source.read(request.header_source.request, &headers,
                               [](void* sink, std::string_view name, std::string_view value) {
                                 static_cast<Headers*>(sink)->add(name, value);
                               });
  }
}

/// The records of the global scope under those of another one: where both say something under the
/// same name, the other's stands last. A user, a context, a request and a fingerprint are not mixed.
[[nodiscard]] std::string merge_scopes(std::string_view global, std::string_view own);

/// Reads the breadcrumb at the front of `bytes`, which must not be empty, and moves on behind it.
[[nodiscard]] BreadcrumbRecord take_breadcrumb(std::string_view& bytes);

/// The front of `bytes` that is well-formed: what take_breadcrumb() can take. For bytes that come
/// from a file.
[[nodiscard]] std::string_view whole_breadcrumbs(std::string_view bytes) noexcept;

/// A copy of a scope as it was at one moment: records and packed breadcrumbs, each end to end.
struct ScopeSnapshot {
  std::string records;
  std::string breadcrumbs;
  SharedAttachments attachments{};
};

/// The one thing behind all handles of a scope. Its lock is held by users' threads alone, for a
/// copy of some bytes; the client's thread only ever sees copies. In a signal handler that has
/// interrupted such a copy on its thread a change does nothing, and what is read is empty.
class VITALS_HIDDEN ScopeState {
 public:
  [[nodiscard]] static Ref<ScopeState> create(ScopeState* parent) noexcept;
  /// The process' own scope: made once, never destroyed, never null.
  [[nodiscard]] static ScopeState* global() noexcept;
  /// The one active on this thread, or null.
  [[nodiscard]] static ScopeState* active() noexcept;
  [[nodiscard]] static ScopeState* current() noexcept;

  using Records = InlineBytes<376>;  // so that a scope is within malloc's quick size classes

  /// Runs `change(records)`.
  template <class Change>
  void change(Change change) noexcept {
    const base::SpinLock::Hold hold{lock_};
    if (!hold) return;
    copy_borrowed();
    change(records_);
    note_records();
  }
  /// The same for what a loan never has.
  template <class Change>
  void change_user(Change change) noexcept {
    const base::SpinLock::Hold hold{lock_};
    if (!hold) return;
    change(records_);
    note_records();
  }
  void add_breadcrumb(const CrumbView& breadcrumb) noexcept;

  void borrow(const Borrowed& from) noexcept;
  void end_loan() noexcept;

  void add_attachment(const Attachment& given) noexcept;
  void clear_attachments() noexcept;

  /// What the work of this scope has come to; it only gets worse. Of the global one nobody asks.
  void worsen_work(WorkStatus status) noexcept {
    WorkStatus held = work_.load(std::memory_order_relaxed);
    while (held < status && !work_.compare_exchange_weak(held, status, std::memory_order_relaxed)) {
    }
  }
  [[nodiscard]] WorkStatus work() const noexcept { return work_.load(std::memory_order_relaxed); }

  /// With the global scope's data, as snapshot(). Throws std::bad_alloc, as snapshot() does.
  [[nodiscard]] std::string records();
  [[nodiscard]] ScopeSnapshot snapshot();
  /// Runs `use(record)` for each record, under the lock.
  template <class Use>
  void for_each_record(Use use) noexcept {
    if (!has_records_.load(std::memory_order_acquire)) return;  // pairs with note_records()
    const base::SpinLock::Hold hold{lock_};
    if (!hold) return;
    for (std::string_view rest = records_.view(); !rest.empty();)
      use(take_record(rest));
  }

  /// The trace of what happens in this scope outside of every span: made when it is first asked for.
  /// A fork of an active scope goes on with its parent's. Without a trace id: see above.
  struct Propagation {
    TraceId trace_id;
    SpanId span_id;
    std::uint32_t sample_rand = 0;

    /// Nothing is decided of it.
    [[nodiscard]] TraceFacts facts() const noexcept {
      return {.trace_id = trace_id, .sample_rand = sample_rand};
    }
    /// The same for the headers.
    [[nodiscard]] SpanContext span_context() const noexcept {
      return {.trace_id = trace_id, .span_id = span_id, .random = true};
    }
  };
  [[nodiscard]] Propagation propagation() noexcept;
  void clear() noexcept;

  /// What is there, in place: for a handler that may not allocate, and between the next two.
  struct Raw {
    std::string_view records;
    std::string_view breadcrumbs;
    const Borrowed* borrowed;
    const AttachmentList* attachments;
    const Propagation& propagation;  // without a trace id: not made yet
  };
  [[nodiscard]] Raw raw() const noexcept {
    return {records_.view(), breadcrumbs_.view(), borrowed_, attachments_.get(), propagation_};
  }
  /// Async-signal-safe, as raw() is. May fail: the thread that asks may hold the lock itself.
  [[nodiscard]] bool try_lock() noexcept { return lock_.try_lock_for_a_while(); }
  void unlock() noexcept { lock_.unlock(); }
  /// Whether nobody holds its lock for long, as a thread does that a signal handler interrupted.
  [[nodiscard]] bool is_free() noexcept { return lock_.is_free(); }

 private:
  friend void add_ref(ScopeState* state) noexcept;
  friend void release(ScopeState* state) noexcept;
  ScopeState() noexcept = default;
  ~ScopeState() = default;
  void inherit(ScopeState& parent) noexcept;
  void make_propagation() noexcept;
  static void add_global(ScopeSnapshot& own);
  /// Writes down what was only borrowed so far. Under the lock.
  void copy_borrowed() noexcept {
    if (borrowed_ != nullptr) write_borrowed();
  }
  void write_borrowed() noexcept;
  void note_records() noexcept {
    if (!has_records_.load(std::memory_order_relaxed)) {
      has_records_.store(true, std::memory_order_release);  // pairs with add_global()
    }
  }

  std::atomic<std::uint32_t> refs_{1};
  base::SpinLock lock_;
  bool is_global_ = false;
  /// Whether there are records or attachments, to be read without the lock: a capture with an empty
  /// global scope, which is the usual one, then writes nothing that other threads read.
  std::atomic<bool> has_records_{false};
  std::atomic<WorkStatus> work_{WorkStatus::kOk};
  Propagation propagation_{};
  const Borrowed* borrowed_ = nullptr;
  SharedAttachments attachments_;  // up here, in memory that every scope touches anyway
  Records records_;
  CrumbLog breadcrumbs_;
};

}  // namespace vitals::context::detail
