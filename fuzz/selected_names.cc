// A query of any bytes: names that are no longer than it, and a page with what they name alone.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "exporting/negotiate.h"
#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static vitals::metrics::Registry& registry = []() -> vitals::metrics::Registry& {
    auto* made = new vitals::metrics::Registry;
    made->counter("a_total", "A.").inc();
    made->histogram("b", "B.", {1}).observe(2);
    made->summary("c", "C.").observe(3);
    return *made;
  }();
  const std::string_view query(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> names = vitals::exporting::selected_names(query);
  std::size_t total = 0;
  for (const std::string& name : names)
    total += name.size();
  if (total > size) std::abort();
  std::string page;
  vitals::exporting::write_metrics(registry, vitals::exporting::Format::kText, page, names);
  const auto named = [&](std::string_view wanted) {
    for (const std::string& name : names) {
      if (name.starts_with(wanted)) return true;
    }
    return names.empty();
  };
  if (page.find("# TYPE a_total") != std::string::npos && !named("a")) std::abort();
  if (page.find("# TYPE b ") != std::string::npos && !named("b")) std::abort();
  if (page.find("# TYPE c ") != std::string::npos && !named("c")) std::abort();
  return 0;
}
