#include "vitals/monitor/own_work.h"

namespace vitals::monitor {

void OwnWork::begin(const context::TransactionContext& transaction, std::string_view operation,
                    const context::IncomingTrace& incoming) noexcept {
  if (!context::enabled()) return;
  scope_ = context::Scope::fork();
  scope_.set_tags({{"request_id", id_.view()}, {"operation", operation}});
  transaction_ = context::start_transaction(transaction, incoming);
  trace_id_ = transaction_.trace_id().hex();
}

void OwnWork::end(context::SpanStatus status, context::WorkStatus work) noexcept {
  scope_.end_work(work);
  if (!transaction_) return;
  const context::Activation scope = scope_.activate();
  transaction_.set_status(status);
  transaction_.finish();
}

RequestActivation::RequestActivation(const OwnWork& work) noexcept
    : ids_({work.request_id(), work.trace_id()}),
      scope_(work.scope_.activate()),
      span_(work.transaction_.activate()) {}

}  // namespace vitals::monitor
