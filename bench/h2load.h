#pragma once

#include <string>
#include <vector>

namespace vitals::bench {

/// Asks for `url` at a fixed rate, shared out among connections that each wait for their answer, and
/// gives the time of each request in microseconds. A server that does not keep up answers fewer.
/// Throws when one of them failed.
[[nodiscard]] std::vector<double> run_h2load(const std::string& url, int connections, int seconds,
                                             int rate);

}  // namespace vitals::bench
