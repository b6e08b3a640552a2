#pragma once

#include <string_view>

#include "vitals/context/ids.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/context/work.h"
#include "vitals/lifetimebound.h"
#include "vitals/monitor/request_id.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// What a request, a call, a message or a job that this process works on has to itself: an id, a
/// scope that no other work can see, and a transaction. The base of the scopes; see RequestActivation
/// for how it becomes the one that a thread works for.
class OwnWork {
 public:
  OwnWork(const OwnWork&) = delete;
  OwnWork& operator=(const OwnWork&) = delete;

  /// For an answer's `X-Request-ID`, or to show to a person who reports a failure.
  [[nodiscard]] std::string_view request_id() const noexcept VITALS_LIFETIMEBOUND {
    return id_.view();
  }
  /// 32 hex digits, or empty with Sentry off.
  [[nodiscard]] std::string_view trace_id() const noexcept VITALS_LIFETIMEBOUND {
    return scope_ ? trace_id_.view() : std::string_view{};
  }

  /// For whom it is done: `user.id` of every event from here on.
  void set_user(std::string_view user_id) noexcept { scope_.set_user_id(user_id); }

 protected:
  /// With the id that came, where it is one, else with a new one.
  explicit OwnWork(std::string_view id) noexcept : id_(RequestId::accept_or_make(id)) {}
  ~OwnWork() = default;

  /// Where anybody listens: a scope with the tags `request_id` and `operation`, and a transaction.
  void begin(const context::TransactionContext& transaction, std::string_view operation,
             const context::IncomingTrace& incoming = {}) noexcept;
  /// Ends both.
  void end(context::SpanStatus status, context::WorkStatus work) noexcept;

  RequestId id_;                   ///< as told by request_id()
  context::Scope scope_;           ///< empty while nobody listens
  context::Span transaction_;      ///< the same
  context::HexText<32> trace_id_;  ///< the text of the transaction's

 private:
  friend class RequestActivation;
};

/// While it lives, its work is the one that the calling thread works for: queries, cache calls,
/// agent calls, log lines, events and spans go there. Make one on every thread that the work moves
/// to, and destroy it there; in a coroutine see context::Carrier.
class [[nodiscard(
    "the work is active only while this guard lives; give it a name")]] RequestActivation {
 public:
  /// Makes it current on the calling thread.
  explicit RequestActivation(const OwnWork& work) noexcept;
  RequestActivation(const RequestActivation&) = delete;
  RequestActivation& operator=(const RequestActivation&) = delete;

 private:
  context::detail::LogIdsActivation ids_;
  context::Activation scope_;
  context::SpanActivation span_;
};

}  // namespace vitals::monitor

#pragma GCC visibility pop
