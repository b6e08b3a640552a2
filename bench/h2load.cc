#include "bench/h2load.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "integration/support/process.h"

namespace vitals::bench {

H2loadResult run_h2load(const std::string& url, int connections, int seconds, int rate) {
  const integration::TempDir folder;
  const std::string log = folder.file("requests");
  const int each = rate / connections;
  // A number of requests, and not a duration: with that h2load 1.52 may never end.
  const integration::Finished end = integration::run(
      {.command = {"h2load", "--h1", "-t1", "-m1", "-c" + std::to_string(connections),
                   "-n" + std::to_string(each * connections * seconds),
                   "--rps=" + std::to_string(each), "--log-file=" + log, url}},
      std::chrono::seconds{10 * seconds + 30});
  if (!end.status || end.status->code != 0)
    throw std::runtime_error("h2load failed: " + end.output + end.errors);
  H2loadResult result;
  std::ifstream lines{log};
  double first = std::numeric_limits<double>::infinity();
  double last = 0;
  double started = 0;
  int status = 0;
  double took = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    if (!(words >> started >> status >> took) || status != 200)
      throw std::runtime_error("a request failed at a fixed rate: " + line);
    result.times.push_back(took);
    first = std::min(first, started);
    last = std::max(last, started + took);
  }
  result.microseconds = last - first;
  return result;
}

}  // namespace vitals::bench
