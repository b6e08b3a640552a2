// The adapters of what a service calls, each against the real server: HTTP, PostgreSQL, Redis,
// SQLite.
#include "adapters/recorded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "integration/support/http_server.h"
#include "integration/support/ports.h"
#include "integration/support/postgres.h"
#include "integration/support/redis.h"
#include "vitals/adapters/curl.h"
#include "vitals/adapters/hiredis.h"
#include "vitals/adapters/httplib.h"
#include "vitals/adapters/libpq.h"
#include "vitals/adapters/libpqxx.h"
#include "vitals/adapters/sqlite.h"
#include "vitals/context/span.h"

namespace adapters_test {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;
using vitals::monitor::QueryType;

class Clients : public Recorded {
 protected:
  double queries(std::string_view type) {
    return total("db_queries_total", {{"query_type", type}, {"table", "eggs"}});
  }
  double failures(std::string_view word) {
    return total("db_query_errors_total", {{"table", "eggs"}, {"error_type", word}});
  }
};

class Outgoing : public Clients {
 protected:
  integration::HttpServer server_{
      integration::free_port(), [this](const integration::ServerRequest& request) {
        seen_ = request;
        return integration::ServerAnswer{.status = request.path == "/broken" ? 503 : 200};
      }};
  integration::ServerRequest seen_;
  const std::string base_ = "http://127.0.0.1:" + std::to_string(server_.port());
  const std::string host_ = base_.substr(7);

  double requests(std::string_view status) {
    return total("http_client_requests_total", {{"host", host_}, {"status", status}});
  }
  double errors(std::string_view type) {
    return total("http_client_errors_total", {{"host", host_}, {"error_type", type}});
  }
};

TEST_F(Outgoing, CurlCarriesTheTraceOnAndCounts) {
  CURL* const curl = curl_easy_init();
  const std::string url = base_ + "/eggs?key=secret";
  curl_slist* const own = curl_slist_append(nullptr, "X-Own: 1");
  const auto transaction = vitals::context::start_transaction(
      {.name = "t", .op = "test"},
      {.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03",
       .tracestate = "rojo=1"});
  {
    const auto active = transaction.activate();
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    EXPECT_EQ(vitals::adapters::perform(curl, "GET", url, own), CURLE_OK);
    EXPECT_EQ(seen_.headers["x-own"], "1");
    EXPECT_THAT(seen_.headers["sentry-trace"], StartsWith(transaction.trace_id().str()));
    EXPECT_THAT(seen_.headers["traceparent"], HasSubstr(transaction.trace_id().str()));
    EXPECT_EQ(seen_.headers["tracestate"], "rojo=1");
    curl_easy_setopt(curl, CURLOPT_URL, (base_ + "/broken").c_str());
    EXPECT_EQ(vitals::adapters::perform(curl, "GET", base_ + "/broken"), CURLE_OK);
    EXPECT_EQ(seen_.headers.count("x-own"), 0U) << "the list of the call before has gone";
  }
  transaction.finish();
  curl_easy_cleanup(curl);
  curl_slist_free_all(own);
  EXPECT_EQ(requests("200"), 1);
  EXPECT_EQ(requests("503"), 1);
  EXPECT_EQ(errors("http_5xx"), 1);
  const auto transactions = sentry_.transactions();
  ASSERT_THAT(transactions, SizeIs(1));
  ASSERT_THAT(transactions[0].spans, SizeIs(2));
  EXPECT_EQ(transactions[0].spans[0].description, "GET " + base_ + "/eggs");
  EXPECT_THAT(seen_.headers["sentry-trace"], HasSubstr(transactions[0].spans[1].span_id.str()));
}

TEST_F(Outgoing, CurlSaysWhyNoAnswerCame) {
  CURL* const curl = curl_easy_init();
  const std::string url = "http://127.0.0.1:" + std::to_string(integration::free_port()) + "/away";
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  EXPECT_EQ(vitals::adapters::perform(curl, "GET", url), CURLE_COULDNT_CONNECT);
  curl_easy_cleanup(curl);
  EXPECT_EQ(total("http_client_errors_total", {{"error_type", "connect"}}), 1);
}

TEST_F(Outgoing, CurlThatFailsOnErrorsCountsTheirStatusAllTheSame) {
  CURL* const curl = curl_easy_init();
  const std::string url = base_ + "/broken";
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  EXPECT_EQ(vitals::adapters::perform(curl, "GET", url), CURLE_HTTP_RETURNED_ERROR);
  curl_easy_cleanup(curl);
  EXPECT_EQ(requests("503"), 1);
  EXPECT_EQ(errors("http_5xx"), 1);
}

TEST_F(Outgoing, HttplibCarriesTheTraceOnAndCounts) {
  httplib::Client client{base_};
  httplib::Request request;
  request.method = "GET";
  request.path = "/eggs";
  request.headers = {{"baggage", "other=1"}};
  const auto transaction = vitals::context::start_transaction(
      {.name = "t", .op = "test"},
      {.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03",
       .tracestate = "rojo=1"});
  {
    const auto active = transaction.activate();
    const auto answer = vitals::adapters::send(client, base_, request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
  }
  EXPECT_THAT(seen_.headers["sentry-trace"], StartsWith(transaction.trace_id().str()));
  EXPECT_THAT(seen_.headers["baggage"], HasSubstr("other=1"));
  EXPECT_EQ(seen_.headers["tracestate"], "rojo=1");
  EXPECT_EQ(requests("200"), 1);
  httplib::Client nobody{"http://127.0.0.1:" + std::to_string(integration::free_port())};
  EXPECT_FALSE(vitals::adapters::send(nobody, "http://nobody.example", request));
  EXPECT_EQ(total("http_client_errors_total", {{"host", "nobody.example"}}), 1);
}

TEST_F(Clients, LibpqsQueriesAreCountedByTypeAndFailure) {
  const integration::Postgres postgres;
  const std::string url = postgres.url(postgres.create_database());
  PGconn* const connection = PQconnectdb(url.c_str());
  ASSERT_EQ(PQstatus(connection), CONNECTION_OK) << PQerrorMessage(connection);
  vitals::adapters::pg_exec(connection, "CREATE TABLE eggs (id int PRIMARY KEY)", "eggs");
  vitals::adapters::pg_exec(connection, "INSERT INTO eggs VALUES (7)", "eggs");
  vitals::adapters::pg_exec(connection, "INSERT INTO eggs VALUES (7)", "eggs");
  const auto rows = vitals::adapters::pg_exec(connection, "SELECT id FROM eggs", "eggs");
  EXPECT_STREQ(PQgetvalue(rows.get(), 0, 0), "7");
  vitals::adapters::pg_exec(connection, "SET statement_timeout = 50", "eggs");
  vitals::adapters::pg_exec(connection, "SELECT pg_sleep(10)", "eggs");
  vitals::adapters::pg_exec(connection, "SELECT pg_terminate_backend(pg_backend_pid())", "eggs");
  vitals::adapters::pg_exec(connection, "SELECT 1", "eggs");
  PQfinish(connection);
  EXPECT_EQ(queries("INSERT"), 2);
  EXPECT_EQ(queries("SELECT"), 4);
  EXPECT_EQ(failures("constraint"), 1);
  EXPECT_EQ(failures("timeout"), 1);
  EXPECT_EQ(failures("unavailable"), 2);
}

TEST_F(Clients, LibpqxxsExceptionsGoOnAndAreCounted) {
  const integration::Postgres postgres;
  pqxx::connection connection{postgres.url(postgres.create_database())};
  const auto run = [&](QueryType type, const char* sql) {
    pqxx::nontransaction work{connection};
    return vitals::adapters::pqxx_query(type, "eggs", [&] { return work.exec(sql); });
  };
  run(QueryType::kOther, "CREATE TABLE eggs (id int PRIMARY KEY)");
  run(QueryType::kInsert, "INSERT INTO eggs VALUES (7)");
  EXPECT_THROW(run(QueryType::kInsert, "INSERT INTO eggs VALUES (7)"), pqxx::unique_violation);
  EXPECT_EQ(run(QueryType::kSelect, "SELECT id FROM eggs")[0][0].as<int>(), 7);
  EXPECT_THROW(run(QueryType::kSelect, "SELECT pg_terminate_backend(pg_backend_pid())"),
               std::exception);
  EXPECT_EQ(queries("INSERT"), 2);
  EXPECT_EQ(failures("constraint"), 1);
  EXPECT_EQ(failures("unavailable") + failures("other"), 1);
}

TEST_F(Clients, SqlitesCodesBecomeWords) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &database), SQLITE_OK);
  const auto run = [&](QueryType type, const char* sql) {
    return vitals::adapters::sqlite_query(
        type, "eggs", [&] { return sqlite3_exec(database, sql, nullptr, nullptr, nullptr); });
  };
  EXPECT_EQ(run(QueryType::kOther, "CREATE TABLE eggs (id int PRIMARY KEY)"), SQLITE_OK);
  EXPECT_EQ(run(QueryType::kInsert, "INSERT INTO eggs VALUES (7)"), SQLITE_OK);
  EXPECT_NE(run(QueryType::kInsert, "INSERT INTO eggs VALUES (7)"), SQLITE_OK);
  EXPECT_NE(run(QueryType::kSelect, "SELECT nothing FROM eggs"), SQLITE_OK);
  sqlite3_close(database);
  EXPECT_EQ(queries("INSERT"), 2);
  EXPECT_EQ(failures("constraint"), 1);
  EXPECT_EQ(failures("other"), 1);
}

TEST_F(Clients, RedisCommandsAreCallsToACache) {
  const integration::Redis redis;
  redisContext* const context = redisConnect("127.0.0.1", redis.port());
  ASSERT_EQ(context->err, 0);
  const auto command = [&](const char* format, auto... arguments) {
    return vitals::adapters::command(context, "nest", format, arguments...);
  };
  EXPECT_EQ(command("GET egg:%d", 7)->type, REDIS_REPLY_NIL);
  EXPECT_EQ(command("setex egg:%d 60 %s", 7, "brown")->type, REDIS_REPLY_STATUS);
  EXPECT_STREQ(command("GET egg:%d", 7)->str, "brown");
  EXPECT_EQ(command("MGET none:1 none:2")->elements, 2U);
  EXPECT_EQ(command("DEL egg:%d", 7)->integer, 1);
  EXPECT_EQ(command("GET")->type, REDIS_REPLY_ERROR);
  EXPECT_EQ(command("PING")->type, REDIS_REPLY_STATUS);
  const auto calls = [&](std::string_view operation, std::string_view result) {
    return total("cache_operations_total",
                 {{"operation", operation}, {"result", result}, {"cache", "nest"}});
  };
  EXPECT_EQ(calls("get", "miss"), 2) << "a list of nothing is nothing";
  EXPECT_EQ(calls("get", "hit"), 1);
  EXPECT_EQ(calls("get", "error"), 1);
  EXPECT_EQ(calls("set", "ok"), 1);
  EXPECT_EQ(calls("delete", "ok"), 1);
  EXPECT_EQ(total("cache_hit_rate", {{"cache", "nest"}}), 1.0 / 3);
  EXPECT_EQ(total("work_done_total", {{"work", "redis"}, {"status", "success"}}), 1);
  redisFree(context);
}

TEST_F(Clients, SixtyFourThreadsAtOnceMixNothingUp) {
  constexpr int kThreads = 64;
  constexpr int kEach = 5;
  const integration::Redis redis;
  const integration::Postgres postgres;
  const std::string database = postgres.url(postgres.create_database());
  const integration::HttpServer server{
      integration::free_port(),
      [](const integration::ServerRequest&) { return integration::ServerAnswer{.status = 200}; }};
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/eggs";
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const auto transaction =
          vitals::context::start_transaction({.name = "t" + std::to_string(t), .op = "test"});
      const auto active = transaction.activate();
      const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{curl_easy_init(),
                                                                     &curl_easy_cleanup};
      curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
      curl_easy_setopt(curl.get(), CURLOPT_NOBODY, 1L);
      const std::unique_ptr<redisContext, decltype(&redisFree)> cache{
          redisConnect("127.0.0.1", redis.port()), &redisFree};
      const std::unique_ptr<PGconn, decltype(&PQfinish)> connection{PQconnectdb(database.c_str()),
                                                                    &PQfinish};
      for (int i = 0; i < kEach; ++i) {
        EXPECT_EQ(vitals::adapters::perform(curl.get(), "HEAD", url), CURLE_OK);
        EXPECT_NE(vitals::adapters::command(cache.get(), "nest", "GET egg:%d", t), nullptr);
        const auto rows = vitals::adapters::pg_exec(connection.get(), "SELECT 7", "eggs");
        EXPECT_EQ(PQresultStatus(rows.get()), PGRES_TUPLES_OK);
      }
      transaction.finish();
    });
  }
  threads.clear();
  EXPECT_EQ(queries("SELECT"), kThreads * kEach);
  EXPECT_EQ(total("db_query_duration_seconds_count", {}), kThreads * kEach);
  EXPECT_EQ(total("cache_operations_total", {{"result", "miss"}}), kThreads * kEach);
  EXPECT_EQ(total("http_client_requests_total", {{"status", "200"}}), kThreads * kEach);
  EXPECT_EQ(total("http_client_request_duration_seconds_count", {}), kThreads * kEach);
  const auto transactions = sentry_.transactions();
  ASSERT_THAT(transactions, SizeIs(kThreads));
  for (const auto& transaction : transactions)
    EXPECT_THAT(transaction.spans, SizeIs(3 * kEach)) << transaction.transaction;
}

TEST_F(Clients, ARedisThatIsAwayIsAnError) {
  std::uint16_t port = 0;
  {
    const integration::Redis redis;
    port = redis.port();
  }
  redisContext* const context = redisConnect("127.0.0.1", port);
  EXPECT_EQ(vitals::adapters::command(context, "nest", "GET %s", "egg"), nullptr);
  redisFree(context);
  EXPECT_EQ(total("cache_operations_total", {{"operation", "get"}, {"result", "error"}}), 1);
}

}  // namespace
}  // namespace adapters_test
