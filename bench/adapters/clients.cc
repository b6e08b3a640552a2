// What an adapter costs what a service calls: each client against its real server, on one thread,
// with vitals, with prometheus-cpp by hand, and with nothing, in interleaved rounds: at a fixed
// rate, and as fast as it goes. Prints `name value unit goal verdict`.
#include <curl/curl.h>
#include <glog/logging.h>
#include <httplib.h>
#include <soci/soci.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "adapters/mariadb_server.h"
#include "bench/adapters/wired.h"
#include "bench/cpu_time.h"
#include "bench/goals.h"
#include "bench/overhead/statistics.h"
#include "integration/support/postgres.h"
#include "integration/support/process.h"
#include "integration/support/redis.h"
#include "vitals/adapters/curl.h"
#include "vitals/adapters/glog.h"
#include "vitals/adapters/hiredis.h"
#include "vitals/adapters/httplib.h"
#include "vitals/adapters/libpq.h"
#include "vitals/adapters/libpqxx.h"
#include "vitals/adapters/mariadb.h"
#include "vitals/adapters/rdkafka.h"
#include "vitals/adapters/soci.h"
#include "vitals/adapters/spdlog.h"
#include "vitals/adapters/sqlite.h"
#include "vitals/context/span.h"

namespace adapters_bench {
namespace {

using Clock = std::chrono::steady_clock;
using vitals::monitor::QueryType;
namespace adapters = vitals::adapters;

constexpr std::chrono::milliseconds kLength{400};
constexpr int kRate = 10'000;          // calls a second, where it is fixed
constexpr int kCallsOfRequest = 10;    // how many calls a request makes
constexpr int kCallsBetweenLooks = 8;  // at the clock, where the pace is not fixed
constexpr std::size_t kWays = std::size(kWirings);

enum class Pace { kFixed, kAsFastAsItGoes };

void require(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

/// One client and its server.
class Client {
 public:
  Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  virtual ~Client() = default;

  /// One call as the library has it. True, or it throws.
  virtual bool plain() = 0;
  /// The same by the adapter.
  virtual bool adapted() = 0;
  /// Whether anybody counts such calls by hand.
  [[nodiscard]] virtual bool is_counted_by_hand() const { return true; }
};

/// The server of httplib that adapters_bench loads, without any monitoring.
class HttpServer {
 public:
  HttpServer() : process_{{.command = {program(), "httplib", "none"}}} {
    constexpr std::string_view kWords = "listening on ";
    require(integration::eventually([&] {
              const std::string said = process_.output();
              if (!said.starts_with(kWords) || said.back() != '\n') return false;
              std::from_chars(said.data() + kWords.size(), said.data() + said.size(), port_);
              return true;
            }),
            "the HTTP server does not start: " + process_.errors());
  }
  [[nodiscard]] std::string base() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  static std::string program() {
    const char* const given = std::getenv("ADAPTERS_BENCH_SERVER");
    return std::filesystem::absolute(given == nullptr ? "build/bench/bin/adapters_bench_server"
                                                      : given);
  }
  integration::Process process_;
  int port_ = 0;
};

class Curl final : public Client {
 public:
  Curl() {
    curl_easy_setopt(handle_.get(), CURLOPT_URL, url_.c_str());
    curl_easy_setopt(
        handle_.get(), CURLOPT_WRITEFUNCTION,
        +[](char*, std::size_t size, std::size_t count, void*) { return size * count; });
  }
  bool plain() override { return good(curl_easy_perform(handle_.get())); }
  bool adapted() override { return good(adapters::perform(handle_.get(), "GET", url_)); }

 private:
  static bool good(CURLcode code) {
    require(code == CURLE_OK, curl_easy_strerror(code));
    return true;
  }
  HttpServer server_;
  const std::string url_ = server_.base() + "/eggs/7";
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle_{curl_easy_init(),
                                                                    &curl_easy_cleanup};
};

class HttplibClient final : public Client {
 public:
  HttplibClient() { client_.set_keep_alive(true); }
  bool plain() override { return good(client_.send(request())); }
  bool adapted() override { return good(adapters::send(client_, server_.base(), request())); }

 private:
  static httplib::Request request() {
    httplib::Request made;
    made.method = "GET";
    made.path = "/eggs/7";
    return made;
  }
  static bool good(const httplib::Result& answer) {
    require(answer && answer->status == 200, "no answer");
    return true;
  }
  HttpServer server_;
  httplib::Client client_{server_.base()};
};

constexpr const char* kSelect = "SELECT 7";

class Libpq final : public Client {
 public:
  Libpq() { require(PQstatus(connection_.get()) == CONNECTION_OK, "no connection"); }
  bool plain() override { return good(adapters::PgResult{PQexec(connection_.get(), kSelect)}); }
  bool adapted() override { return good(adapters::pg_exec(connection_.get(), kSelect, "eggs")); }

 private:
  static bool good(const adapters::PgResult& rows) {
    require(PQresultStatus(rows.get()) == PGRES_TUPLES_OK, "no rows");
    return true;
  }
  integration::Postgres server_;
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{
      PQconnectdb(server_.url("postgres").c_str()), &PQfinish};
};

class Libpqxx final : public Client {
 public:
  bool plain() override { return good(work_.exec(kSelect)); }
  bool adapted() override {
    return good(
        adapters::pqxx_query(QueryType::kSelect, "eggs", [&] { return work_.exec(kSelect); }));
  }

 private:
  static bool good(const pqxx::result& rows) {
    require(rows.size() == 1, "no rows");
    return true;
  }
  integration::Postgres server_;
  pqxx::connection connection_{server_.url("postgres")};
  pqxx::nontransaction work_{connection_};
};

class Sqlite final : public Client {
 public:
  Sqlite() {
    sqlite3* opened = nullptr;
    require(sqlite3_open(":memory:", &opened) == SQLITE_OK, "no database");
    database_.reset(opened);
    sqlite3_stmt* prepared = nullptr;
    require(sqlite3_exec(opened,
                         "CREATE TABLE eggs (id INTEGER PRIMARY KEY, colour TEXT);"
                         "INSERT INTO eggs VALUES (7, 'brown')",
                         nullptr, nullptr, nullptr) == SQLITE_OK &&
                sqlite3_prepare_v2(opened, "SELECT colour FROM eggs WHERE id = 7", -1, &prepared,
                                   nullptr) == SQLITE_OK,
            "no table");
    statement_.reset(prepared);
  }
  bool plain() override { return good(run()); }
  bool adapted() override {
    return good(adapters::sqlite_query(QueryType::kSelect, "eggs", [&] { return run(); }));
  }

 private:
  int run() {
    sqlite3_reset(statement_.get());
    return sqlite3_step(statement_.get());
  }
  static bool good(int code) {
    require(code == SQLITE_ROW, "no row");
    return true;
  }
  std::unique_ptr<sqlite3, decltype(&sqlite3_close)> database_{nullptr, &sqlite3_close};
  std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement_{nullptr, &sqlite3_finalize};
};

class Soci final : public Client {
 public:
  Soci() {
    session_ << "CREATE TABLE eggs (id INTEGER PRIMARY KEY)";
    session_ << "INSERT INTO eggs VALUES (7)";
  }
  bool plain() override { return ask(); }
  bool adapted() override {
    return adapters::query(QueryType::kSelect, "eggs", [&] { return ask(); });
  }

 private:
  bool ask() {
    int id = 0;
    session_ << "SELECT id FROM eggs WHERE id = 7", soci::into(id);
    require(id == 7, "no row");
    return true;
  }
  // By name: its header takes SQLite's into a namespace.
  soci::session session_{"sqlite3", ":memory:"};
};

class MariaDb final : public Client {
 public:
  MariaDb() {
    require(mysql_real_connect(connection_.get(), nullptr, "root", nullptr, nullptr, 0,
                               server_.socket().c_str(), 0) != nullptr,
            "no connection");
  }
  bool plain() override { return good(mysql_query(connection_.get(), kSelect)); }
  bool adapted() override {
    return good(adapters::mariadb_query(connection_.get(), kSelect, "eggs"));
  }

 private:
  bool good(int failed) {
    const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> rows{
        failed == 0 ? mysql_store_result(connection_.get()) : nullptr, &mysql_free_result};
    require(rows != nullptr, "no rows");
    return true;
  }
  adapters_test::MariaDb server_;
  const std::unique_ptr<MYSQL, decltype(&mysql_close)> connection_{mysql_init(nullptr),
                                                                   &mysql_close};
};

class Hiredis final : public Client {
 public:
  bool plain() override {
    return good(adapters::Reply{static_cast<redisReply*>(redisCommand(redis_.get(), "GET egg:7"))});
  }
  bool adapted() override { return good(adapters::command(redis_.get(), "nest", "GET egg:7")); }

 private:
  static bool good(const adapters::Reply& reply) {
    require(reply != nullptr && reply->type == REDIS_REPLY_NIL, "no reply");
    return true;
  }
  integration::Redis server_;
  const std::unique_ptr<redisContext, decltype(&redisFree)> redis_{
      redisConnect("127.0.0.1", server_.port()), &redisFree};
};

/// librdkafka's own cluster for tests, in this process.
class Kafka final : public Client {
 public:
  Kafka() {
    const std::unique_ptr<RdKafka::Conf> settings{
        RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL)};
    std::string error;
    require(settings->set("test.mock.num.brokers", "1", error) == RdKafka::Conf::CONF_OK, error);
    producer_.reset(RdKafka::Producer::create(settings.get(), error));
    require(producer_ != nullptr, error);
  }
  bool plain() override {
    return good([&] {
      return producer_->produce(topic_, RdKafka::Topic::PARTITION_UA,
                                RdKafka::Producer::RK_MSG_COPY, payload_.data(), payload_.size(),
                                nullptr, 0, 0, nullptr);
    });
  }
  bool adapted() override {
    return good([&] { return adapters::kafka_produce(*producer_, topic_, payload_); });
  }

 private:
  template <class Produce>
  bool good(const Produce& produce) {
    RdKafka::ErrorCode error = produce();
    for (; error == RdKafka::ERR__QUEUE_FULL; error = produce())
      producer_->poll(10);
    require(error == RdKafka::ERR_NO_ERROR, RdKafka::err2str(error));
    producer_->poll(0);
    return true;
  }
  std::unique_ptr<RdKafka::Producer> producer_;
  const std::string topic_ = "eggs";
  std::string payload_ = "brown";
};

/// Lines to a file that forgets them.
class Spdlog final : public Client {
 public:
  bool plain() override { return say(plain_); }
  bool adapted() override { return say(adapted_); }
  [[nodiscard]] bool is_counted_by_hand() const override { return false; }

 private:
  static bool say(spdlog::logger& log) {
    log.info("the hen sits on {} eggs", 7);
    return true;
  }
  const std::shared_ptr<spdlog::sinks::sink> file_ =
      std::make_shared<spdlog::sinks::basic_file_sink_mt>("/dev/null");
  spdlog::logger plain_{"farm", {file_}};
  spdlog::logger adapted_{"farm", {file_, std::make_shared<adapters::SpdlogSentrySink>()}};
};

class Glog final : public Client {
 public:
  Glog() {
    FLAGS_log_dir = folder_.path();
    FLAGS_stderrthreshold = google::NUM_SEVERITIES;
  }
  bool plain() override {
    sink_.reset();
    return say();
  }
  bool adapted() override {
    if (!sink_) sink_.emplace();
    return say();
  }
  [[nodiscard]] bool is_counted_by_hand() const override { return false; }

 private:
  static bool say() {
    LOG(INFO) << "the hen sits on " << 7 << " eggs";
    return true;
  }
  const integration::TempDir folder_;
  std::optional<adapters::GlogSentrySink> sink_;
};

struct Load {
  double per_second = 0;
  double cpu_us = 0;  ///< of a call, in this process
};

/// Calls for a while. With traces every tenth call begins a request, which the calls are parts of.
Load load(Client& client, Wiring wiring, Pace pace) {
  Wired wired{wiring};
  const auto call = [&] {
    return wired.by_adapter() ? client.adapted() : wired.call([&] { return client.plain(); });
  };
  for (int i = 0; i < 100; ++i)
    call();
  const double cpu_before = vitals::bench::cpu_seconds_of(::getpid());
  const auto start = Clock::now();
  const auto end = start + kLength;
  constexpr auto kEach = std::chrono::nanoseconds{std::chrono::seconds{1}} / kRate;
  int calls = 0;
  auto now = start;
  while (now < end) {
    std::optional<vitals::context::Span> request;
    std::optional<vitals::context::SpanActivation> active;
    if (wiring == Wiring::kWhole) {
      request = vitals::context::start_transaction({.name = "GET /eggs", .op = "http.server"});
      active.emplace(*request);
    }
    for (int i = 0; i < kCallsOfRequest && now < end; ++i, ++calls) {
      if (pace == Pace::kFixed) std::this_thread::sleep_until(start + calls * kEach);
      call();
      if (pace == Pace::kFixed || calls % kCallsBetweenLooks == 0) now = Clock::now();
    }
    active.reset();
    if (request) request->finish();
  }
  const std::chrono::duration<double> took = Clock::now() - start;
  const double cpu = vitals::bench::cpu_seconds_at_rest(::getpid()) - cpu_before;
  return {.per_second = calls / took.count(), .cpu_us = cpu * 1e6 / calls};
}

void measure(Client& client, const std::string& name, Pace pace, int rounds) {
  std::vector<double> rates[kWays];
  std::vector<double> cpu[kWays];
  const auto is_wanted = [&](std::size_t way) {
    return static_cast<Wiring>(way) != Wiring::kByHand || client.is_counted_by_hand();
  };
  for (int round = 0; round <= rounds; ++round) {
    for (std::size_t turn = 0; turn < kWays; ++turn) {
      const std::size_t way = (turn + static_cast<std::size_t>(round)) % kWays;
      if (!is_wanted(way)) continue;
      const Load result = load(client, static_cast<Wiring>(way), pace);
      if (round == 0) continue;  // it warms up
      rates[way].push_back(result.per_second);
      cpu[way].push_back(result.cpu_us);
    }
  }
  using vitals::bench::print;
  const bool fixed = pace == Pace::kFixed;
  for (std::size_t way = 0; way < kWays; ++way) {
    if (!is_wanted(way)) continue;
    const std::string row = name + "_" + std::string{kWirings[way]} + (fixed ? "" : "_limit");
    print(row + "_rate", overhead::median(rates[way]), "calls/s", "-");
    print(row + "_cpu", overhead::median(cpu[way]), "us", "-");
    if (way == 0) continue;
    const overhead::Ratio ratio = overhead::ratio(rates[way], rates[0]);
    const bool by_hand = way == static_cast<std::size_t>(Wiring::kByHand);
    print(row + "_ratio", ratio.of_medians, "of none", fixed && !by_hand ? ">=0.97" : "-");
    print(row + "_ratio_quartile_1", ratio.lower, "of none", "-");
    print(row + "_ratio_quartile_3", ratio.upper, "of none", "-");
  }
}

template <class One>
void measure(const std::string& name, int rounds) {
  One client;
  measure(client, name, Pace::kFixed, rounds);
  measure(client, name, Pace::kAsFastAsItGoes, rounds);
}

int run() {
  const char* const given = std::getenv("ROUNDS");
  const int rounds = given == nullptr ? 7 : std::max(1, std::atoi(given));
  google::InitGoogleLogging("adapters_clients_bench");
  measure<Curl>("curl", rounds);
  measure<HttplibClient>("httplib_client", rounds);
  measure<Libpq>("libpq", rounds);
  measure<Libpqxx>("libpqxx", rounds);
  measure<Sqlite>("sqlite", rounds);
  measure<Soci>("soci", rounds);
  measure<MariaDb>("mariadb", rounds);
  measure<Hiredis>("hiredis", rounds);
  measure<Kafka>("rdkafka", rounds);
  measure<Spdlog>("spdlog", rounds);
  measure<Glog>("glog", rounds);
  return 0;
}

}  // namespace
}  // namespace adapters_bench

int main() {
  try {
    return adapters_bench::run();
  } catch (const std::exception& error) {
    std::cerr << "adapters_clients_bench: " << error.what() << "\n";
    return 1;
  }
}
