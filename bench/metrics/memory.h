#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace metrics_bench {

/// Bytes of resident memory that a series takes, over 100,000 of them made by one thread.
struct SeriesBytes {
  double counter = 0;
  double histogram = 0;  ///< of 8 buckets
};
[[nodiscard]] SeriesBytes bytes_of_series();
[[nodiscard]] SeriesBytes bytes_of_peer_series();

/// What a scrape of 100,000 series takes.
struct ScrapeMemory {
  double growth_per_scrape = 0;  ///< bytes, from the tenth scrape to the hundredth
  double peak_by_text = 0;       ///< the most that one added to resident memory, by the text's size
  double peak_by_text_with_gzip = 0;
};
[[nodiscard]] ScrapeMemory memory_of_scrapes();

/// Threads that come, count and go, so many at a time, for a while.
struct Churn {
  int at_once = 0;
  std::uint64_t threads = 0;
  std::uint64_t expected = 0;
  std::uint64_t counted = 0;
  std::size_t bytes_left = 0;  ///< of cells, above what there was before
};
[[nodiscard]] std::vector<Churn> churn(double seconds);

}  // namespace metrics_bench
