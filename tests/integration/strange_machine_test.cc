#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "integration/fixture.h"
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
  EXPECT_NE(service.errors().find("can be written again"), std::string::npos);
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
    ASSERT_TRUE(service.process().wait(10s));
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
  EXPECT_EQ(run_service(options).status->code, 0);
}

}  // namespace
}  // namespace integration
