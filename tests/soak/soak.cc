// Mixed load on health-agent with PostgreSQL, Redis and Sentry for `soak MINUTES`; `make soak` runs
// it for 30. Prints a line a minute, and ends with 1 unless memory, open files and p99 stay where
// they were after the first sixth of the time.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/postgres.h"
#include "integration/support/proc.h"
#include "integration/support/redis.h"

namespace integration {
namespace {

constexpr int kClients = 8;
/// Users of a client, whom it visits in turn. A visit ends with the user's deletion, so that what
/// is stored stays as much as it was: a load that grows would be seen as a service that slows down.
constexpr int kUsers = 25;
constexpr int kRequestsAVisit = 100;
/// Between two requests of a client: a load that lasts, not the most there can be.
constexpr auto kPause = 4ms;
constexpr double kMemoryGrowth = 1.05;
constexpr std::size_t kMoreFiles = 4;  // connections that happened to be open at the look
constexpr double kSlower = 1.5;

struct Minute {
  double megabytes = 0;
  std::size_t files = 0;
  std::size_t threads = 0;
  int requests = 0;
  int failed = 0;
  double p99_ms = 0;
};

class Load {
 public:
  explicit Load(const Service& service) {
    for (int client = 0; client < kClients; ++client)
      threads_.emplace_back([this, http = service.http(), client]() mutable { run(http, client); });
  }
  ~Load() {
    done_ = true;
    for (std::thread& thread : threads_)
      thread.join();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// What there was since the last call.
  void take(Minute& minute) {
    std::vector<double> taken;
    {
      const std::lock_guard lock{mutex_};
      taken.swap(milliseconds_);
      minute.failed = std::exchange(failed_, 0);
    }
    minute.requests = static_cast<int>(taken.size());
    if (taken.empty()) return;
    const auto at = taken.begin() + static_cast<std::ptrdiff_t>(taken.size() * 99 / 100);
    std::nth_element(taken.begin(), at, taken.end());
    minute.p99_ms = *at;
  }

 private:
  static Response request(Http& http, const std::string& user_id, int n) {
    const std::string user = "/api/v1/users/" + user_id;
    if (n == 0) return http.post("/api/v1/users", {{"user_id", user_id}});
    if (n == kRequestsAVisit - 1) return http.del(user);
    switch (n % 10) {
      case 1:
        return http.post("/api/v1/chat",
                         {{"user_id", user_id}, {"message", "2 eggs and 150 g of rice for lunch"}});
      case 2:
        return http.patch(user + "/profile", {{"field", "age"}, {"value", 20 + n}});
      case 3:
        return http.post(user + "/food",
                         {{"foods", {{{"name", "egg"}, {"quantity", 1}, {"calories", 78}}}},
                          {"meal_type", "snack"},
                          {"timestamp", "2026-01-0" + std::to_string(1 + n % 9) + "T12:00:00Z"}});
      case 4:
        return http.get(user + "/food");
      case 5:
        return http.del(user + "/conversation");
      case 6:
        return http.get(user + "-is-not-there-" + std::to_string(n));
      default:
        return http.get(user);
    }
  }

  void run(Http& http, int client) {
    for (int n = 0; !done_; ++n) {
      const std::string user =
          "soak" + std::to_string(client) + "-" + std::to_string(n / kRequestsAVisit % kUsers);
      const auto start = std::chrono::steady_clock::now();
      const Response response = request(http, user, n % kRequestsAVisit);
      const double seconds = seconds_since(start);
      {
        const std::lock_guard lock{mutex_};
        milliseconds_.push_back(seconds * 1000);
        if (response.status == 0 || response.status >= 500) ++failed_;
      }
      std::this_thread::sleep_for(kPause);
    }
  }

  std::atomic<bool> done_{false};
  std::mutex mutex_;
  std::vector<double> milliseconds_;
  int failed_ = 0;
  std::vector<std::thread> threads_;
};

double median_p99(std::vector<Minute>::const_iterator begin,
                  std::vector<Minute>::const_iterator end) {
  std::vector<double> all;
  for (auto minute = begin; minute != end; ++minute)
    all.push_back(minute->p99_ms);
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

bool verdict(const char* what, double value, double at_most) {
  const bool well = value <= at_most;
  std::printf("%-38s %9.2f  at most %9.2f  %s\n", what, value, at_most, well ? "met" : "MISSED");
  return well;
}

int soak(int minutes) {
  const Postgres postgres;
  const Redis redis;
  const EnvelopeReceiver sentry;
  const Service service{
      health_agent(with_sentry(sentry, {{"DATABASE_URL", postgres.url(postgres.create_database())},
                                        {"REDIS_URL", redis.url()},
                                        {"SENTRY_TRACES_SAMPLE_RATE", "0.01"},
                                        {"FAULTS", "handler:0.0005,db:0.0005"},
                                        {"LOG_LEVEL", "critical"}}))};
  Load load{service};
  std::vector<Minute> seen;
  std::printf("minute   MB RSS  files  threads  requests  failed  p99 ms\n");
  for (int n = 1; n <= minutes; ++n) {
    std::this_thread::sleep_for(std::chrono::minutes{1});
    Minute minute;
    load.take(minute);
    minute.megabytes = static_cast<double>(memory_of(service.pid())) / 1e6;
    minute.files = open_files_of(service.pid());
    minute.threads = threads_of(service.pid());
    seen.push_back(minute);
    std::printf("%6d %8.1f %6zu %8zu %9d %7d %7.2f\n", n, minute.megabytes, minute.files,
                minute.threads, minute.requests, minute.failed, minute.p99_ms);
    std::fflush(stdout);
  }
  const auto start = seen.begin() + (minutes - 1) / 6;
  const auto third = std::max<std::ptrdiff_t>(1, (seen.end() - start) / 3);
  double most = 0;
  std::size_t files = 0;
  for (auto minute = start; minute != seen.end(); ++minute) {
    most = std::max(most, minute->megabytes);
    files = std::max(files, minute->files);
  }
  bool well = verdict("memory, most, MB", most, start->megabytes * kMemoryGrowth);
  well &= verdict("open files, most", static_cast<double>(files),
                  static_cast<double>(start->files + kMoreFiles));
  well &= verdict("p99, last third, ms", median_p99(seen.end() - third, seen.end()),
                  median_p99(start, start + third) * kSlower);
  return well ? 0 : 1;
}

}  // namespace
}  // namespace integration

int main(int argc, char** argv) {
  const int minutes = argc > 1 ? std::atoi(argv[1]) : 30;
  if (minutes < 1) {
    std::fputs("soak MINUTES: at least 1\n", stderr);
    return 64;
  }
  return integration::soak(minutes);
}
