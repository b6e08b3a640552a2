#include "bench/overhead/wrk.h"

#include <sstream>
#include <stdexcept>

#include "integration/support/proc.h"

namespace overhead {
namespace {

struct WrkResult {
  double requests = 0;
  double microseconds = 0;
  double p50 = 0;
  double p99 = 0;
};

WrkResult run_wrk(std::uint16_t port, const Load& load, int seconds) {
  const integration::Finished end =
      integration::run({.command = {"wrk", "-t1", "-c" + std::to_string(load.connections),
                                    "-d" + std::to_string(seconds) + "s", "-s", WRK_SCRIPT,
                                    "http://127.0.0.1:" + std::to_string(port) + kPath}},
                       std::chrono::seconds{seconds + 30});
  const std::size_t at = end.output.find("RESULT ");
  if (!end.status || end.status->code != 0 || at == std::string::npos)
    throw std::runtime_error("wrk failed: " + end.output + end.errors);
  std::istringstream words{end.output.substr(at + 7)};
  WrkResult result;
  double bad_status = 0;
  double failed = 0;
  words >> result.requests >> result.microseconds >> result.p50 >> result.p99 >> bad_status >>
      failed;
  if (!words || result.requests == 0 || bad_status + failed > 0)
    throw std::runtime_error("requests failed under load: " + end.output);
  return result;
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
  static_cast<void>(run_wrk(service.api_port(), load, 1));
  const integration::CpuTime before = integration::cpu_time_of(service.pid());
  const WrkResult result = run_wrk(service.api_port(), load, load.seconds);
  const integration::CpuTime after = integration::cpu_time_of(service.pid());
  const double cpu = after.total() - before.total();
  return {.requests_per_second = result.requests / result.microseconds * 1e6,
          .p50_us = result.p50,
          .p99_us = result.p99,
          .cpu_us_per_request = cpu * 1e6 / result.requests,
          .user_share = (after.user - before.user) / cpu};
}

}  // namespace overhead
