#include "vitals/testing/sentry_recorder.h"

#include <chrono>
#include <mutex>
#include <ostream>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

#include "vitals/delivery/transport.h"

namespace vitals::testing {

struct SentryRecorder::Records {
  std::mutex mutex;
  std::vector<sentry::Event> errors;
  std::vector<sentry::Event> transactions;
  std::vector<sentry::LogRecord> logs;
  std::vector<sentry::StreamedSpan> spans;
  std::vector<sentry::MetricRecord> metrics;
};

namespace {

/// How long what was captured may take to be made ready: a stack's names are looked up on a thread
/// of the lowest priority.
constexpr std::chrono::seconds kPatience{60};

/// Throws rather than show less than there is: a test that expects nothing would pass.
void wait_for_captures() {
  if (!sentry::flush(kPatience))
    throw std::runtime_error("SentryRecorder: what was captured was not ready within a minute");
}

/// Takes everything and keeps nothing.
class Sink final : public delivery::Transport {
 public:
  delivery::SendResult send(const delivery::SendRequest&) override { return {.status = 200}; }
};

}  // namespace

SentryRecorder::SentryRecorder(sentry::Options options) : records_(std::make_shared<Records>()) {
  const auto recording = [records = records_](auto theirs, auto Records::*kind) {
    return [records, theirs = std::move(theirs), kind](auto& captured) {
      if (theirs && !theirs(captured)) return false;
      const std::lock_guard lock{records->mutex};
      ((*records).*kind).push_back(captured);
      return true;
    };
  };
  options.before_send = recording(std::move(options.before_send), &Records::errors);
  options.before_send_transaction =
      recording(std::move(options.before_send_transaction), &Records::transactions);
  options.before_send_log = recording(std::move(options.before_send_log), &Records::logs);
  options.before_send_span = recording(std::move(options.before_send_span), &Records::spans);
  options.before_send_metric = recording(std::move(options.before_send_metric), &Records::metrics);
  options.dsn = "https://recorder@localhost/1";
  options.transport = std::make_shared<Sink>();
  options.cache_dir.clear();
  options.spotlight_url.clear();
  options.requests_in_flight = 1;  // in the order of the captures
  if (!options.traces_sample_rate) options.traces_sample_rate = 1.0;
  auto guard = sentry::init(std::move(options));
  if (!guard) throw std::runtime_error("SentryRecorder: " + guard.error().message);
  guard_ = *std::move(guard);
}

SentryRecorder::~SentryRecorder() = default;

std::vector<sentry::Event> SentryRecorder::errors() const {
  wait_for_captures();
  const std::lock_guard lock{records_->mutex};
  return records_->errors;
}

std::vector<sentry::Event> SentryRecorder::transactions() const {
  wait_for_captures();
  const std::lock_guard lock{records_->mutex};
  return records_->transactions;
}

std::vector<sentry::LogRecord> SentryRecorder::logs() const {
  wait_for_captures();
  const std::lock_guard lock{records_->mutex};
  return records_->logs;
}

std::vector<sentry::StreamedSpan> SentryRecorder::spans() const {
  wait_for_captures();
  const std::lock_guard lock{records_->mutex};
  return records_->spans;
}

std::vector<sentry::MetricRecord> SentryRecorder::metrics() const {
  wait_for_captures();
  const std::lock_guard lock{records_->mutex};
  return records_->metrics;
}

void SentryRecorder::clear() {
  wait_for_captures();
  const std::lock_guard lock{records_->mutex};
  records_->errors.clear();
  records_->transactions.clear();
  records_->logs.clear();
  records_->spans.clear();
  records_->metrics.clear();
}

const sentry::SpanRecord* find_span(const sentry::Event& transaction, std::string_view op) {
  for (const sentry::SpanRecord& span : transaction.spans) {
    if (span.op == op) return &span;
  }
  return nullptr;
}

}  // namespace vitals::testing

namespace vitals::sentry {
namespace {

void write(std::ostream& out, const Value& value) {
  std::visit(
      [&out](const auto& held) {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
          out << "null";
        } else if constexpr (std::is_same_v<std::decay_t<decltype(held)>, JsonText>) {
          out << held.text;
        } else if constexpr (std::is_same_v<std::decay_t<decltype(held)>, bool>) {
          out << (held ? "true" : "false");
        } else {
          out << held;
        }
      },
      value);
}

void write(std::ostream& out, const char* head, const Fields& fields) {
  for (const auto& [name, value] : fields) {
    out << "\n  " << head << ' ' << name << '=';
    write(out, value);
  }
}

double milliseconds(Timestamp start, Timestamp end) {
  return std::chrono::duration<double, std::milli>(end - start).count();
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const SpanRecord& span) {
  out << span.op << " \"" << span.description << "\" " << (span.status.empty() ? "-" : span.status)
      << ", " << milliseconds(span.start, span.end) << " ms";
  for (const auto& [name, value] : span.data) {
    out << ", " << name << '=';
    write(out, value);
  }
  return out;
}

std::ostream& operator<<(std::ostream& out, const Event& event) {
  if (event.type == Event::Type::kTransaction) {
    out << "transaction \"" << event.transaction << "\" " << event.op << ' '
        << (event.status.empty() ? "-" : event.status) << ", "
        << milliseconds(event.start, event.timestamp) << " ms";
    write(out, "data", event.data);
    for (const SpanRecord& span : event.spans)
      out << "\n  span " << span;
  } else {
    out << to_string(event.level);
    if (!event.message.empty()) out << " \"" << event.message << '"';
    if (!event.transaction.empty()) out << " in " << event.transaction;
    for (const ExceptionRecord& exception : event.exceptions) {
      out << "\n  " << exception.type << ": " << exception.value;
      if (exception.frames.empty()) continue;
      const FrameRecord& frame = exception.frames.back();
      out << " at " << frame.function << " (" << frame.filename << ':' << frame.line << ')';
    }
  }
  if (!event.user.id.empty()) out << "\n  user " << event.user.id;
  for (const auto& [name, value] : event.tags)
    out << "\n  tag " << name << '=' << value;
  write(out, "extra", event.extra);
  for (const BreadcrumbRecord& crumb : event.breadcrumbs)
    out << "\n  breadcrumb " << crumb.category << ": " << crumb.message;
  return out;
}

std::ostream& operator<<(std::ostream& out, const StreamedSpan& span) {
  out << (span.is_segment ? "segment " : "span ") << span.op << " \"" << span.name << "\" "
      << span.status << ", " << milliseconds(span.start, span.end) << " ms";
  write(out, "attribute", span.attributes);
  return out;
}

std::ostream& operator<<(std::ostream& out, const MetricRecord& metric) {
  out << to_string(metric.type) << ' ' << metric.name << ' ' << metric.value << metric.unit;
  write(out, "attribute", metric.attributes);
  return out;
}

std::ostream& operator<<(std::ostream& out, const LogRecord& line) {
  out << to_string(line.level) << " \"" << line.body << '"';
  write(out, "attribute", line.attributes);
  return out;
}

}  // namespace vitals::sentry
