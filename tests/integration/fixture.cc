#include "integration/fixture.h"

#include <sstream>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "integration/support/pgbouncer.h"
#include "integration/support/postgres.h"
#include "integration/support/redis.h"

namespace integration {
namespace {

const bool kComplaintsAreFailures =
    (on_complaint([](const std::string& words) { ADD_FAILURE() << words; }), true);

/// One of each for the whole test process.
class Servers final : public ::testing::Environment {
 public:
  void SetUp() override {
    const char* storage = std::getenv("STORAGE");
    if (storage == nullptr) return;
    postgres_ = std::make_unique<Postgres>();
    const std::string_view kind = storage;
    constexpr std::string_view kBehind = "pgbouncer-";
    if (kind.starts_with(kBehind)) {
      bouncer_ = std::make_unique<PgBouncer>(*postgres_, std::string{kind.substr(kBehind.size())});
    } else if (kind != "servers") {
      throw std::invalid_argument("STORAGE=" + std::string{kind} + " is not known");
    }
    redis_ = std::make_unique<Redis>(std::vector<std::string>{"--databases", "1000"});
  }
  void TearDown() override {
    bouncer_.reset();
    postgres_.reset();
    redis_.reset();
  }

  void add_to(Settings& settings) {
    if (!postgres_) return;
    if (!settings.contains("DATABASE_URL")) {
      const std::string database = postgres_->create_database();
      settings["DATABASE_URL"] = bouncer_ ? bouncer_->url(database) : postgres_->url(database);
    }
    // Each of them is a process of PostgreSQL's, which takes longer to start than most tests do.
    settings.try_emplace("DATABASE_POOL_SIZE", "4");
    if (!settings.contains("REDIS_URL")) settings["REDIS_URL"] = redis_->url(next_++);
  }

 private:
  std::unique_ptr<Postgres> postgres_;
  std::unique_ptr<PgBouncer> bouncer_;
  std::unique_ptr<Redis> redis_;
  int next_ = 0;
};

auto* const g_servers = static_cast<Servers*>(::testing::AddGlobalTestEnvironment(new Servers));

}  // namespace

ServiceOptions health_agent(Settings settings, std::vector<std::string> arguments) {
  static_cast<void>(kComplaintsAreFailures);
  g_servers->add_to(settings);
  return {.program = HEALTH_AGENT_PROGRAM,
          .settings = std::move(settings),
          .arguments = std::move(arguments),
          .directory = {}};
}

Settings with_sentry(const EnvelopeReceiver& receiver, Settings more) {
  more.try_emplace("ENABLE_SENTRY", "true");
  more.try_emplace("SENTRY_DSN", receiver.dsn());
  return more;
}

void expect_error(const Response& response, int status, const std::string& error) {
  SCOPED_TRACE("answer: " + std::to_string(response.status) + " " + response.body.substr(0, 500) +
               response.error);
  EXPECT_EQ(response.status, status);
  EXPECT_TRUE(response.header("content-type").starts_with("application/json"))
      << response.header("content-type");
  const Json body = Json::parse(response.body, nullptr, false);
  ASSERT_TRUE(body.is_object());
  EXPECT_EQ(body.value("error", ""), error);
  for (const char* field : {"message", "user_message", "request_id", "timestamp"}) {
    ASSERT_TRUE(body.contains(field) && body[field].is_string()) << field;
    EXPECT_NE(body[field], "") << field;
  }
  EXPECT_EQ(body["request_id"], response.header("x-request-id"));
  EXPECT_TRUE(is_timestamp_text(body["timestamp"])) << body["timestamp"];
}

void expect_valid(const EnvelopeReceiver& receiver) {
  for (const std::string& fault : receiver.faults())
    ADD_FAILURE() << "in an envelope: " << fault;
}

std::vector<Json> events_of(const EnvelopeReceiver& receiver, const std::string& request_id) {
  std::vector<Json> found;
  for (Json& event : receiver.events()) {
    if (tag_of(event, "request_id") == request_id) found.push_back(std::move(event));
  }
  return found;
}

std::optional<Json> find_field(const Json& json, const std::string& name) {
  if (json.is_object() && json.contains(name)) return json[name];
  if (json.is_structured()) {
    for (const Json& inner : json) {
      if (auto found = find_field(inner, name)) return found;
    }
  }
  return std::nullopt;
}

Json log_line_of(const std::string& log, const std::string& request_id) {
  std::istringstream lines{log};
  for (std::string line; std::getline(lines, line);) {
    const Json read = Json::parse(line, nullptr, false);
    if (read.is_object() && read.value("request_id", "") == request_id) return read;
  }
  return {};
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 16> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &utc)};
}

double quickest_health(Http& client) {
  constexpr double kRepeated = 0.1;
  int asked = 0;
  double quickest = 60;
  EXPECT_TRUE(eventually([&] {
    const auto start = std::chrono::steady_clock::now();
    const Response health = client.get("/api/health");
    const double took = seconds_since(start);
    if (took < kRepeated || health.json()["database"] != "busy") return false;
    quickest = std::min(quickest, took);
    return ++asked == 3;
  }));
  return quickest;
}

void create_user(Http& client, const std::string& user_id) {
  const Response response = client.post("/api/v1/users", {{"user_id", user_id}});
  ASSERT_TRUE(response.status == 201 || response.status == 200)
      << response.status << response.body << response.error;
}

}  // namespace integration
