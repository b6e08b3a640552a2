#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/testing/memory_transport.h"

namespace vitals::sentry {

/// What a server knows after a test: the events it took, and what the client said it discarded.
struct Ledger {
  std::set<std::string> events;
  std::size_t envelopes_with_events = 0;
  std::map<std::pair<std::string, std::string>, std::uint64_t> discarded;  // reason, category

  explicit Ledger(const std::vector<vitals::testing::ParsedEnvelope>& accepted) {
    for (const auto& envelope : accepted) {
      for (const auto& item : envelope.items) {
        if (item.type == "event" || item.type == "transaction") {
          events.insert(nlohmann::json::parse(envelope.header)["event_id"]);
          ++envelopes_with_events;
        }
        if (item.type != "client_report") continue;
        const auto report = nlohmann::json::parse(item.payload);
        for (const auto& entry : report["discarded_events"]) {
          discarded[{entry["reason"], entry["category"]}] += entry["quantity"].get<std::uint64_t>();
        }
      }
    }
  }
  [[nodiscard]] std::uint64_t told(std::string_view category) const {
    std::uint64_t sum = 0;
    for (const auto& [key, quantity] : discarded) {
      if (key.second == category) sum += quantity;
    }
    return sum;
  }
  [[nodiscard]] std::uint64_t told(std::string_view reason, std::string_view category) const {
    const auto there = discarded.find({std::string{reason}, std::string{category}});
    return there == discarded.end() ? 0 : there->second;
  }
};

/// How many envelopes wait in a cache folder.
inline std::size_t spooled_in(const std::string& cache_dir) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator{cache_dir + "/envelopes"}) {
    if (entry.path().extension() == ".unsent") ++count;
  }
  return count;
}

}  // namespace vitals::sentry
