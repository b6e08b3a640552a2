#include "otlp/encode/semantics.h"

namespace vitals::otlp::detail {
namespace {

std::string_view joined(std::string_view first, std::string_view second, std::string& scratch) {
  if (second.empty()) return first;
  scratch.assign(first);
  scratch += ' ';
  return scratch += second;
}

bool is_database(std::string_view op) noexcept {
  return op == "db" || op.starts_with("db.");
}

}  // namespace

std::string_view span_name(const SpanFacts& facts, std::string& scratch) {
  const std::string_view op = facts.op;
  if (op == "http.client" && !facts.method.empty())
    return joined(facts.method, facts.url_template, scratch);
  if (is_database(op) && !facts.operation.empty())
    return joined(facts.operation, facts.collection, scratch);
  if (op.starts_with("cache.")) return op;
  if (op.starts_with("queue.") && !facts.description.empty())
    return joined(op.substr(op.find('.') + 1), facts.description, scratch);
  if (!facts.description.empty()) return facts.description;
  return op.empty() ? std::string_view{"span"} : op;
}

std::string_view description_attribute(std::string_view op) noexcept {
  if (is_database(op)) return "db.query.summary";
  return op.starts_with("cache.") ? "cache.key" : std::string_view{};
}

bool is_failure(context::SpanStatus status, context::SpanKind kind) noexcept {
  using Status = context::SpanStatus;
  switch (status) {
    case Status::kUnset:
    case Status::kOk:
      return false;
    case Status::kUnknown:
    case Status::kDeadlineExceeded:
    case Status::kUnimplemented:
    case Status::kInternalError:
    case Status::kUnavailable:
    case Status::kDataLoss:
      return true;
    default:
      return kind != context::SpanKind::kServer;
  }
}

}  // namespace vitals::otlp::detail
