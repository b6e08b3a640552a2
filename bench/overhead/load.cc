#include "bench/overhead/load.h"

#include <time.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bench/overhead/statistics.h"
#include "integration/support/proc.h"

namespace overhead {
namespace {

using std::chrono::milliseconds;

std::string address_of(const integration::Service& service) {
  return "http://127.0.0.1:" + std::to_string(service.api_port()) + kPath;
}

struct WrkResult {
  double requests = 0;
  double microseconds = 0;
};

WrkResult run_wrk(const integration::Service& service, const Load& load, int seconds) {
  const integration::Finished end = integration::run(
      {.command = {"wrk", "-t1", "-c" + std::to_string(load.connections),
                   "-d" + std::to_string(seconds) + "s", "-s", WRK_SCRIPT, address_of(service)}},
      std::chrono::seconds{seconds + 30});
  const std::size_t at = end.output.find("RESULT ");
  if (!end.status || end.status->code != 0 || at == std::string::npos)
    throw std::runtime_error("wrk failed: " + end.output + end.errors);
  std::istringstream words{end.output.substr(at + 7)};
  WrkResult result;
  double failed = 0;
  words >> result.requests >> result.microseconds >> failed;
  if (!words || result.requests == 0 || failed > 0)
    throw std::runtime_error("requests failed under load: " + end.output);
  return result;
}

// The time of each request in microseconds.
std::vector<double> run_at_rate(const integration::Service& service, const Load& load) {
  const integration::TempDir folder;
  const std::string log = folder.file("requests");
  const int rate_each = load.rate / load.connections;
  const integration::Finished end = integration::run(
      {.command = {"h2load", "--h1", "-t1", "-m1", "-c" + std::to_string(load.connections),
                   "-D" + std::to_string(load.seconds), "--rps=" + std::to_string(rate_each),
                   "--log-file=" + log, address_of(service)}},
      std::chrono::seconds{load.seconds + 30});
  if (!end.status || end.status->code != 0)
    throw std::runtime_error("h2load failed: " + end.output + end.errors);
  std::vector<double> times;
  std::ifstream lines{log};
  double started = 0;
  int status = 0;
  double microseconds = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    if (!(words >> started >> status >> microseconds) || status != 200)
      throw std::runtime_error("a request failed at a fixed rate: " + line);
    times.push_back(microseconds);
  }
  const double wanted = static_cast<double>(rate_each) * load.connections * load.seconds;
  if (static_cast<double>(times.size()) < wanted * 0.9)
    throw std::runtime_error("the fixed rate was not kept: " + std::to_string(times.size()) +
                             " requests of " + std::to_string(static_cast<int>(wanted)));
  return times;
}

// Nanoseconds are needed: the ticks of /proc are 10 ms, which is more than what is looked for.
double cpu_seconds_of(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0)
    throw std::runtime_error("the processor time of " + std::to_string(pid) + " cannot be read");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Waits until the process has nothing left to do, so that its work is counted and not only put off.
double cpu_seconds_at_rest(pid_t pid) {
  constexpr double kRest = 0.001;
  double before = cpu_seconds_of(pid);
  for (int i = 0, quiet = 0; i < 100 && quiet < 2; ++i) {
    std::this_thread::sleep_for(milliseconds{100});
    const double now = cpu_seconds_of(pid);
    quiet = now - before < kRest ? quiet + 1 : 0;
    before = now;
  }
  return before;
}

}  // namespace

void prepare(const integration::Service& service) {
  integration::Http client = service.http();
  const integration::Response created = client.post("/api/v1/users", {{"user_id", "bench-user"}});
  if (created.status != 201 || client.get(kPath).status != 200)
    throw std::runtime_error("the user cannot be created: " + created.body + created.error);
  client.patch(std::string{kPath} + "/profile", {{"field", "diet"}, {"value", "vegan"}});
  client.patch(std::string{kPath} + "/preferences", {{"preference", "units"}, {"value", "metric"}});
}

Slot measure(const integration::Service& service, const Load& load) {
  Slot slot;
  static_cast<void>(run_wrk(service, load, 1));

  double cpu = cpu_seconds_at_rest(service.pid());
  const std::vector<double> times = run_at_rate(service, load);
  slot.cpu_us_at_rate =
      (cpu_seconds_at_rest(service.pid()) - cpu) * 1e6 / static_cast<double>(times.size());
  slot.p50_us_at_rate = quantile(times, 0.5);
  slot.p99_us_at_rate = quantile(times, 0.99);

  cpu = cpu_seconds_of(service.pid());
  const integration::CpuTime before = integration::cpu_time_of(service.pid());
  const WrkResult result = run_wrk(service, load, load.seconds);
  slot.cpu_us_per_request = (cpu_seconds_at_rest(service.pid()) - cpu) * 1e6 / result.requests;
  const integration::CpuTime after = integration::cpu_time_of(service.pid());
  slot.requests_per_second = result.requests / result.microseconds * 1e6;
  slot.user_share = (after.user - before.user) / (after.total() - before.total());
  return slot;
}

}  // namespace overhead
