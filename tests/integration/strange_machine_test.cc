#include <gmock/gmock.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/ports.h"
#include "integration/support/proc.h"

namespace integration {
namespace {

namespace fs = std::filesystem;

const Json kMeal = {{"foods", {{{"name", "apple"}, {"quantity", 1}, {"calories", 95}}}},
                    {"meal_type", "snack"},
                    {"notes", std::string(1500, 'n')}};

/// `program` run by a shell after `first`.
ServiceOptions after(const std::string& first, ServiceOptions options) {
  options.arguments = {"-c", first + " && exec \"$0\"", options.program};
  options.program = "sh";
  return options;
}

/// The service with a disk of its own at data/, 2 MiB of memory; nobody else sees it.
ServiceOptions on_small_disk(ServiceOptions options) {
  options =
      after("mkdir -p data && mount -t tmpfs -o size=2m,mode=755 none data", std::move(options));
  options.arguments.insert(options.arguments.begin(), {"--mount", options.program});
  if (::geteuid() != 0) options.arguments.insert(options.arguments.begin(), "--map-root-user");
  options.program = "unshare";
  return options;
}

std::string database_says(const Service& service) {
  const Response health = service.http().get("/api/health");
  return std::to_string(health.status) + " " + health.json().value("status", "") + " " +
         health.json().value("database", "");
}

/// Nothing can be written any more, by whatever `close` does, until `open` has undone it.
void expect_reads_go_on(Service& service, const std::function<void()>& close,
                        const std::function<void()>& open) {
  Http client = service.http();
  create_user(client, "ann");
  ASSERT_EQ(client.post("/api/v1/users/ann/food", kMeal).status, 201);
  close();
  ASSERT_TRUE(eventually([&] {
    return client.post("/api/v1/users/ann/food", kMeal).status >= 500;
  })) << service.errors();
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(client.post("/api/v1/users/ann/food", kMeal).status, 500);
    EXPECT_EQ(client.get("/api/v1/users/ann").status, 200);
    EXPECT_EQ(client.get("/api/v1/users/ann/food").status, 200);
  }
  EXPECT_EQ(database_says(service), "200 degraded read-only");
  EXPECT_GT(service.metrics().sum("db_query_errors_total", {{"error_type", "unavailable"}}), 0);
  const std::string words = "the database cannot be written";
  const std::string said = service.errors();
  EXPECT_NE(said.find(words), std::string::npos) << said;
  EXPECT_EQ(said.find(words), said.rfind(words)) << "said more than once";

  open();
  EXPECT_TRUE(eventually([&] {
    return client.post("/api/v1/users/ann/food", kMeal).status == 201;
  })) << service.errors();
  EXPECT_EQ(database_says(service), "200 ok ok");
  EXPECT_TRUE(eventually([&] {
    return service.errors().find("can be written again") != std::string::npos;
  })) << service.errors();
  EXPECT_EQ(service.stop().status->code, 0) << service.errors();
}

TEST(StrangeMachine, AFullDiskFailsWritesAloneAndTheyComeBackByThemselves) {
  EnvelopeReceiver receiver{EnvelopeReceiver::Mode::kBroken};  // so that the spool is written, too
  Service service{on_small_disk(health_agent(with_sentry(receiver)))};
  const fs::path data = fs::path{"/proc"} / std::to_string(service.pid()) / "cwd/data";
  expect_reads_go_on(
      service,
      [&] {
        std::ofstream fill{data / "fill", std::ios::binary};
        const std::string block(4096, 'x');
        while (fill.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
        }
      },
      [&] { fs::remove(data / "fill"); });
}

TEST(StrangeMachine, ALimitOnTheSizeOfFilesFailsWritesAloneAndNoSignalEndsTheService) {
  EnvelopeReceiver receiver{EnvelopeReceiver::Mode::kBroken};
  Service service{health_agent(with_sentry(receiver))};
  std::uint64_t before = 0;
  expect_reads_go_on(
      service, [&] { before = set_limit(service.pid(), RLIMIT_FSIZE, 0); },
      [&] { set_limit(service.pid(), RLIMIT_FSIZE, before); });
}

/// What somebody else than the owner may do with something in this folder.
std::vector<std::string> open_to_others(const fs::path& folder) {
  std::vector<std::string> found;
  for (const auto& each : fs::recursive_directory_iterator{folder}) {
    struct stat status {};
    if (::lstat(each.path().c_str(), &status) != 0) continue;
    if ((status.st_mode & 0077) != 0) found.push_back(each.path().string());
  }
  return found;
}

TEST(StrangeMachine, WhatItMakesIsForItsOwnerAloneWhateverTheUmask) {
  for (const char* umask : {"000", "022", "077", "0377"}) {
    SCOPED_TRACE(umask);
    EnvelopeReceiver receiver{EnvelopeReceiver::Mode::kBroken};
    const TempDir folder;
    ServiceOptions options = health_agent(with_sentry(
        receiver, {{"DATABASE_URL", "sqlite:some/where/food.db"}, {"FAULTS", "handler:1"}}));
    options.directory = folder.path();
    Service service{after(std::string{"umask "} + umask, options)};
    Http client = service.http();
    EXPECT_EQ(client.post("/api/v1/users", {{"user_id", "ann"}}).status, 500);
    EXPECT_TRUE(fs::exists(folder.file("some/where/food.db-wal")));
    EXPECT_TRUE(eventually([&] { return fs::exists(folder.file("data/sentry/envelopes")); }));
    EXPECT_THAT(open_to_others(folder.path()), ::testing::IsEmpty());
    service.process().send_signal(SIGSEGV);
    ASSERT_TRUE(service.process().wait(60s));
    EXPECT_THAT(open_to_others(folder.path()), ::testing::IsEmpty()) << "after a crash";
  }
}

TEST(StrangeMachine, AFileThatOthersMayReadIsToldAndLeftAsItIs) {
  const TempDir folder;
  ServiceOptions options = health_agent();
  options.directory = folder.path();
  { Service first{options}; }
  const std::string database = folder.file("data/health_agent.db");
  ASSERT_EQ(::chmod(database.c_str(), 0644), 0);
  {
    const Service service{options};
    EXPECT_NE(service.errors().find("health_agent.db may be read or written"), std::string::npos)
        << service.errors();
  }
  struct stat status {};
  ASSERT_EQ(::stat(database.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U);

  options.arguments = {"doctor"};
  const Finished found = run_service(options);
  EXPECT_EQ(found.status->code, 1) << found.output;
  EXPECT_NE(found.output.find("health_agent.db"), std::string::npos) << found.output;
  ASSERT_EQ(::chmod(database.c_str(), 0600), 0);
  const Finished well = run_service(options);
  EXPECT_EQ(well.status->code, 0) << well.output;
}

TEST(StrangeMachine, ADatabaseBehindALinkIsForItsOwnerAloneToo) {
  const TempDir folder;
  fs::create_directory(folder.file("data"));
  fs::create_symlink("real.db", folder.file("data/health_agent.db"));
  ServiceOptions options = health_agent();
  options.directory = folder.path();
  const std::string real = folder.file("data/real.db");
  {
    Service service{after("umask 022", options)};
    Http client = service.http();
    create_user(client, "ann");
    for (const char* end : {"", "-wal", "-shm"}) {
      struct stat status {};
      ASSERT_EQ(::stat((real + end).c_str(), &status), 0) << end;
      EXPECT_EQ(status.st_mode & 0777U, 0600U) << end;
    }
    EXPECT_EQ(service.errors().find("may be read or written"), std::string::npos)
        << service.errors();
  }
  for (const ::mode_t open : {0640U, 0604U}) {
    ASSERT_EQ(::chmod(real.c_str(), open), 0);
    const Service service{options};
    EXPECT_NE(service.errors().find("real.db may be read or written"), std::string::npos)
        << service.errors();
  }
  ASSERT_EQ(::chmod(real.c_str(), 0600), 0);
  ASSERT_EQ(::chmod(folder.file("data").c_str(), 0777), 0);
  options.arguments = {"doctor"};
  EXPECT_EQ(run_service(options).status->code, 1);
  ASSERT_EQ(::chmod(folder.file("data").c_str(), 0755), 0);
  EXPECT_EQ(run_service(options).status->code, 0);
}

TEST(StrangeMachine, ADoctorThatMayWriteNothingSaysSoAndNoSignalEndsIt) {
#ifdef __SANITIZE_THREAD__
  return;  // it writes a file itself before main()
#endif
  const TempDir folder;
  ServiceOptions options = health_agent();
  options.directory = folder.path();
  options.arguments = {"-c", "ulimit -f 0 && exec \"$0\" doctor >report", options.program};
  options.program = "sh";
  const Finished end = run_service(options);
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->signal, 0);
  EXPECT_EQ(end.status->code, 74) << end.errors;
}

/// A start under these limits: it works, or it ends soon with one word of why.
void expect_a_clear_start(std::map<int, std::uint64_t> limits, Settings settings = {}) {
  EnvelopeReceiver receiver{EnvelopeReceiver::Mode::kBroken};
  ServiceOptions options =
      health_agent(with_sentry(receiver, std::move(settings)), {"--for", "0.05"});
  options.limits = std::move(limits);
  options.own_user = true;
  const Finished end = run_service(options, 60s);
  ASSERT_TRUE(end.status) << "it hangs\n" << end.errors;
  EXPECT_EQ(end.status->signal, 0) << end.errors;
  if (end.status->code == 0) return;
  EXPECT_GT(end.status->code, 0);
  EXPECT_FALSE(end.errors.empty()) << "ends without a word";
}

TEST(StrangeMachine, AStartWithTooFewThreadsEndsWithAClearError) {
  for (const std::uint64_t threads : {1U, 2U, 4U, 9U, 20U, 27U, 60U}) {
    SCOPED_TRACE(threads);
    expect_a_clear_start({{RLIMIT_NPROC, threads}});
  }
  ServiceOptions options = health_agent();
  options.limits = {{RLIMIT_NPROC, 1}};
  options.own_user = true;
  const Finished end = run_service(options);
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 1);
  EXPECT_NE(end.errors.find("threads"), std::string::npos) << end.errors;
}

TEST(StrangeMachine, AStartWithTooFewDescriptorsEndsWithAClearError) {
  for (const std::uint64_t files : {3U, 5U, 8U, 13U, 21U, 26U, 34U, 55U}) {
    SCOPED_TRACE(files);
    expect_a_clear_start({{RLIMIT_NOFILE, files}});
  }
}

TEST(StrangeMachine, AStartWithTooLittleMemoryEndsWithAClearError) {
  if (kSlowness > 1) return;  // sanitizers take terabytes of addresses
  for (const std::uint64_t mebibytes : {150U, 200U, 230U, 260U, 300U, 340U, 400U}) {
    SCOPED_TRACE(mebibytes);
    expect_a_clear_start({{RLIMIT_AS, mebibytes << 20U}});
  }
}

/// The clock of a service that was started with the variables of settings(): libfaketime gives it
/// the time of the day, moved by what a file says. The steady clock is the machine's own.
class Clock {
 public:
  Clock() { jump(0); }

  [[nodiscard]] Settings settings() const {
    return {{"LD_PRELOAD", "/usr/$LIB/faketime/libfaketimeMT.so.1"},
            {"FAKETIME_TIMESTAMP_FILE", folder_.file("clock")},
            {"FAKETIME_NO_CACHE", "1"},
            {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}};
  }

  /// From now on the clock is so many days before or after this machine's.
  void jump(int days) {
    write_file(folder_.file("new"), (days < 0 ? "" : "+") + std::to_string(days) + "d\n");
    fs::rename(folder_.file("new"), folder_.file("clock"));
  }

 private:
  TempDir folder_;
};

/// The day, counted from any, of a time as the API writes it.
std::chrono::sys_days day_of(const std::string& timestamp) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  std::sscanf(timestamp.c_str(), "%d-%u-%uT", &year, &month, &day);
  return std::chrono::sys_days{std::chrono::year_month_day{
      std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}}};
}

TEST(StrangeMachine, AClockThatJumpsHoldsUpNobody) {
  if (kSlowness > 1) return;  // a sanitizer wants to be loaded before any other library
  Clock clock;
  EnvelopeReceiver receiver;
  Settings settings = clock.settings();
  settings["RATE_LIMIT_PER_MINUTE"] = "120";
  settings["SENTRY_TRACES_SAMPLE_RATE"] = "1";
  Service service{health_agent(with_sentry(receiver, settings))};
  Http client = service.http();
  create_user(client, "ann");
  const auto now = [&] { return day_of(client.get("/api/health").json().value("timestamp", "")); };
  const std::chrono::sys_days today = now();
  int meals = 0;
  for (const int days : {2, -3, 400, -400, 1, 0}) {
    SCOPED_TRACE(days);
    clock.jump(days);
    // Midnight may come between the two.
    EXPECT_TRUE(eventually([&] { return now() - today - std::chrono::days{days} <= 24h; }));
    EXPECT_GE(now() - today, std::chrono::days{days});
    const std::size_t sent = receiver.transactions().size();
    const auto begun = std::chrono::steady_clock::now();
    const Response food = client.post("/api/v1/users/ann/food", kMeal);
    EXPECT_EQ(food.status, 201) << food.body;
    EXPECT_EQ(client.post("/api/v1/chat", {{"user_id", "ann"}, {"message", "2 eggs"}}).status, 200);
    EXPECT_EQ(
        client.patch("/api/v1/users/ann/profile", {{"field", "n"}, {"value", ++meals}}).status,
        200);
    EXPECT_EQ(client.get("/api/v1/users/ann/profile").json()["profile"]["n"], meals);
    EXPECT_EQ(database_says(service), "200 ok ok");
    static_cast<void>(service.metrics());
    EXPECT_LT(seconds_since(begun), kOnTime) << "something waits for the clock";
    EXPECT_TRUE(eventually([&] { return receiver.transactions().size() >= sent + 4; }));
  }
  EXPECT_EQ(service.metrics().sum("http_errors_total", {}), 0);
  const Stopped stopped = service.stop();
  EXPECT_EQ(stopped.status->code, 0) << service.errors();
  EXPECT_LT(stopped.seconds, kOnTime);
}

TEST(StrangeMachine, AStartThatWaitsForItsDatabaseEndsAtSigterm) {
  const TakenPort silent;
  for (const int signal : {SIGTERM, SIGINT}) {
    const TempDir folder;
    Settings settings = health_agent().settings;
    settings["DATABASE_URL"] = "postgresql://me:it@127.0.0.1:" + std::to_string(silent.number()) +
                               "/db?connect_timeout=60";
    settings["API_PORT"] = std::to_string(free_port());
    settings["PROMETHEUS_PORT"] = std::to_string(free_port());
    Process process{
        {.command = {health_agent().program}, .environment = settings, .directory = folder.path()}};
    ASSERT_TRUE(
        eventually([&] { return process.errors().find("starts in") != std::string::npos; }));
    const auto begun = std::chrono::steady_clock::now();
    process.send_signal(signal);
    const auto end = process.wait(60s);
    ASSERT_TRUE(end) << "deaf";
    EXPECT_EQ(end->code, 0) << process.errors();
    EXPECT_LT(seconds_since(begun), kOnTime);
  }
}

/// Says to everybody what it was given, again and again where that is wanted, whatever is asked.
class Babbler {
 public:
  Babbler(std::string first, std::string then)
      : port_(free_port()),
        listener_(listen_on(port_)),
        first_(std::move(first)),
        then_(std::move(then)),
        acceptor_([this] { accept_all(); }) {}
  ~Babbler() {
    stop_ = true;
    acceptor_.join();
    for (std::thread& thread : threads_)
      thread.join();
    ::close(listener_);
  }
  Babbler(const Babbler&) = delete;
  Babbler& operator=(const Babbler&) = delete;

  [[nodiscard]] std::string url() const {
    return "redis://127.0.0.1:" + std::to_string(port_) + "/0";
  }
  [[nodiscard]] std::size_t sent() const noexcept { return sent_; }

 private:
  void accept_all() {
    while (!stop_) {
      pollfd ready{listener_, POLLIN, 0};
      if (::poll(&ready, 1, 20) <= 0) continue;
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) threads_.emplace_back([this, fd] { babble(fd); });
    }
  }
  void babble(int fd) {
    std::string_view left = first_;
    while (!stop_) {
      pollfd ready{fd, static_cast<short>(left.empty() ? POLLIN : POLLIN | POLLOUT), 0};
      ::poll(&ready, 1, 20);
      char question[4096];
      if ((ready.revents & POLLIN) != 0 && ::recv(fd, question, sizeof question, 0) == 0) break;
      const ssize_t sent = left.empty() ? 0 : ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) break;
      if (sent <= 0) continue;
      sent_ += static_cast<std::size_t>(sent);
      left.remove_prefix(static_cast<std::size_t>(sent));
      if (left.empty()) left = then_;
    }
    ::close(fd);
  }

  std::uint16_t port_;
  int listener_;
  const std::string first_;
  const std::string then_;
  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> sent_{0};
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

TEST(StrangeMachine, ARedisThatSaysAnythingIsDoneWithoutAndForgesNoLine) {
  const std::string much(65'536, 'x');
  std::string nested;
  for (int i = 0; i < 10'000; ++i)
    nested += "*1000\r\n";
  const std::vector<std::pair<std::string, std::string>> all{
      {"$536870912\r\n", much},
      {"*1000000000\r\n", ":1\r\n"},
      {"*2147483647\r\n", "$-1\r\n"},
      {"*1000\r\n*1000\r\n*1000\r\n", nested},
      {"+", much},
      {"-", much},
      {"*2\r\n$3\r\nabc\r\n+", much},
      {":99999999999999999999999999\r\n", ""},
      {"$-77\r\n", ""},
      {"*-77\r\n", ""},
      {"HTTP/1.1 400 Bad Request\r\n\r\n", ""},
      {std::string("\0\0\0\0", 4), much},
      {"-ERR \x1b[31mred\x1b[0m\x07 \xc2\x9b"
       "31m \xe2\x80\xae"
       "etal\xff\r\n",
       "-ERR again\r\n"},
  };
  for (const auto& [first, then] : all) {
    SCOPED_TRACE(first.substr(0, 40));
    const Babbler redis{first, then};
    Service service{health_agent({{"REDIS_URL", redis.url()}})};
    EXPECT_TRUE(eventually([&] {
      return service.errors().find("going on without it") != std::string::npos;
    })) << service.errors();
    Http client = service.http();
    create_user(client, "ann");
    EXPECT_EQ(client.get("/api/v1/users/ann").status, 200);
    EXPECT_LT(memory_of(service.pid()), std::size_t{kSlowness * 200} << 20U);
    EXPECT_EQ(service.stop().status->code, 0);
    std::istringstream lines{service.errors()};
    for (std::string line; std::getline(lines, line);) {
      EXPECT_TRUE(line.starts_with("20") && line.find("Z ") == 23) << "forged: " << line;
      for (const char* bad : {"\x1b", "\x07", "\r", "\xc2\x9b", "\xe2\x80\xae", "\xff"})
        EXPECT_EQ(line.find(bad), std::string::npos) << line;
    }
  }
}

}  // namespace
}  // namespace integration
