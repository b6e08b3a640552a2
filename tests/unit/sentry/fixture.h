#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "delivery/pace.h"
#include "sentry/delivery/policy.h"
#include "sentry/delivery/server_memory.h"
#include "tests/unit/patience.h"
#include "vitals/sentry/client.h"
#include "vitals/testing/memory_transport.h"

namespace vitals::sentry {

using Json = nlohmann::json;
using namespace std::chrono_literals;

/// A client on a transport in memory, for the length of a test.
class ClientTest : public ::testing::Test {
 protected:
  static Options options() {
    Options made;
    made.dsn = "https://abc123@sentry.example/42";
    made.release = "app@1.2.3";
    made.environment = "test";
    made.server_name = "box";
    made.requests_in_flight = 1;  // so that events arrive in their order
    return made;
  }

  ClientTest() { detail::forget_servers(); }
  ~ClientTest() override {
    pace = {};
    detail::usual_report_pace = {};
  }

  void start(Options given = options()) {
    if (!given.transport) given.transport = transport;
    auto started = init(std::move(given));
    ASSERT_TRUE(started) << started.error().message;
    guard = std::move(*started);
    before = stats();
  }

  [[nodiscard]] std::vector<Json> sent(std::string_view type) {
    EXPECT_TRUE(flush(kPlenty));
    std::vector<Json> parsed;
    for (const std::string& payload : transport->payloads(type)) {
      parsed.push_back(Json::parse(payload));
    }
    return parsed;
  }
  [[nodiscard]] Json only(std::string_view type) {
    const std::vector<Json> all = sent(type);
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? Json{} : all.front();
  }
  [[nodiscard]] Json event() { return only("event"); }
  [[nodiscard]] Json transaction() { return only("transaction"); }

  static inline auto& pace = delivery::detail::usual_pace;

  /// How many since start().
  [[nodiscard]] std::uint64_t counted(Category category, Outcome outcome) const {
    return stats().count(category, outcome) - before.count(category, outcome);
  }

  std::shared_ptr<vitals::testing::MemoryTransport> transport =
      std::make_shared<vitals::testing::MemoryTransport>();
  Stats before;
  Guard guard;
};

}  // namespace vitals::sentry
