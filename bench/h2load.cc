#include "bench/h2load.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "integration/support/process.h"

namespace vitals::bench {

std::vector<double> run_h2load(const std::string& url, int connections, int seconds, int rate) {
  const integration::TempDir folder;
  const std::string log = folder.file("requests");
  const integration::Finished end = integration::run(
      {.command = {"h2load", "--h1", "-t1", "-m1", "-c" + std::to_string(connections),
                   "-D" + std::to_string(seconds), "--rps=" + std::to_string(rate / connections),
                   "--log-file=" + log, url}},
      std::chrono::seconds{seconds + 30});
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
  return times;
}

}  // namespace vitals::bench
