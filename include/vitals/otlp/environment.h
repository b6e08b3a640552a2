#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vitals/otlp/options.h"

#pragma GCC visibility push(default)

namespace vitals::otlp {

/// Where a variable's value comes from; nothing: it is not set.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

/// The environment of the process, by getenv(). Not while another thread calls setenv().
[[nodiscard]] std::optional<std::string> process_environment(std::string_view name);

/// A variable that was not understood, and is as if it were not set.
struct VariableFault {
  std::string variable{};  ///< its name
  std::string given{};     ///< its value, cut, secrets masked
  std::string accepted{};  ///< what would be right

  /// All of it as one sentence.
  [[nodiscard]] std::string text() const {
    return variable + " is " + given + "; it should be " + accepted;
  }
};

/// What OpenTelemetry's variables say.
struct FromEnvironment {
  Options options{};  ///< what was given, with what the variables say in place of it
  std::vector<VariableFault> faults{};  ///< what is wrong with them
};

/// Reads the variables that every OpenTelemetry SDK knows: `OTEL_SDK_DISABLED`,
/// `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_EXPORTER_OTLP_` with `ENDPOINT`,
/// `HEADERS`, `PROTOCOL`, `COMPRESSION`, `TIMEOUT`, `CERTIFICATE`, `CLIENT_CERTIFICATE` and
/// `CLIENT_KEY`, for all signals or with `TRACES_`, `METRICS_` or `LOGS_` before that word for one,
/// `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER` and `OTEL_LOGS_EXPORTER` (`otlp`, `none`),
/// `OTEL_TRACES_SAMPLER` and its `_ARG`, `OTEL_PROPAGATORS` (`tracecontext`, `baggage`, `b3`,
/// `b3multi`, `sentry`, `none`), `OTEL_BSP_` and `OTEL_BLRP_` with `SCHEDULE_DELAY`,
/// `MAX_QUEUE_SIZE` and `MAX_EXPORT_BATCH_SIZE`, `OTEL_METRIC_EXPORT_INTERVAL`,
/// `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`,
/// `OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION` and `OTEL_LOG_LEVEL`. One that is
/// empty is as if it were not set. There is no gRPC here: `http/protobuf` is sent in place of it.
/// Source: OpenTelemetry, "Environment Variable Specification", "OTLP Exporter".
[[nodiscard]] FromEnvironment from_environment(Options options = {},
                                               const Lookup& lookup = process_environment);

}  // namespace vitals::otlp

#pragma GCC visibility pop
