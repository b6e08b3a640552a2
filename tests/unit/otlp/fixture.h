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
#include "tests/unit/patience.h"
#include "vitals/otlp/client.h"
#include "vitals/testing/memory_transport.h"

namespace vitals::otlp {

using Json = nlohmann::json;
using namespace std::chrono_literals;

/// A client that writes JSON, on a transport in memory for each signal, for the length of a test.
class ClientTest : public ::testing::Test {
 protected:
  /// Traces alone.
  Options options() {
    Options made;
    made.resource = {.service_name = "kitchen", .service_version = "1.2.3"};
    made.traces = {
        .url = "http://collector/v1/traces", .protocol = Protocol::kJson, .transport = traces};
    made.metrics.enabled = false;
    made.logs.enabled = false;
    return made;
  }
  ~ClientTest() override { delivery::detail::usual_pace = {}; }

  void start(Options given) {
    auto started = init(std::move(given));
    ASSERT_TRUE(started) << started.error().message;
    guard = std::move(*started);
    before = stats();
  }
  void start() { start(options()); }

  /// How many since start().
  [[nodiscard]] std::uint64_t counted(Signal signal, Outcome outcome) const {
    return stats().of(signal, outcome) - before.of(signal, outcome);
  }

  /// The spans that were sent, in order of arrival.
  [[nodiscard]] std::vector<Json> spans() {
    EXPECT_TRUE(guard.flush(kPlenty));
    std::vector<Json> all;
    for (const delivery::SendRequest& request : traces->requests()) {
      const Json body = Json::parse(request.body);
      for (const Json& of_resource : body.at("resourceSpans"))
        for (const Json& of_scope : of_resource.at("scopeSpans"))
          for (const Json& span : of_scope.at("spans"))
            all.push_back(span);
    }
    return all;
  }
  /// The only one of that name.
  [[nodiscard]] Json span(std::string_view name) {
    std::vector<Json> named;
    for (const Json& each : spans())
      if (each.at("name") == name) named.push_back(each);
    EXPECT_EQ(named.size(), 1U) << name;
    return named.empty() ? Json::object() : named.front();
  }

  /// The value of an attribute of a span, event or resource; null where there is none.
  [[nodiscard]] static Json attribute(const Json& of, std::string_view name) {
    const Json pairs = of.value("attributes", Json::array());
    for (const Json& pair : pairs) {
      if (pair.at("key") == name) return pair.at("value").front();
    }
    return nullptr;
  }

  /// The log records that were sent, in order of arrival.
  [[nodiscard]] std::vector<Json> records() {
    EXPECT_TRUE(guard.flush(kPlenty));
    std::vector<Json> all;
    for (const delivery::SendRequest& request : logs->requests()) {
      const Json body = Json::parse(request.body);
      for (const Json& of_resource : body.at("resourceLogs"))
        for (const Json& of_scope : of_resource.at("scopeLogs"))
          for (const Json& record : of_scope.at("logRecords"))
            all.push_back(record);
    }
    return all;
  }

  std::shared_ptr<vitals::testing::MemoryTransport> logs =
      std::make_shared<vitals::testing::MemoryTransport>();
  std::shared_ptr<vitals::testing::MemoryTransport> traces =
      std::make_shared<vitals::testing::MemoryTransport>();
  Stats before;
  Guard guard;
};

}  // namespace vitals::otlp
