// The examples, each run as it is: it is scraped, it breaks, and the event is read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <functional>
#include <memory>
#include <string>

#include "adapters/mariadb_server.h"
#include "integration/support/http.h"
#include "integration/support/http_server.h"
#include "integration/support/ports.h"
#include "integration/support/postgres.h"
#include "integration/support/process.h"
#include "integration/support/receiver.h"
#include "integration/support/redis.h"

namespace adapters_test {
namespace {

using integration::eventually;
using ::testing::HasSubstr;

/// What an example needs beside it, and what is seen of it.
struct Example {
  const char* name;
  const char* sample;  ///< on its page, once it has worked
  const char* type;    ///< of its event's exception; empty: a message
  const char* words;   ///< in its event
  const char* breaks =
      nullptr;  ///< the path of a request that breaks a server; null: it does by itself
};

/// The servers of an example: what its environment names.
struct Around {
  std::shared_ptr<void> server;
  integration::Environment environment;
};

Around around(const std::string& name) {
  if (name == "libpq" || name == "libpqxx") {
    auto postgres = std::make_shared<integration::Postgres>();
    const std::string url = postgres->url(postgres->create_database());
    return {postgres, {{"DATABASE_URL", url}}};
  }
  if (name == "hiredis") {
    auto redis = std::make_shared<integration::Redis>();
    return {redis, {{"REDIS_PORT", std::to_string(redis->port())}}};
  }
  if (name == "mariadb") {
    auto mariadb = std::make_shared<MariaDb>();
    return {mariadb, {{"MARIADB_SOCKET", mariadb->socket()}}};
  }
  if (name == "curl") {
    auto target = std::make_shared<integration::HttpServer>(
        integration::free_port(),
        [](const integration::ServerRequest&) { return integration::ServerAnswer{.body = ""}; });
    return {target, {{"TARGET_URL", "http://127.0.0.1:" + std::to_string(target->port()) + "/"}}};
  }
  return {};
}

std::uint16_t port_of(integration::Process& program) {
  constexpr std::string_view kWords = "listening on ";
  std::uint16_t port = 0;
  EXPECT_TRUE(eventually([&] {
    const std::string said = program.output();
    const std::size_t at = said.find(kWords);
    if (at == std::string::npos || said.find('\n', at) == std::string::npos) return false;
    std::from_chars(said.data() + at + kWords.size(), said.data() + said.size(), port);
    return true;
  })) << program.errors();
  return port;
}

class Examples : public testing::TestWithParam<Example> {};

TEST_P(Examples, IsScrapedBreaksAndTells) {
  const Example& example = GetParam();
  integration::EnvelopeReceiver receiver;
  Around beside = around(example.name);
  beside.environment["SENTRY_DSN"] = receiver.dsn();
  beside.environment["CONSOLE_TOKEN"] = "secret";
  integration::Process program{
      {.command = {std::string{EXAMPLES_FOLDER "/example_"} + example.name},
       .environment = beside.environment,
       .keep_input_open = true}};
  integration::Http client{port_of(program)};
  if (example.breaks != nullptr) {
    EXPECT_EQ(client.get("/eggs/7").status, 200);
    EXPECT_EQ(client.get(example.breaks).status, 500);
  }
  std::string page;
  EXPECT_TRUE(eventually([&] {
    page = client.get("/metrics").body;
    return page.find(example.sample) != std::string::npos;
  })) << page;
  ASSERT_TRUE(receiver.wait_for_events(1, std::chrono::seconds{60})) << program.errors();
  const auto event = receiver.events().front();
  EXPECT_THAT(event.dump(), HasSubstr(example.words));
  if (*example.type != '\0') {
    EXPECT_EQ(event["exception"]["values"].back()["type"], example.type);
    bool own = false;
    for (const auto& frame : event["exception"]["values"].back()["stacktrace"]["frames"])
      own |= frame.value("abs_path", "").find("/examples/") != std::string::npos;
    EXPECT_TRUE(own) << "the line that threw";
  }
}

const Example kExamples[] = {
    Example{"hello", "endpoint=\"/eggs/(\\\\d+)\",status=\"200\"} 1", "std::out_of_range",
            "no such egg", "/eggs/0"},
    Example{"beast", "endpoint=\"/eggs/{id}\",status=\"200\"} 1", "std::out_of_range",
            "no such egg", "/eggs/0"},
    Example{"restinio", "endpoint=\"/eggs/:id\",status=\"200\"} 1", "std::out_of_range",
            "no such egg", "/eggs/0"},
    Example{"pistache", "endpoint=\"/eggs/:id\",status=\"200\"} 1", "std::out_of_range",
            "no such egg", "/eggs/0"},
    Example{"grpc", "rpc_server_calls_total{service=\"farm.Eggs\",method=\"Lay\",code=\"OK\"} 1",
            "std::out_of_range", "no such egg"},
    Example{"libpq", "error_type=\"constraint\"} 1", "std::runtime_error", "duplicate key"},
    Example{"libpqxx", "error_type=\"constraint\"} 1", "pqxx::unique_violation", "duplicate key"},
    Example{"sqlite", "error_type=\"constraint\"} 1", "std::runtime_error", "UNIQUE constraint"},
    Example{"soci", "error_type=\"constraint\"} 1", "soci::sqlite3_soci_error",
            "UNIQUE constraint"},
    Example{"mariadb", "error_type=\"constraint\"} 1", "std::runtime_error", "Duplicate entry"},
    Example{"hiredis", "result=\"hit\",cache=\"nest\"} 1", "std::runtime_error",
            "wrong number of arguments"},
    Example{"curl", "error_type=\"connect\"} 1", "std::runtime_error", "connect"},
#ifndef __SANITIZE_THREAD__  // librdkafka's threads are C11's, which it does not know
    Example{"rdkafka",
            "messages_processed_total{system=\"kafka\",destination=\"eggs\",status=\"error\"} 1",
            "std::runtime_error", "a broken egg"},
#endif
    Example{"spdlog", "job_runs_total{job=\"lay\",status=\"success\"} 1", "", "the egg fell"},
    Example{"glog", "job_runs_total{job=\"lay\",status=\"success\"} 1", "", "the egg fell"}};

INSTANTIATE_TEST_SUITE_P(All, Examples, testing::ValuesIn(kExamples),
                         [](const auto& one) { return std::string{one.param.name}; });

// The shortener, first written without any monitoring: all of it is seen.
TEST(Shortener, IsMonitoredWhole) {
  const integration::Postgres postgres;
  const integration::Redis redis;
  integration::HttpServer target{integration::free_port(), [](const integration::ServerRequest&) {
                                   return integration::ServerAnswer{.body = ""};
                                 }};
  integration::EnvelopeReceiver receiver;
  integration::Process program{
      {.command = {EXAMPLES_FOLDER "/example_shortener"},
       .environment = {{"DATABASE_URL", postgres.url(postgres.create_database())},
                       {"REDIS_PORT", std::to_string(redis.port())},
                       {"SENTRY_DSN", receiver.dsn()},
                       {"CONSOLE_TOKEN", "secret"}}}};
  integration::Http client{port_of(program)};
  const std::string url = "http://127.0.0.1:" + std::to_string(target.port()) + "/long";
  const auto made = client.send({.method = "POST", .path = "/links", .body = url});
  ASSERT_EQ(made.status, 201) << program.errors();
  const std::string code = made.body.substr(0, made.body.size() - 1);
  EXPECT_EQ(client.get("/" + code).header("location"), url);
  EXPECT_EQ(client.get("/links/" + code + "/hits").body, "1\n");
  EXPECT_EQ(client.send({.method = "POST", .path = "/links", .body = "http://127.0.0.1:1/"}).status,
            422);
  EXPECT_EQ(client.get("/99999999999999999999").status, 500) << "no bigint";
  const std::string page = client.get("/metrics").body;
  for (const char* sample :
       {"http_requests_total{method=\"POST\",endpoint=\"/links\",status=\"201\"} 1",
        "db_queries_total{query_type=\"INSERT\",table=\"links\"} 1",
        "cache_operations_total{operation=\"get\",result=\"hit\",cache=\"links\"} 1",
        "http_client_errors_total{method=\"HEAD\",host=\"127.0.0.1:1\",error_type=\"connect\"} 1",
        "db_connection_pool_size{pool=\"links\"} 4"}) {
    EXPECT_THAT(page, HasSubstr(sample));
  }
  EXPECT_EQ(client.get("/console/api/overview").status, 401);
  EXPECT_EQ(client.get("/console/api/overview", {{"Authorization", "Bearer secret"}}).status, 200);
  ASSERT_TRUE(receiver.wait_for_events(1, std::chrono::seconds{60}));
  EXPECT_THAT(receiver.events().front().dump(), HasSubstr("out of range"));
}

}  // namespace
}  // namespace adapters_test
