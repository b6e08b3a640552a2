#include "bench/wrk.h"

#include <sstream>
#include <stdexcept>

#include "integration/support/process.h"

namespace vitals::bench {

WrkResult run_wrk(const std::string& url, int connections, int seconds) {
  const integration::Finished end =
      integration::run({.command = {"wrk", "-t1", "-c" + std::to_string(connections),
                                    "-d" + std::to_string(seconds) + "s", "-s", WRK_SCRIPT, url}},
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

}  // namespace vitals::bench
