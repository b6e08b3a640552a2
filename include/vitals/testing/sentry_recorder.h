#pragma once

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string_view>
#include <vector>

#include "vitals/sentry/client.h"
#include "vitals/sentry/event.h"
#include "vitals/sentry/log.h"
#include "vitals/sentry/metric.h"
#include "vitals/sentry/options.h"

#pragma GCC visibility push(default)

namespace vitals::testing {

/// A Sentry client for tests: nothing leaves the process, and what was captured is at hand as values.
///
///     vitals::testing::SentryRecorder sentry;
///     checkout(cart);
///     ASSERT_THAT(sentry.errors(), SizeIs(1));
///     EXPECT_EQ(sentry.errors()[0].exceptions.back().type, "shop::OutOfStock");
///     const auto transactions = sentry.transactions();
///     ASSERT_NE(find_span(transactions.at(0), "db"), nullptr) << transactions[0];
///
/// For the bytes that would go out there is MemoryTransport. Threads: any. Memory: keeps everything
/// until clear().
class SentryRecorder {
 public:
  /// Starts the client with these options; its DSN, transport and cache folder are the recorder's own,
  /// and every trace is sampled unless `options` say otherwise. The hooks of `options` are asked
  /// first, and what they refuse is not recorded. Throws std::runtime_error where init() gives an
  /// error, as when a client is active already.
  explicit SentryRecorder(sentry::Options options = {});
  SentryRecorder(const SentryRecorder&) = delete;
  SentryRecorder& operator=(const SentryRecorder&) = delete;
  ~SentryRecorder();

  /// What was captured before the call, oldest first, as before_send sees it: before a sample rate is
  /// asked, and before secrets are masked and what is too large is cut. Throws std::runtime_error when
  /// it is not ready within a minute; so do the others.
  [[nodiscard]] std::vector<sentry::Event> errors() const;
  /// The same of transactions, with their spans.
  [[nodiscard]] std::vector<sentry::Event> transactions() const;
  /// Lines of the log, where Options::enable_logs is set.
  [[nodiscard]] std::vector<sentry::LogRecord> logs() const;
  /// Spans in place of transactions, where Options::trace_lifecycle is kStream.
  [[nodiscard]] std::vector<sentry::StreamedSpan> spans() const;
  /// Values of sentry::count() and its like, where Options::enable_metrics is set.
  [[nodiscard]] std::vector<sentry::MetricRecord> metrics() const;
  /// Forgets all that was captured before the call.
  void clear();

 private:
  struct Records;
  std::shared_ptr<Records> records_;
  sentry::Guard guard_;
};

/// The first span to begin of that operation (`db`); null when there is none.
[[nodiscard]] const sentry::SpanRecord* find_span(const sentry::Event& transaction,
                                                  std::string_view op);

}  // namespace vitals::testing

namespace vitals::sentry {

// A test that fails shows an event by these: its kind, names, texts, tags and spans, a line for each.
std::ostream& operator<<(std::ostream& out, const Event& event);
std::ostream& operator<<(std::ostream& out, const SpanRecord& span);
std::ostream& operator<<(std::ostream& out, const LogRecord& line);
std::ostream& operator<<(std::ostream& out, const StreamedSpan& span);
std::ostream& operator<<(std::ostream& out, const MetricRecord& metric);

}  // namespace vitals::sentry

#pragma GCC visibility pop
