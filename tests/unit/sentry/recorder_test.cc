#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/sentry/log.h"
#include "vitals/sentry/metric.h"
#include "vitals/testing/sentry_recorder.h"

namespace vitals::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::PrintToString;
using ::testing::SizeIs;

void fail_at_the_till() {
  context::set_tag("shop", "harbour");
  context::add_breadcrumb({.category = "cart", .message = "paid"});
  try {
    throw std::out_of_range("no pears");
  } catch (const std::exception& error) {
    context::capture_exception(error, {.extra = {{"pears", 0}}});
  }
}

void sell() {
  const context::Span root = context::start_transaction({.name = "sell", .op = "task"});
  const context::SpanActivation active = root.activate();
  const context::Span query = context::start_span("db.query", "SELECT pears");
  query.set_data("db.rows", 3);
  query.finish();
  root.finish();
}

TEST(SentryRecorder, KeepsAnErrorAsAValue) {
  SentryRecorder sentry;
  fail_at_the_till();
  const std::vector<sentry::Event> errors = sentry.errors();
  ASSERT_THAT(errors, SizeIs(1));
  ASSERT_THAT(errors[0].exceptions, SizeIs(1));
  EXPECT_EQ(errors[0].exceptions[0].type, "std::out_of_range");
  EXPECT_EQ(errors[0].exceptions[0].value, "no pears");
  EXPECT_THAT(sentry.transactions(), IsEmpty());
  EXPECT_THAT(PrintToString(errors[0]),
              AllOf(HasSubstr("std::out_of_range: no pears at "), HasSubstr("recorder_test.cc:"),
                    HasSubstr("tag shop=harbour"), HasSubstr("extra pears=0"),
                    HasSubstr("breadcrumb cart: paid")));
}

TEST(SentryRecorder, KeepsATransactionWithItsSpans) {
  SentryRecorder sentry;
  sell();
  const std::vector<sentry::Event> transactions = sentry.transactions();
  ASSERT_THAT(transactions, SizeIs(1));
  EXPECT_EQ(transactions[0].transaction, "sell");
  const sentry::SpanRecord* query = find_span(transactions[0], "db.query");
  ASSERT_NE(query, nullptr) << transactions[0];
  EXPECT_EQ(query->description, "SELECT pears");
  EXPECT_EQ(find_span(transactions[0], "cache.get"), nullptr);
  EXPECT_THAT(PrintToString(transactions[0]),
              AllOf(HasSubstr("transaction \"sell\" task"),
                    HasSubstr("span db.query \"SELECT pears\""), HasSubstr("db.rows=3")));
}

TEST(SentryRecorder, KeepsLinesOfTheLog) {
  sentry::Options options;
  options.enable_logs = true;
  SentryRecorder sentry{std::move(options)};
  sentry::log(sentry::LogLevel::kWarn, "few pears", {{"left", 2}});
  ASSERT_THAT(sentry.logs(), SizeIs(1));
  EXPECT_EQ(sentry.logs()[0].body, "few pears");
  EXPECT_THAT(PrintToString(sentry.logs()[0]),
              AllOf(HasSubstr("warn \"few pears\""), HasSubstr("attribute left=2")));
}

TEST(SentryRecorder, KeepsStreamedSpansAndMetrics) {
  sentry::Options options;
  options.trace_lifecycle = sentry::TraceLifecycle::kStream;
  options.enable_metrics = true;
  SentryRecorder sentry{std::move(options)};
  sell();
  sentry::gauge("pears", 3, "piece", {{"till", 4}});
  const std::vector<sentry::StreamedSpan> spans = sentry.spans();
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_TRUE(spans[0].is_segment);
  EXPECT_EQ(spans[1].name, "SELECT pears");
  EXPECT_THAT(PrintToString(spans[1]), AllOf(HasSubstr("span db.query \"SELECT pears\" ok"),
                                             HasSubstr("attribute db.rows=3")));
  EXPECT_THAT(sentry.transactions(), IsEmpty());
  ASSERT_THAT(sentry.metrics(), SizeIs(1));
  EXPECT_THAT(PrintToString(sentry.metrics()[0]),
              AllOf(HasSubstr("gauge pears 3piece"), HasSubstr("attribute till=4")));
  sentry.clear();
  EXPECT_THAT(sentry.spans(), IsEmpty());
  EXPECT_THAT(sentry.metrics(), IsEmpty());
}

TEST(SentryRecorder, AsksTheHooksFirst) {
  sentry::Options options;
  options.before_send = [](sentry::Event& event) {
    event.tags.emplace_back("seen", "yes");
    return event.message != "hush";
  };
  SentryRecorder sentry{std::move(options)};
  context::capture_message("hush");
  context::capture_message("said");
  const std::vector<sentry::Event> errors = sentry.errors();
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].message, "said");
  EXPECT_THAT(PrintToString(errors[0]), HasSubstr("tag seen=yes"));
}

TEST(SentryRecorder, ForgetsAndStartsAnew) {
  {
    SentryRecorder sentry;
    context::capture_message("one");
    EXPECT_THROW(SentryRecorder{}, std::runtime_error) << "one client is active already";
    sentry.clear();
    EXPECT_THAT(sentry.errors(), IsEmpty());
    context::capture_message("two");
    EXPECT_THAT(sentry.errors(), SizeIs(1));
  }
  SentryRecorder sentry;
  EXPECT_THAT(sentry.errors(), IsEmpty());
}

}  // namespace
}  // namespace vitals::testing
