// The values of OpenTelemetry's variables: whatever they hold, the options that come of them can be
// used, and a fault is told in one short line.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "vitals/base/ascii.h"
#include "vitals/otlp/environment.h"

namespace otlp = vitals::otlp;
using vitals::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  constexpr std::string_view kNames[] = {"OTEL_EXPORTER_OTLP_ENDPOINT",
                                         "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                                         "OTEL_EXPORTER_OTLP_HEADERS",
                                         "OTEL_EXPORTER_OTLP_PROTOCOL",
                                         "OTEL_EXPORTER_OTLP_TIMEOUT",
                                         "OTEL_EXPORTER_OTLP_COMPRESSION",
                                         "OTEL_RESOURCE_ATTRIBUTES",
                                         "OTEL_SERVICE_NAME",
                                         "OTEL_TRACES_SAMPLER",
                                         "OTEL_TRACES_SAMPLER_ARG",
                                         "OTEL_PROPAGATORS",
                                         "OTEL_BSP_MAX_QUEUE_SIZE",
                                         "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
                                         "OTEL_METRIC_EXPORT_INTERVAL"};
  const std::string_view name = kNames[data[0] % std::size(kNames)];
  const std::string value{reinterpret_cast<const char*>(data + 1), size - 1};
  const otlp::FromEnvironment said =
      otlp::from_environment({}, [&](std::string_view asked) -> std::optional<std::string> {
        // The argument counts beside a sampler alone.
        if (asked == "OTEL_TRACES_SAMPLER" && name == "OTEL_TRACES_SAMPLER_ARG")
          return "traceidratio";
        return asked == name ? std::optional{value} : std::nullopt;
      });
  const otlp::Options& options = said.options;
  for (const otlp::SignalOptions* signal : {&options.traces, &options.metrics, &options.logs}) {
    require(vitals::base::starts_ignoring_case(signal->url, "http"));
    require(signal->timeout.count() > 0);
    require(signal->max_batch_size >= 1 && signal->max_batch_size <= signal->max_queue_size);
    for (const auto& [field, text] : signal->headers) {
      require(!field.empty());
      require(text.find_first_of(std::string_view{"\r\n\0", 3}) == std::string::npos);
    }
  }
  const double rate = options.settings.traces_sample_rate.value_or(-1);
  require(rate >= 0 && rate <= 1);
  require(options.metrics_interval.count() > 0);
  require(said.faults.size() <= 2);
  for (const otlp::VariableFault& fault : said.faults)
    require(fault.given.size() <= 200);
  return 0;
}
