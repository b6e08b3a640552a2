#include "integration/crowd.h"

#include <atomic>
#include <chrono>
#include <thread>

namespace integration {

CrowdResult crowd(std::uint16_t port, int clients, int each, const std::string& path) {
  std::atomic<int> failed{0};
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&] {
      Http client{port};
      for (int request = 0; request < each; ++request) {
        const int status = client.get(path).status;
        if (status == 0 || status >= 500) ++failed;
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  return {clients * each, failed, seconds_since(start)};
}

}  // namespace integration
