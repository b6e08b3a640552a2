#pragma once

#include <string>
#include <vector>

/// What ours and the peer are both asked to look up.
namespace metrics_bench {

struct LabelSet {
  std::string method;
  std::string endpoint;
  std::string status;
};

inline const std::vector<LabelSet>& label_sets() {
  static const std::vector<LabelSet> sets = [] {
    std::vector<LabelSet> all;
    const char* methods[] = {"GET", "POST", "PATCH", "DELETE"};
    for (int i = 0; i < 40; ++i) {
      all.push_back({methods[i % 4], "/api/v1/users/{user_id}/" + std::to_string(i / 4),
                     i % 3 == 0 ? "200" : "404"});
    }
    return all;
  }();
  return sets;
}

}  // namespace metrics_bench
