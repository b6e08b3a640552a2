// Runs the benchmarks of the metrics engine, its peer and its limits, and prints what was aimed at
// beside what was measured. The table also goes to the file that --table=FILE names, as JSON.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "bench/metrics/memory.h"

namespace {

/// Prints as ever, and keeps the processor's time of each run: with two threads that is what one
/// operation takes a thread, whatever else the machine does.
class Keeper final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Aggregate || run.aggregate_name != "median") continue;
      times_[run.run_name.str()] = run.GetAdjustedCPUTime();
    }
    ConsoleReporter::ReportRuns(runs);
  }
  [[nodiscard]] double time(const std::string& name) const {
    const auto there = times_.find(name);
    if (there == times_.end()) {
      std::cerr << "no benchmark " << name << " was run\n";
      std::exit(1);
    }
    return there->second;
  }

 private:
  std::map<std::string, double> times_;
};

class Table {
 public:
  /// `value` should be at most, or with `least` at least, the goal.
  void at_most(const std::string& what, double value, double goal, const std::string& unit) {
    add(what, value, goal, unit, value <= goal, "<=");
  }
  void at_least(const std::string& what, double value, double goal, const std::string& unit) {
    add(what, value, goal, unit, value >= goal, ">=");
  }

  void write(const std::string& file) const {
    if (file.empty()) return;
    std::ofstream{file} << "[\n" << json_ << "\n]\n";
  }

 private:
  void add(const std::string& what, double value, double goal, const std::string& unit, bool met,
           const char* relation) {
    std::printf("%-64s %10.2f %-8s %s %8.2f  %s\n", what.c_str(), value, unit.c_str(), relation,
                goal, met ? "met" : "MISSED");
    if (!json_.empty()) json_ += ",\n";
    json_ += "  {\"what\": \"" + what + "\", \"value\": " + std::to_string(value) +
             ", \"unit\": \"" + unit + "\", \"goal\": \"" + relation + " " + std::to_string(goal) +
             "\", \"met\": " + (met ? "true" : "false") + "}";
  }

  std::string json_;
};

double churn_seconds() {
  const char* given = std::getenv("CHURN_SECONDS");
  return given != nullptr ? std::atof(given) : 60;
}

}  // namespace

int main(int argc, char** argv) {
  std::string table_file;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--table=")) {
      table_file = argument.substr(8);
      std::swap(argv[i], argv[argc - 1]);
      --argc;
      break;
    }
  }
  // First, while there is one thread and the heap is small.
  const metrics_bench::SeriesBytes ours = metrics_bench::bytes_of_series();
  const metrics_bench::SeriesBytes peers = metrics_bench::bytes_of_peer_series();
  const metrics_bench::ScrapeMemory scrapes = metrics_bench::memory_of_scrapes();

  benchmark::Initialize(&argc, argv);
  Keeper keeper;
  benchmark::RunSpecifiedBenchmarks(&keeper);
  const auto ns = [&keeper](const std::string& name) { return keeper.time(name); };
  const std::vector<metrics_bench::Churn> churns = metrics_bench::churn(churn_seconds());

  std::printf("\n%-64s %10s %-8s    %8s\n", "goal of the metrics engine", "measured", "", "goal");
  Table table;
  const double counter = ns("counter/threads:1");
  table.at_most("counter, by a thread-local add", counter / ns("limit_thread_local_add/threads:1"),
                1.3, "x");
  table.at_most("counter, two threads by one", ns("counter/threads:2") / counter, 1.2, "x");
  table.at_most("two enum labels, by the counter", ns("enum_labels/threads:1") / counter, 1.5, "x");
  const double dynamic = ns("dynamic_labels_3_of_40/threads:1");
  table.at_most("three dynamic labels", dynamic, 15, "ns");
  table.at_least("three dynamic labels, prometheus-cpp by ours",
                 ns("peer_dynamic_labels_3_of_40/threads:1") / dynamic, 18, "x");
  table.at_most("three dynamic labels, two threads by one",
                ns("dynamic_labels_3_of_40/threads:2") / dynamic, 1.2, "x");
  const double histogram = ns("histogram_8_buckets/threads:1");
  table.at_most("histogram of 8 buckets", histogram, 4, "ns");
  table.at_least("histogram, prometheus-cpp by ours",
                 ns("peer_histogram_8_buckets/threads:1") / histogram, 3.5, "x");
  table.at_most("histogram, two threads by one", ns("histogram_8_buckets/threads:2") / histogram,
                1.3, "x");
  for (const std::string series : {"10000", "100000"}) {
    const double page = ns("scrape_counters/" + series);
    table.at_least("scrape of " + series + " counters, prometheus-cpp by ours",
                   ns("peer_scrape_counters/" + series) / page, 50, "x");
    table.at_most("scrape of " + series + " counters, by copies and numbers",
                  page / ns("limit_scrape_counters/" + series), 4, "x");
  }
  table.at_least("scrape of 1000 histograms, prometheus-cpp by ours",
                 ns("peer_scrape_histograms/1000") / ns("scrape_histograms/1000"), 30, "x");
  table.at_most("memory of a counter series (prometheus-cpp " +
                    std::to_string(static_cast<int>(peers.counter)) + ")",
                ours.counter, 200, "bytes");
  table.at_most("memory of a histogram series (prometheus-cpp " +
                    std::to_string(static_cast<int>(peers.histogram)) + ")",
                ours.histogram, 450, "bytes");
  // A page is a few bytes longer when a number in it is, and so may its buffer be, once; the
  // smallest block that could be kept each time has sixteen bytes.
  table.at_most("memory kept from each scrape", scrapes.growth_per_scrape, 1, "bytes");
  table.at_most("memory of a scrape, by its text", scrapes.peak_by_text, 2, "x");
  table.at_most("memory of a compressed scrape, by its text", scrapes.peak_by_text_with_gzip, 2,
                "x");
  for (const metrics_bench::Churn& churn : churns) {
    const std::string who =
        std::to_string(churn.threads) + " threads, " + std::to_string(churn.at_once) + " at once: ";
    table.at_most(who + "counts lost",
                  static_cast<double>(churn.expected) - static_cast<double>(churn.counted), 0, "");
    table.at_most(who + "cells left", static_cast<double>(churn.bytes_left), 0, "bytes");
  }
  table.write(table_file);
  return 0;
}
