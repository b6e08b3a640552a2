#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/unit/monitor/monitored.h"
#include "vitals/context/capture.h"
#include "vitals/context/span.h"
#include "vitals/monitor/agent.h"
#include "vitals/monitor/bot.h"
#include "vitals/monitor/cache.h"
#include "vitals/monitor/db.h"
#include "vitals/monitor/http.h"
#include "vitals/monitor/journey.h"

namespace vitals::monitor {
namespace {

class TemporaryNames : public Monitored {};

/// Scopes that are made of texts which are gone, or have changed, when the scope needs them.
class Temporaries : public Monitored, public ::testing::WithParamInterface<std::size_t> {
 protected:
  /// A text of that length, which the caller is to let go.
  static std::string text(char fill) { return std::string(GetParam(), fill); }
  /// Whatever reads memory that was freed finds this there.
  static void write_over_what_was_freed() {
    for (int i = 0; i < 64; ++i)
      static_cast<void>(std::make_unique<std::string>(GetParam(), '#'));
  }
};

TEST_P(Temporaries, AQueryKeepsItsTable) {
  {
    QueryScope query{QueryType::kSelect, text('q')};
    write_over_what_was_freed();
    query.fail(std::string("gone"));
  }
  EXPECT_EQ(value("db_queries_total", {{"query_type", "SELECT"}, {"table", text('q')}}), 1);
  EXPECT_EQ(value("db_query_errors_total",
                  {{"query_type", "SELECT"}, {"table", text('q')}, {"error_type", "gone"}}),
            1);
}

TEST_P(Temporaries, AnAgentCallKeepsItsModel) {
  {
    AgentCallScope call{AgentType::kClaude, text('a')};
    write_over_what_was_freed();
    call.succeed({.cost_usd = 0.5});
  }
  EXPECT_EQ(value("agent_cost_usd_total", {{"agent_type", "claude"}, {"model", text('a')}}), 0.5);
}

TEST_P(Temporaries, AnUpdateKeepsItsKind) {
  {
    UpdateScope update{text('u'), text('v')};
    write_over_what_was_freed();
    update.succeed();
  }
  EXPECT_EQ(value("bot_updates_total", {{"kind", text('u')}, {"status", "success"}}), 1);
}

TEST_P(Temporaries, AJourneyKeepsItsName) {
  const JourneyScope journey{text('j')};
  write_over_what_was_freed();
  journey.reached(text('s'), 1);
  EXPECT_EQ(value("user_journey_steps_total",
                  {{"journey", std::string(std::min<std::size_t>(GetParam(), 64), 'j')},
                   {"step", text('s')}}),
            1);
}

TEST_P(Temporaries, ARequestKeepsItsRoutePathAndQuery) {
  {
    RequestScope request{{.method = Method::kPost,
                          .route = text('r'),
                          .operation = text('o'),
                          .path = "/" + text('p'),
                          .query = "a=" + text('q'),
                          .request_id = std::string("id-7")}};
    write_over_what_was_freed();
    const RequestActivation active{request};
    request.fail(std::string("odd"));
    context::capture_message("look");
    request.finish(500);
  }
  EXPECT_EQ(value("http_requests_total",
                  {{"method", "POST"}, {"endpoint", text('r')}, {"status", "500"}}),
            1);
  EXPECT_EQ(value("http_errors_total",
                  {{"method", "POST"}, {"endpoint", text('r')}, {"error_type", "odd"}}),
            1);
  const auto events = sent("event");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["tags"]["operation"].get<std::string>(), text('o').substr(0, 200));
  EXPECT_EQ(events[0]["tags"]["request_id"], "id-7");
  EXPECT_EQ(events[0]["request"]["url"], "/" + text('p'));
}

TEST_P(Temporaries, TrackRequestAndTrackQueryTakeThem) {
  track_request(std::string("GET"), "t" + text('r'), [] { write_over_what_was_freed(); });
  track_query(QueryType::kInsert, "t" + text('q'), [] { write_over_what_was_freed(); });
  EXPECT_EQ(value("http_requests_total",
                  {{"method", "GET"}, {"endpoint", "t" + text('r')}, {"status", "200"}}),
            1);
  EXPECT_EQ(value("db_queries_total", {{"query_type", "INSERT"}, {"table", "t" + text('q')}}), 1);
}

// In place of a short std::string, in place of the scope's own, and on the heap.
INSTANTIATE_TEST_SUITE_P(Lengths, Temporaries, ::testing::Values(3, 30, 64, 65, 120));

TEST_F(TemporaryNames, ACacheCallMayNameItsKeyByOne) {
  const context::Span transaction = context::start_transaction({.name = "t", .op = "test"});
  {
    const context::SpanActivation active = transaction.activate();
    CacheScope get{CacheOperation::kGet, std::string(40, 'k')};
    get.hit();
  }
  transaction.finish();
  EXPECT_EQ(sent("transaction").at(0)["spans"][0]["description"], std::string(40, 'k'));
}

TEST_F(TemporaryNames, AnActivationThatOutlivesItsRequestNamesItStill) {
  auto request = std::make_unique<RequestScope>(RequestStart{.request_id = "first"});
  std::optional<RequestActivation> active(std::in_place, *request);
  request.reset();
  for (int i = 0; i < 8; ++i)
    static_cast<void>(std::make_unique<RequestScope>(RequestStart{.request_id = "other"}));
  EXPECT_EQ(current_log_context().request_id, "first");
  active.reset();
  EXPECT_EQ(current_log_context().request_id, "");
}

TEST(PublicEnums, AreLabelsOfAFamilyOfTheUsersOwn) {
  metrics::Registry registry;
  auto seen =
      registry.counter<metrics::enum_label<Method>("method"),
                       metrics::enum_label<QueryType>("query_type"),
                       metrics::enum_label<AgentType>("agent_type"),
                       metrics::enum_label<CacheOperation>("operation")>("seen_total", "Seen.");
  seen.with(Method::kPatch, QueryType::kUpdate, AgentType::kGpt4, CacheOperation::kDelete).inc();
  EXPECT_EQ(vitals::testing::Snapshot{registry}.value("seen_total", {{"method", "PATCH"},
                                                                     {"query_type", "UPDATE"},
                                                                     {"agent_type", "gpt4"},
                                                                     {"operation", "delete"}}),
            1);
}

}  // namespace
}  // namespace vitals::monitor
