#include "vitals/otlp/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace vitals::otlp {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

FromEnvironment read(const std::map<std::string, std::string, std::less<>>& set,
                     Options options = {}) {
  return from_environment(std::move(options),
                          [&set](std::string_view name) -> std::optional<std::string> {
                            const auto found = set.find(name);
                            if (found == set.end()) return std::nullopt;
                            return found->second;
                          });
}

TEST(Environment, LeavesTheDefaultsOfOpenTelemetryWhereNothingIsSet) {
  const auto [options, faults] = read({});
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_EQ(options.traces.url, "http://localhost:4318/v1/traces");
  EXPECT_EQ(options.metrics.url, "http://localhost:4318/v1/metrics");
  EXPECT_EQ(options.logs.url, "http://localhost:4318/v1/logs");
  EXPECT_EQ(options.traces.protocol, Protocol::kProtobuf);
  EXPECT_EQ(options.traces.compression, Compression::kNone);
  EXPECT_EQ(options.traces.timeout, 10s);
  EXPECT_EQ(options.traces.max_queue_size, 2048U);
  EXPECT_EQ(options.traces.max_batch_size, 512U);
  EXPECT_EQ(options.traces.delay, 5s);
  EXPECT_EQ(options.logs.delay, 1s);
  EXPECT_EQ(options.metrics_interval, 60s);
  EXPECT_EQ(options.temporality, Temporality::kCumulative);
  EXPECT_EQ(options.settings.traces_sample_rate, 1.0);
}

TEST(Environment, GivesEachSignalItsPathBehindTheCommonEndpoint) {
  for (const std::string base :
       {"https://otel.example:4318/otlp", "https://otel.example:4318/otlp/"}) {
    const auto [options, faults] = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", base}});
    EXPECT_THAT(faults, IsEmpty());
    EXPECT_EQ(options.traces.url, "https://otel.example:4318/otlp/v1/traces");
    EXPECT_EQ(options.metrics.url, "https://otel.example:4318/otlp/v1/metrics");
    EXPECT_EQ(options.logs.url, "https://otel.example:4318/otlp/v1/logs");
  }
}

TEST(Environment, TakesASignalsOwnEndpointAsItIs) {
  const auto [options, faults] = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://all"},
                                       {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://own/here"},
                                       {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "  "}});
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_EQ(options.traces.url, "http://own/here");
  EXPECT_EQ(options.metrics.url, "http://all/v1/metrics")
      << "an empty one is as if it were not set";
}

TEST(Environment, HasOneWayForAllAndOneForEach) {
  const auto [options, faults] = read({{"OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b , other=2"},
                                       {"OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-key=logs"},
                                       {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"},
                                       {"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf"},
                                       {"OTEL_EXPORTER_OTLP_COMPRESSION", "GZIP"},
                                       {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none"},
                                       {"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"},
                                       {"OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "1"},
                                       {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"},
                                       {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/me.pem"},
                                       {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "/me.key"}});
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_THAT(options.traces.headers, ElementsAre(Pair("x-key", "a b"), Pair("other", "2")));
  EXPECT_THAT(options.logs.headers, ElementsAre(Pair("x-key", "logs")));
  EXPECT_EQ(options.traces.protocol, Protocol::kJson);
  EXPECT_EQ(options.metrics.protocol, Protocol::kProtobuf);
  EXPECT_EQ(options.traces.compression, Compression::kNone);
  EXPECT_EQ(options.metrics.compression, Compression::kGzip);
  EXPECT_EQ(options.traces.timeout, 2500ms);
  EXPECT_EQ(options.logs.timeout, 1ms);
  EXPECT_EQ(options.traces.ca_file, "/ca.pem");
  EXPECT_EQ(options.logs.client_certificate, "/me.pem");
  EXPECT_EQ(options.traces.client_key, "/me.key");
  EXPECT_EQ(options.logs.client_key, "");
}

TEST(Environment, StandsBeforeWhatTheProgramSays) {
  Options own;
  own.metrics.protocol = Protocol::kJson;
  own.resource.service_name = "by code";
  const auto [options, faults] = read(
      {{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}, {"OTEL_SERVICE_NAME", "by environment"}},
      own);
  EXPECT_EQ(options.metrics.protocol, Protocol::kProtobuf);
  EXPECT_EQ(options.resource.service_name, "by environment");
}

TEST(Environment, NamesTheResource) {
  const auto [options, faults] =
      read({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=low,team=break%2Cfast,service.version=2"}});
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_EQ(options.resource.service_name, "low");
  EXPECT_THAT(options.resource.attributes,
              ElementsAre(Pair("team", "break,fast"), Pair("service.version", "2")));
  EXPECT_EQ(read({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=low"}, {"OTEL_SERVICE_NAME", "high"}})
                .options.resource.service_name,
            "high");
}

TEST(Environment, ChoosesTheSampler) {
  struct Case {
    std::string name;
    std::string argument;
    double rate;
    bool asked;  // also where the caller has decided
  };
  for (const auto& [name, argument, rate, asked] :
       {Case{"always_on", "", 1, true}, Case{"always_off", "", 0, true},
        Case{"traceidratio", "0.25", 0.25, true}, Case{"parentbased_always_on", "", 1, false},
        Case{"parentbased_always_off", "", 0, false},
        Case{"parentbased_traceidratio", "0.5", 0.5, false},
        Case{"parentbased_traceidratio", "", 1, false}, Case{"TraceIdRatio", "0", 0, true}}) {
    const auto [options, faults] =
        read({{"OTEL_TRACES_SAMPLER", name}, {"OTEL_TRACES_SAMPLER_ARG", argument}});
    EXPECT_THAT(faults, IsEmpty()) << name;
    EXPECT_EQ(options.settings.traces_sample_rate, rate) << name;
    EXPECT_EQ(static_cast<bool>(options.settings.traces_sampler), asked) << name;
    if (asked) {
      EXPECT_EQ(options.settings.traces_sampler({}), rate) << name;
    }
  }
}

TEST(Environment, ChoosesThePropagators) {
  using context::Propagators;
  const auto chosen = [](const std::string& words) {
    const auto [options, faults] = read({{"OTEL_PROPAGATORS", words}});
    EXPECT_THAT(faults, IsEmpty()) << words;
    return options.settings.propagators;
  };
  EXPECT_EQ(chosen(""), (Propagators{.sentry = false, .tracecontext = true, .baggage = true}));
  EXPECT_EQ(chosen("tracecontext"),
            (Propagators{.sentry = false, .tracecontext = true, .baggage = false}));
  EXPECT_EQ(
      chosen("b3, b3multi,Baggage"),
      (Propagators{
          .sentry = false, .tracecontext = false, .baggage = true, .b3 = true, .b3_multi = true}));
  EXPECT_EQ(chosen("none"),
            (Propagators{.sentry = false, .tracecontext = false, .baggage = false}));
  EXPECT_EQ(chosen("sentry,tracecontext"),
            (Propagators{.sentry = true, .tracecontext = true, .baggage = false}));
}

TEST(Environment, TurnsSignalsOff) {
  const auto none = read({{"OTEL_TRACES_EXPORTER", "none"}}).options;
  EXPECT_FALSE(none.traces.enabled);
  EXPECT_TRUE(none.metrics.enabled);
  const auto off = read({{"OTEL_SDK_DISABLED", "TRUE"}}).options;
  EXPECT_FALSE(off.traces.enabled || off.metrics.enabled || off.logs.enabled);
  EXPECT_TRUE(read({{"OTEL_SDK_DISABLED", "false"}}).options.traces.enabled);
}

TEST(Environment, SetsTheBatches) {
  const auto [options, faults] =
      read({{"OTEL_BSP_SCHEDULE_DELAY", "100"},
            {"OTEL_BSP_MAX_QUEUE_SIZE", "64"},
            {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "32"},
            {"OTEL_BLRP_SCHEDULE_DELAY", "0"},
            {"OTEL_METRIC_EXPORT_INTERVAL", "500"},
            {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"}});
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_EQ(options.traces.delay, 100ms);
  EXPECT_EQ(options.traces.max_queue_size, 64U);
  EXPECT_EQ(options.traces.max_batch_size, 32U);
  EXPECT_EQ(options.logs.delay, 0ms);
  EXPECT_EQ(options.logs.max_queue_size, 2048U);
  EXPECT_EQ(options.metrics_interval, 500ms);
  EXPECT_EQ(options.temporality, Temporality::kDelta);
}

struct Bad {
  std::string name;
  std::string value;
  std::string right;  // a part of what it should be
};

class BadVariable : public ::testing::TestWithParam<Bad> {};

TEST_P(BadVariable, IsToldWithItsNameAndIsAsIfItWereNotSet) {
  const auto& [name, value, right] = GetParam();
  // Which wants an argument.
  const auto [options, faults] = read({{name, value}, {"OTEL_TRACES_SAMPLER", "traceidratio"}});
  ASSERT_EQ(faults.size(), 1U) << value;
  EXPECT_THAT(faults.front().text(),
              AllOf(HasSubstr(name), HasSubstr(right), Not(HasSubstr("s3cret"))));
  EXPECT_LT(faults.front().text().size(), 400U);
  EXPECT_EQ(options.traces.url, "http://localhost:4318/v1/traces");
  EXPECT_THAT(options.traces.headers, IsEmpty());
  EXPECT_EQ(options.traces.protocol, Protocol::kProtobuf);
  EXPECT_EQ(options.traces.timeout, 10s);
  EXPECT_EQ(options.settings.traces_sample_rate, 1.0);
  EXPECT_TRUE(options.traces.enabled);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadVariable,
    ::testing::Values(Bad{"OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "http://"},
                      Bad{"OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://u:s3cret@host", "http://"},
                      Bad{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://", "http://"},
                      Bad{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "unix:/run/x", "http://"},
                      Bad{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf"},
                      Bad{"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "gzip, none"},
                      Bad{"OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "whole number"},
                      Bad{"OTEL_EXPORTER_OTLP_TIMEOUT", "-1", "whole number"},
                      Bad{"OTEL_EXPORTER_OTLP_TIMEOUT", "0", "from 1"},
                      Bad{"OTEL_EXPORTER_OTLP_TIMEOUT", "99999999999999999999", "whole number"},
                      Bad{"OTEL_EXPORTER_OTLP_HEADERS", "s3cret", "name=value"},
                      Bad{"OTEL_EXPORTER_OTLP_HEADERS", "a=s3cret,b", "name=value"},
                      Bad{"OTEL_EXPORTER_OTLP_HEADERS", "=s3cret", "name=value"},
                      Bad{"OTEL_EXPORTER_OTLP_HEADERS", "a=%zzs3cret", "percent-encoded"},
                      Bad{"OTEL_EXPORTER_OTLP_HEADERS", "a=s3cret%0d%0ax: y", "HTTP fields"},
                      Bad{"OTEL_EXPORTER_OTLP_HEADERS", "a b=s3cret", "HTTP fields"},
                      Bad{"OTEL_EXPORTER_OTLP_HEADERS", "content-length=5", "HTTP fields"},
                      Bad{"OTEL_RESOURCE_ATTRIBUTES", "team", "name=value"},
                      Bad{"OTEL_RESOURCE_ATTRIBUTES", "team=%ff", "percent-encoded"},
                      Bad{"OTEL_TRACES_EXPORTER", "zipkin", "otlp, none"},
                      Bad{"OTEL_TRACES_SAMPLER_ARG", "2", "from 0 to 1"},
                      Bad{"OTEL_TRACES_SAMPLER_ARG", "nan", "from 0 to 1"},
                      Bad{"OTEL_TRACES_SAMPLER_ARG", "half", "from 0 to 1"},
                      Bad{"OTEL_PROPAGATORS", "tracecontext,jaeger", "b3multi"},
                      Bad{"OTEL_SDK_DISABLED", "yes", "true, false"},
                      Bad{"OTEL_BSP_MAX_QUEUE_SIZE", "0", "from 1"},
                      Bad{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096", "at most the queue's size"},
                      Bad{"OTEL_METRIC_EXPORT_INTERVAL", "1m", "whole number"},
                      Bad{"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "lowmemory",
                          "cumulative, delta"},
                      Bad{"OTEL_EXPORTER_OTLP_ENDPOINT", std::string(10'000, 'x'), "http://"}));

TEST(Environment, TellsOfASamplerThatIsNotKnown) {
  const auto [options, faults] = read({{"OTEL_TRACES_SAMPLER", "jaeger_remote"}});
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_THAT(faults.front().text(), HasSubstr("parentbased_traceidratio"));
  EXPECT_EQ(options.settings.traces_sample_rate, 1.0);
}

}  // namespace
}  // namespace vitals::otlp
