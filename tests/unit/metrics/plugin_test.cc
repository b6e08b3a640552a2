#include <dlfcn.h>
#include <gmock/gmock.h>

#include <array>
#include <string>
#include <thread>

#include "vitals/metrics/registry.h"

namespace vitals::metrics {
namespace {

using ::testing::HasSubstr;

/// The plugin, with a copy of the library of its own.
class Plugin : public ::testing::Test {
 protected:
  Plugin() : handle_(dlopen(VITALS_TEST_PLUGIN, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw std::runtime_error(dlerror());
    use_ = reinterpret_cast<Use*>(dlsym(handle_, "plugin_use"));
    if (use_ == nullptr) throw std::runtime_error(dlerror());
    count_ = reinterpret_cast<Count*>(dlsym(handle_, "plugin_count"));
    if (count_ == nullptr) throw std::runtime_error(dlerror());
  }

  std::string use(Registry& registry, const char* what) {
    std::array<char, 500> answer{};
    use_(registry, what, answer.data(), answer.size());
    return answer.data();
  }

 private:
  using Use = void(Registry&, const char*, char*, std::size_t);
  void* handle_;  // never closed: it has thread_locals
  Use* use_ = nullptr;

 protected:
  using Count = void(const Family<Counter, "kind">&, const Family<Histogram, "kind">&,
                     const Counter&);
  Count* count_ = nullptr;
};

TEST_F(Plugin, WithManyThreadLocalsLoadsAndCountsByItself) {
  Registry host;
  const Counter mine = host.counter("events_total", "Events.");
  mine.inc(7);
  EXPECT_EQ(use(host, "own"), "42.000000");
  std::thread([&] { EXPECT_EQ(use(host, "own"), "42.000000"); }).join();
  EXPECT_EQ(mine.value(), 7);
}

TEST_F(Plugin, CannotUseTheRegistryOfAnotherCopyByAnyCall) {
  Registry host;
  const Counter first = host.counter("first_total", "First.");
  const Counter second = host.counter("second_total", "Second.");
  first.inc(3);
  second.inc(5);
  for (const char* what : {"counter", "family", "gauge", "histogram", "summary", "info", "callback",
                           "collector", "usage", "collect"}) {
    EXPECT_THAT(use(host, what), HasSubstr("another copy of vitals")) << what;
  }
  EXPECT_EQ(first.value(), 3);
  EXPECT_EQ(second.value(), 5);
  EXPECT_EQ(host.usage().size(), 2U);
}

TEST_F(Plugin, IsToldOfWhenItHasADefaultRegistryOfItsOwn) {
  Registry host;
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(use(host, "default"), "done");
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("several copies of the library"));
  EXPECT_THAT(said, HasSubstr("the program, "));
  EXPECT_THAT(said, HasSubstr("metrics_test_plugin"));
}

TEST_F(Plugin, NeitherCountsInNorSpoilsWhatAnotherCopyGaveIt) {
  Registry host;
  const Counter counter = host.counter("events_total", "Events.");
  const auto family = host.counter<"kind">("kinds_total", "Kinds.");
  const auto histograms = host.histogram<"kind">("wait_seconds", "Wait.", {1, 2});
  counter.inc(1);
  family.with("host").inc(2);
  count_(family, histograms, counter);
  EXPECT_EQ(counter.value(), 1) << "it is not looked at: the plugin's own cell has it";
  EXPECT_EQ(family.size(), 1U);
  EXPECT_EQ(histograms.size(), 0U);
  family.with("plugin").inc(3);
  histograms.with("plugin").observe(1);
  EXPECT_EQ(counter.value(), 1);
  EXPECT_EQ(family.with("host").value(), 2);
  EXPECT_EQ(family.with("plugin").value(), 3);
  EXPECT_EQ(histograms.with("plugin").count(), 1U);
}

}  // namespace
}  // namespace vitals::metrics
