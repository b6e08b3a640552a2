#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "health_agent/service.h"
#include "health_agent/settings.h"
#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace health_agent {
namespace {

TEST(FailedStart, LeavesNoPoolThatAScrapeWouldAsk) {
  const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof place;
  ASSERT_EQ(::bind(taken, reinterpret_cast<const sockaddr*>(&place), size), 0);
  ASSERT_EQ(::listen(taken, 1), 0);
  ASSERT_EQ(::getsockname(taken, reinterpret_cast<sockaddr*>(&place), &size), 0);
  const std::filesystem::path folder = std::filesystem::path{::testing::TempDir()} /
                                       ("service_start_test." + std::to_string(::getpid()));
  Settings settings;
  settings.api_host = "127.0.0.1";
  settings.api_port = ntohs(place.sin_port);
  settings.prometheus_port = 0;
  settings.enable_prometheus = true;
  settings.database_pool_size = 2;
  settings.database_url = "sqlite:" + (folder / "food.db").string();

  std::string cause;
  try {
    const Service service{settings, nullptr, {}, {}};
  } catch (const std::exception& error) {
    cause = error.what();
  }
  EXPECT_NE(cause.find("cannot listen"), std::string::npos) << cause;
  // Where the service was something else stands now.
  std::vector<std::string> other;
  for (std::size_t length = 64; length < 16'384; length += 16)
    other.emplace_back(length, '\x7f');
  const vitals::testing::Snapshot page{vitals::metrics::default_registry()};
  EXPECT_EQ(page.value("db_connection_pool_size"), 0);
  EXPECT_EQ(page.value("db_connection_pool_available"), 0);

  ::close(taken);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace health_agent
