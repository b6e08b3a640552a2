#include "bench/overhead/load.h"

#include <stdexcept>
#include <utility>
#include <vector>

#include "bench/cpu_time.h"
#include "bench/h2load.h"
#include "bench/overhead/statistics.h"
#include "bench/wrk.h"
#include "integration/support/proc.h"

namespace overhead {
namespace {

using vitals::bench::cpu_seconds_at_rest;
using vitals::bench::cpu_seconds_of;
using vitals::bench::run_wrk;

std::string address_of(const integration::Service& service) {
  return "http://127.0.0.1:" + std::to_string(service.api_port()) + kPath;
}

// The time of each request in microseconds.
std::vector<double> run_at_rate(const integration::Service& service, const Load& load) {
  vitals::bench::H2loadResult result =
      vitals::bench::run_h2load(address_of(service), load.connections, load.seconds, load.rate);
  if (result.per_second() < load.rate * 0.9)
    throw std::runtime_error("the fixed rate was not kept: " + std::to_string(result.per_second()) +
                             " requests a second");
  return std::move(result.times);
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
  static_cast<void>(run_wrk(address_of(service), load.connections, 1));

  double cpu = cpu_seconds_at_rest(service.pid());
  const std::vector<double> times = run_at_rate(service, load);
  slot.cpu_us_at_rate =
      (cpu_seconds_at_rest(service.pid()) - cpu) * 1e6 / static_cast<double>(times.size());
  slot.p50_us_at_rate = quantile(times, 0.5);
  slot.p99_us_at_rate = quantile(times, 0.99);

  cpu = cpu_seconds_of(service.pid());
  const integration::CpuTime before = integration::cpu_time_of(service.pid());
  const vitals::bench::WrkResult result =
      run_wrk(address_of(service), load.connections, load.seconds);
  slot.cpu_us_per_request = (cpu_seconds_at_rest(service.pid()) - cpu) * 1e6 / result.requests;
  const integration::CpuTime after = integration::cpu_time_of(service.pid());
  slot.requests_per_second = result.per_second();
  slot.user_share = (after.user - before.user) / (after.total() - before.total());
  return slot;
}

}  // namespace overhead
