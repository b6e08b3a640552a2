#include "vitals/exporting/scrape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/exporting/gunzip.h"
#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace vitals::exporting {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ScrapeTest : public ::testing::Test {
 protected:
  ScrapeTest() {
    auto family = registry_.counter<"i">("events_total", "Events.");
    for (int i = 0; i < 100; ++i)
      family.with(std::to_string(i)).inc();
    registry_.gauge("load", "Load.");
  }
  metrics::Registry registry_;
};

TEST_F(ScrapeTest, AnswersTheTextFormat) {
  ScrapeHandler handler(registry_);
  const ScrapeResponse response = handler.handle({});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(response.content_encoding, "");
  EXPECT_THAT(response.body, HasSubstr("events_total{i=\"42\"} 1\n"));
}

TEST_F(ScrapeTest, CompressesWhenItIsAskedTo) {
  ScrapeHandler handler(registry_);
  for (int i = 0; i < 3; ++i) {  // the second and third write over the buffer of the first
    const ScrapeResponse response =
        handler.handle({.accept_encoding = "gzip", .query = "name[]=events_total"});
    EXPECT_EQ(response.content_encoding, "gzip");
    std::string plain;
    const std::string only[] = {"events_total"};
    write_metrics(registry_, Format::kText, plain, only);
    EXPECT_EQ(gunzip(response.body), plain);
    EXPECT_LT(response.body.size(), plain.size() / 3);
  }
}

TEST_F(ScrapeTest, DoesNotCompressWhatIsShort) {
  ScrapeHandler handler(registry_);
  const ScrapeResponse response =
      handler.handle({.accept_encoding = "gzip", .query = "name[]=load"});
  EXPECT_EQ(response.content_encoding, "");
  EXPECT_THAT(response.body, HasSubstr("load 0"));
}

TEST_F(ScrapeTest, SelectsFamiliesByName) {
  ScrapeHandler handler(registry_);
  const ScrapeResponse response = handler.handle({.query = "name[]=load"});
  EXPECT_THAT(response.body, HasSubstr("load 0"));
  EXPECT_THAT(response.body, Not(HasSubstr("events_total")));
  EXPECT_EQ(handler.handle({.query = "name[]=nothing"}).status, 200);
}

TEST_F(ScrapeTest, SelectsByEveryNameThatAFamilyAndItsSamplesHave) {
  registry_.histogram("wait", "W.", {1});
  registry_.summary("size", "S.");
  registry_.info<"v">("app_info", "A.").set("1");
  ScrapeHandler handler(registry_);
  struct {
    const char* family;
    std::vector<const char*> names;
  } const table[] = {
      {"events_total", {"events_total", "events", "events_created"}},
      {"wait", {"wait", "wait_bucket", "wait_count", "wait_sum", "wait_created"}},
      {"size", {"size", "size_count", "size_sum", "size_created"}},
      {"app_info", {"app_info", "app"}},
      {"load", {"load"}},
  };
  const char* const nobodys[] = {
      "load_total", "load_created", "size_bucket", "app_created", "wait_", "event",
      "",           "LOAD",         "wait_info"};
  for (const auto& row : table) {
    for (const char* name : row.names) {
      for (const char* accept : {"text/plain", "application/openmetrics-text"}) {
        const std::string page =
            handler.handle({.accept = accept, .query = "name[]=" + std::string(name)}).body;
        for (const auto& other : table) {
          // In OpenMetrics without _total and _info.
          const std::string help = "# HELP " + std::string(other.family).substr(0, 3);
          EXPECT_EQ(page.find(help) != std::string::npos, other.family == row.family)
              << name << '\n'
              << page;
        }
      }
    }
  }
  for (const char* name : nobodys)
    EXPECT_EQ(handler.handle({.query = "name[]=" + std::string(name)}).body, "") << name;
}

TEST_F(ScrapeTest, InsideACallbackIsAnErrorAndNoHang) {
  ScrapeHandler handler(registry_);
  int inner = 0;
  registry_.gauge_callback("nested", "N.", [&] {
    inner = handler.handle({}).status;
    return 1.0;
  });
  const ScrapeResponse outer = handler.handle({});
  EXPECT_EQ(outer.status, 200);
  EXPECT_THAT(outer.body, HasSubstr("nested 1\n"));
  EXPECT_EQ(inner, 500);
}

TEST_F(ScrapeTest, AnswersHeadWithoutABody) {
  ScrapeHandler handler(registry_);
  const ScrapeResponse response = handler.handle({.method = "HEAD"});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, content_type(Format::kText));
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(handler.handle({.method = "HEAD", .query = "name[]=load"}).content_length,
            handler.handle({.query = "name[]=load"}).body.size());
  EXPECT_GT(response.content_length, 1000U);
}

TEST_F(ScrapeTest, RefusesOtherMethodsAndNamesTheAllowed) {
  ScrapeHandler handler(registry_);
  for (const char* method : {"POST", "DELETE", "get", ""}) {
    const ScrapeResponse response = handler.handle({.method = method});
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(response.allow, "GET, HEAD");
  }
}

TEST_F(ScrapeTest, WantsTheTokenWhenThereIsOne) {
  ScrapeHandler handler(registry_, {.token = "s3cret"});
  for (const char* given :
       {"", "s3cret", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets3cret", "Bearer s3creT",
        "Bearer s3cret x", "Basic s3cret", "Bearers3cret"}) {
    const ScrapeResponse response = handler.handle({.authorization = given});
    EXPECT_EQ(response.status, 401) << given;
    EXPECT_THAT(response.www_authenticate, HasSubstr("Bearer"));
    EXPECT_THAT(response.body, Not(HasSubstr("s3cret")));
    const ScrapeResponse head = handler.handle({.method = "HEAD", .authorization = given});
    EXPECT_EQ(head.status, 401);
    EXPECT_EQ(head.body, "");
  }
  for (const char* given : {"Bearer s3cret", "bearer  s3cret", " BEARER s3cret "}) {
    EXPECT_EQ(handler.handle({.authorization = given}).status, 200) << given;
  }
}

TEST_F(ScrapeTest, ObservesItsOwnDuration) {
  ScrapeHandler handler(registry_, {.token = "t"});
  (void)handler.handle({});
  EXPECT_EQ(testing::Snapshot(registry_).value("vitals_scrape_duration_seconds_count"), 0);
  (void)handler.handle({.authorization = "Bearer t"});
  const testing::Snapshot snapshot(registry_);
  EXPECT_EQ(snapshot.value("vitals_scrape_duration_seconds_count"), 1);
  EXPECT_GT(snapshot.value("vitals_scrape_duration_seconds_sum"), 0);
}

TEST_F(ScrapeTest, RefusesMoreAtOnceThanItsLimit) {
  std::latch inside(1);
  std::latch leave(1);
  registry_.gauge_callback("slow", "Slow.", [&] {
    inside.count_down();
    leave.wait();
    return 1.0;
  });
  ScrapeHandler handler(registry_, {.max_in_flight = 1});
  int first = 0;
  std::thread scraper([&] { first = handler.handle({}).status; });
  inside.wait();
  EXPECT_EQ(handler.handle({}).status, 503);
  leave.count_down();
  scraper.join();
  EXPECT_EQ(first, 200);
  EXPECT_EQ(handler.handle({.query = "name[]=load"}).status, 200);
}

TEST_F(ScrapeTest, AChildOfForkHasNoneOfItsParentsScrapes) {
  std::latch inside(1);
  std::latch leave(1);
  const pid_t parent = ::getpid();
  registry_.gauge_callback("slow", "Slow.", [&] {
    if (::getpid() != parent) return 2.0;
    inside.count_down();
    leave.wait();
    return 1.0;
  });
  ScrapeHandler handler(registry_, {.max_in_flight = 1});
  std::thread scraper([&] { (void)handler.handle({}); });
  inside.wait();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(handler.handle({.query = "name[]=load"}).status == 200 ? 0 : 1);
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  leave.count_down();
  scraper.join();
}

TEST_F(ScrapeTest, IsOnceARegistry) {
  const ScrapeHandler handler(registry_);
  EXPECT_THROW(ScrapeHandler{registry_}, metrics::DefinitionError);
}

}  // namespace
}  // namespace vitals::exporting
