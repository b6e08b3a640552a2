#include "vitals/metrics/process_collector.h"

#include <dirent.h>
#include <malloc.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "vitals/metrics/registry.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::metrics {
namespace {

std::string read_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Fields of /proc/self/stat, numbered as in proc(5). The second, the name, may hold blanks and
/// parentheses, so counting begins behind its last parenthesis.
struct Stat {
  double threads = 0;         // 20
  double start_ticks = 0;     // 22
  double virtual_bytes = 0;   // 23
  double resident_pages = 0;  // 24
};

std::optional<Stat> read_stat() {
  const std::string text = read_file("/proc/self/stat");
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  Stat stat;
  std::string ignored;
  for (int field = 3; field <= 24 && fields; ++field) {
    switch (field) {
      case 20:
        fields >> stat.threads;
        break;
      case 22:
        fields >> stat.start_ticks;
        break;
      case 23:
        fields >> stat.virtual_bytes;
        break;
      case 24:
        fields >> stat.resident_pages;
        break;
      default:
        fields >> ignored;
    }
  }
  if (!fields) return std::nullopt;
  return stat;
}

std::optional<double> cpu_seconds() {
  timespec used{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return std::nullopt;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

std::optional<double> open_fds() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), &closedir);
  if (directory == nullptr) return std::nullopt;
  double count = 0;
  while (const dirent* entry = readdir(directory.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count - 1;  // without the one that is open for counting
}

template <class Resource>
std::optional<double> limit(Resource resource) {
  rlimit value{};
  if (getrlimit(resource, &value) != 0 || value.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return static_cast<double>(value.rlim_cur);
}

/// What the allocator has from the system. With another allocator than glibc's it says 0, which is
/// bogus.
std::optional<double> heap_bytes() {
  const auto info = mallinfo2();
  const double bytes = static_cast<double>(info.arena) + static_cast<double>(info.hblkhd);
  if (bytes == 0) return std::nullopt;
  return bytes;
}

/// Seconds since 1970 at which the machine started.
std::optional<double> boot_time() {
  std::istringstream lines(read_file("/proc/stat"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return std::nullopt;
}

constexpr FamilyInfo kCpu{"process_cpu_seconds_total",
                          "Total user and system CPU time spent in seconds.", MetricType::kCounter,
                          "seconds"};
constexpr FamilyInfo kOpenFds{"process_open_fds", "Number of open file descriptors.",
                              MetricType::kGauge};
constexpr FamilyInfo kMaxFds{"process_max_fds", "Maximum number of open file descriptors.",
                             MetricType::kGauge};
constexpr FamilyInfo kVirtual{"process_virtual_memory_bytes", "Virtual memory size in bytes.",
                              MetricType::kGauge, "bytes"};
constexpr FamilyInfo kVirtualMax{"process_virtual_memory_max_bytes",
                                 "Maximum amount of virtual memory available in bytes.",
                                 MetricType::kGauge, "bytes"};
constexpr FamilyInfo kResident{"process_resident_memory_bytes", "Resident memory size in bytes.",
                               MetricType::kGauge, "bytes"};
constexpr FamilyInfo kHeap{"process_heap_bytes", "Process heap size in bytes.", MetricType::kGauge,
                           "bytes"};
constexpr FamilyInfo kStart{"process_start_time_seconds",
                            "Start time of the process since unix epoch in seconds.",
                            MetricType::kGauge, "seconds"};
constexpr FamilyInfo kThreads{"process_threads", "Number of OS threads in the process.",
                              MetricType::kGauge};
constexpr FamilyInfo kFamilies[] = {kCpu,      kOpenFds, kMaxFds, kVirtual, kVirtualMax,
                                    kResident, kHeap,    kStart,  kThreads};

class ProcessCollector final : public Collector {
 public:
  ProcessCollector() {
    const long ticks = sysconf(_SC_CLK_TCK);
    if (ticks > 0) ticks_per_second_ = static_cast<double>(ticks);
  }

  [[nodiscard]] std::span<const FamilyInfo> families() const override { return kFamilies; }

  void collect(SampleSink& sink) override {
    if (const auto seconds = cpu_seconds()) {
      sink.begin_family(kCpu);
      sink.counter({}, {0, *seconds, {}});
    }
    gauge(sink, kOpenFds, open_fds());
    gauge(sink, kMaxFds, limit(RLIMIT_NOFILE));
    const std::optional<Stat> stat = read_stat();
    if (stat) gauge(sink, kVirtual, stat->virtual_bytes);
    gauge(sink, kVirtualMax, limit(RLIMIT_AS));
    if (stat) {
      gauge(sink, kResident, stat->resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
    }
    gauge(sink, kHeap, heap_bytes());
    // Read each time: in a child of fork() it is the child's own.
    if (stat && boot_time_ && ticks_per_second_ > 0) {
      gauge(sink, kStart, *boot_time_ + stat->start_ticks / ticks_per_second_);
    }
    if (stat) gauge(sink, kThreads, stat->threads);
  }

 private:
  static void gauge(SampleSink& sink, const FamilyInfo& family, std::optional<double> value) {
    if (!value) return;
    sink.begin_family(family);
    sink.gauge({}, *value);
  }

  const std::optional<double> boot_time_ = boot_time();
  double ticks_per_second_ = 0.0;
};

}  // namespace

void add_process_collector(Registry& registry) {
  registry.collector(std::make_unique<ProcessCollector>());
}

}  // namespace vitals::metrics
