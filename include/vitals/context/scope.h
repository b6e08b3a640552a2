#pragma once

#include <array>
#include <cassert>
#include <span>
#include <string_view>
#include <utility>

#include "vitals/context/attachment.h"
#include "vitals/context/detail.h"
#include "vitals/context/record.h"
#include "vitals/context/work.h"
#include "vitals/value.h"

#pragma GCC visibility push(default)

namespace vitals::context {

/// Something that happened, kept in case an error follows. Views only, for the length of one call.
struct Breadcrumb {
  std::string_view type{};  ///< empty: `default`; else `http`, `query`, `navigation`, `error`, …
  std::string_view category{};  ///< which part of the program: `db.query`, `http`, `auth`
  std::string_view message{};   ///< for people; copied
  Level level = Level::kInfo;   ///< how grave it was
  ListView<FieldView> data{};   ///< for machines; copied
  Timestamp timestamp{};        ///< when it happened; unset: now
};

/// The header fields of a server's own request object, for it to be asked when an event is captured:
/// most requests end without one. `read` gives each field to `take(sink, name, value)`; it must not
/// throw, and `request` must live as long as what it is given to says.
struct HeaderSource {
  /// What takes a field in: `sink` is what `read` was called with.
  using Take = void (*)(void* sink, std::string_view name, std::string_view value);
  const void* request = nullptr;  ///< the server's object; null: there is none
  /// Gives each field to `take`.
  void (*read)(const void* request, void* sink, Take take) noexcept = nullptr;
};

/// The HTTP request being served. Views only, for the length of one call. What is private in it
/// (cookies, credentials, query values, secrets by name or look) is masked before it is sent, see
/// Settings::keep_private_data.
struct RequestData {
  std::string_view method{};    ///< `GET`, `POST`, …
  std::string_view url{};       ///< as it was asked for, without the query
  std::string_view query{};     ///< without the question mark
  ListView<TagView> headers{};  ///< the fields of its head
  /// More headers, read where they lie once an event needs them: see HeaderSource.
  HeaderSource header_source{};
  /// Kept with Settings::keep_private_data only, its first 8 KiB; secrets in it are masked.
  std::string_view body{};
};

/// Tags and a request that stay with their owner, who runs the work: a scope that borrows them
/// copies nothing until it must, which for most requests is never.
struct Borrowed {
  std::array<TagView, 2> tags{};  ///< as by Scope::set_tag()
  RequestData request{};          ///< as by Scope::set_request()
};

class Activation;

/// What is known about one piece of work (a request, a bot's update, a job): user, tags, contexts,
/// breadcrumbs. A handle: copies share one scope, and may be carried to other threads, coroutines
/// and pool tasks. Forked scopes never see each other. Empty, and doing nothing, while nobody
/// listens.
/// Threads: any, also at once. Cost: a short spin lock of the scope's own; see each call. Not for
/// signal handlers, since calls may take memory: one that interrupts a call on the same scope does
/// nothing there and returns, one that interrupts malloc() may wait for ever.
/// Bounds: 64 KiB of data and 64 KiB of breadcrumbs a scope, 8 KiB a value; what is past them is
/// cut or left out.
class Scope {
 public:
  Scope() noexcept = default;

  /// A new scope that starts with the data of the scope that is active here; of the global one it
  /// needs no copy, see global(). Breadcrumbs come along from an active scope, but not from the
  /// global one, where unrelated threads may have left theirs. Cost: one allocation.
  [[nodiscard]] static Scope fork() noexcept { return enabled() ? fork_current() : Scope{}; }
  /// The scope active on this thread, else the process' global one; empty while nobody listens.
  [[nodiscard]] static Scope current() noexcept {
    return enabled() ? current_or_global() : Scope{};
  }
  /// The process' own scope, from anywhere. What is set on it is part of every event, transaction
  /// and log line that is captured later, also by scopes that were forked before; where a scope says
  /// something else under the same name, the scope's word stands. A user, a request, a context and a
  /// fingerprint stand as a whole: of the global user nothing is seen beside a scope's own. Its
  /// breadcrumbs go to events outside of every other scope alone. Source: Sentry developer
  /// documentation, "Scopes".
  [[nodiscard]] static Scope global() noexcept { return enabled() ? process_scope() : Scope{}; }

  /// False of one that does nothing.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(state_); }

  /// Makes this the thread's current scope until the guard goes; nests and restores.
  [[nodiscard]] Activation activate() const noexcept;

  /// For whom the work is done, in place of who was set before.
  void set_user(const User& user) const noexcept;
  /// The part of the user that is wanted most, without building a User. What was known of a user
  /// with another id goes.
  void set_user_id(std::string_view id) const noexcept;
  /// At most 200 bytes of key and of value arrive. Cost: a copy of the text, rarely an allocation.
  void set_tag(std::string_view key, std::string_view value) const noexcept;
  /// The same for several at the price of one lock.
  void set_tags(ListView<TagView> tags) const noexcept;
  /// Of this scope; one that the global scope has stays.
  void remove_tag(std::string_view key) const noexcept;
  /// Replaces the context `name` (shown as a block of its own); no fields remove it. In `os`,
  /// `runtime` and `device` the fields stand beside the listener's own, and before those of the same
  /// name; in `trace` and `flags` beside them, behind those of the same name. Without a name, or with
  /// a control character in it, nothing is set. A field may be an object or an array:
  ///
  ///     scope.set_context("cart", {{"total", 12.5}, {"address", {{"city", "Oslo"}, {"floor", 3}}}});
  void set_context(std::string_view name, ListView<FieldView> fields) const noexcept;
  /// A feature flag as it was evaluated for this work; the last 100 of different names are kept, the
  /// newest last. Source: Sentry developer documentation, "Feature Flags".
  void set_flag(std::string_view name, bool result) const noexcept;
  /// An attribute of every line of log() that is written with this scope; see log.h.
  void set_attribute(std::string_view name, ValueView value) const noexcept;
  /// A value of any shape, on each event of the scope. What people filter by is better a tag.
  void set_extra(std::string_view key, ValueView value) const noexcept;
  /// How events are grouped in place of Sentry's own way; `{{ default }}` stands for that one.
  void set_fingerprint(ListView<std::string_view> parts) const noexcept;
  /// What events of the scope say they happened in: `GET /api/v1/users/{user_id}`.
  void set_transaction_name(std::string_view name) const noexcept;
  /// The HTTP request that is served, copied; on each event of the scope.
  void set_request(const RequestData& request) const noexcept;
  /// The tags and the request of `from`, as if set here, but read only when an event, a fork or
  /// another change needs them. `from` and all that it views must live, and not change, until
  /// end_loan(); call that before they go.
  void borrow(const Borrowed& from) const noexcept;
  void borrow(const Borrowed&& from) const = delete;  // it would be gone at once
  /// Ends the loan. What others may still ask this scope for is copied now.
  void end_loan() const noexcept;
  /// Adds one, and drops the oldest past Settings::max_breadcrumbs. Cost: a copy of the text. The
  /// time it bears is that of the kernel's coarse clock (some milliseconds) unless given.
  void add_breadcrumb(const Breadcrumb& breadcrumb) const noexcept;
  /// From here on a file goes along with each error of this scope, and of scopes forked from it.
  ///
  ///     scope.add_attachment({.filename = "settings.json", .bytes = text});
  ///     scope.add_attachment({.path = "/var/log/app/app.log", .content_type = "text/plain"});
  ///
  /// Cost: some allocations, and a copy of `bytes`.
  void add_attachment(const Attachment& attachment) const noexcept;
  /// Those that were added so far go along no more.
  void clear_attachments() const noexcept;

  /// The work of this scope ends now; once for each piece of work. Its status is the worst of
  /// `at_least` and what was captured with this scope: an exception of level error or fatal makes it
  /// errored, one that nobody handled crashed. Messages change nothing, and a fork is work of its
  /// own. A Sentry client counts it as a session.
  void end_work(WorkStatus at_least = WorkStatus::kOk) const noexcept;

 private:
  friend class Activation;
  explicit Scope(detail::Ref<detail::ScopeState> state) noexcept : state_(std::move(state)) {}
  static Scope fork_current() noexcept;
  static Scope current_or_global() noexcept;
  static Scope process_scope() noexcept;

  detail::Ref<detail::ScopeState> state_;
};

/// Keeps a scope current on the thread that made it. Destroy it on that same thread, in reverse
/// order of making: keep it on the stack; over a suspension of a coroutine only with a Carrier. One
/// that is destroyed elsewhere is an assertion's failure in a debug build. In another the first
/// thread keeps the scope as its current one where the second is another thread, and has none where
/// only the order was another one, as of two coroutines that take turns.
class [[nodiscard]] Activation {
 public:
  Activation() noexcept = default;
  /// See Scope::activate().
  explicit Activation(Scope scope) noexcept {
    if (scope) enter(std::move(scope));
  }
  /// The other does nothing any more.
  Activation(Activation&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)),
        in_line_(other.in_line_),
        entered_(other.entered_),
        previous_(other.previous_) {}
  Activation& operator=(Activation&&) = delete;
  ~Activation() {
    if (owner_ == nullptr) return;
    [[maybe_unused]] const bool placed = leave();
    assert(placed && "ended elsewhere or in another order: see vitals::context::Carrier");
  }

 private:
  void enter(Scope scope) noexcept;
  bool leave() noexcept;

  const void* owner_ = nullptr;  // where it began; null: it does nothing
  bool in_line_ = false;         // that was a Carrier's line of work
  const detail::ScopeState* entered_ = nullptr;
  detail::ScopeState* previous_ = nullptr;
};

inline Activation Scope::activate() const noexcept {
  return Activation{*this};
}

namespace detail {
void set_user(const User& user) noexcept;
void set_user_id(std::string_view id) noexcept;
void set_tag(std::string_view key, std::string_view value) noexcept;
void remove_tag(std::string_view key) noexcept;
void set_context(std::string_view name, ListView<FieldView> fields) noexcept;
void set_flag(std::string_view name, bool result) noexcept;
void set_attribute(std::string_view name, ValueView value) noexcept;
void set_extra(std::string_view key, ValueView value) noexcept;
void set_transaction_name(std::string_view name) noexcept;
void set_request(const RequestData& request) noexcept;
void add_breadcrumb(const Breadcrumb& breadcrumb) noexcept;
// One for all shared objects of the process, hence not inline: clang would give each its own.
extern constinit std::atomic<bool> breadcrumbs_captured;
}  // namespace detail

// The same on the current scope: the one active on this thread, else the process' global one, whose
// data every event has. Each does nothing while nobody listens.

inline void set_user(const User& user) noexcept {
  if (enabled()) detail::set_user(user);
}
inline void set_user_id(std::string_view id) noexcept {
  if (enabled()) detail::set_user_id(id);
}
inline void set_tag(std::string_view key, std::string_view value) noexcept {
  if (enabled()) detail::set_tag(key, value);
}
inline void remove_tag(std::string_view key) noexcept {
  if (enabled()) detail::remove_tag(key);
}
inline void set_context(std::string_view name, ListView<FieldView> fields) noexcept {
  if (enabled()) detail::set_context(name, fields);
}
inline void set_flag(std::string_view name, bool result) noexcept {
  if (enabled()) detail::set_flag(name, result);
}
inline void set_attribute(std::string_view name, ValueView value) noexcept {
  if (enabled()) detail::set_attribute(name, value);
}
inline void set_extra(std::string_view key, ValueView value) noexcept {
  if (enabled()) detail::set_extra(key, value);
}
inline void set_transaction_name(std::string_view name) noexcept {
  if (enabled()) detail::set_transaction_name(name);
}
inline void set_request(const RequestData& request) noexcept {
  if (enabled()) detail::set_request(request);
}
inline void add_breadcrumb(const Breadcrumb& breadcrumb) noexcept {
  if (enabled()) detail::add_breadcrumb(breadcrumb);
}

/// Whether errors bear breadcrumbs to somebody, see Listener::captures_breadcrumbs(). To be asked
/// before one that repeats what a span says.
/// Threads: any. Cost: one load.
[[nodiscard]] inline bool captures_breadcrumbs() noexcept {
  return detail::breadcrumbs_captured.load(std::memory_order_relaxed);
}

}  // namespace vitals::context

#pragma GCC visibility pop
