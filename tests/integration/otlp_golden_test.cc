#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "integration/support/http.h"
#include "integration/support/process.h"
#include "integration/support/prometheus.h"
#include "vitals/context/capture.h"
#include "vitals/context/log.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/exporting/exposer.h"
#include "vitals/exporting/scrape.h"
#include "vitals/metrics/registry.h"
#include "vitals/otlp/client.h"
#include "vitals/testing/memory_transport.h"

namespace integration {
namespace {

using namespace std::chrono_literals;
using vitals::testing::MemoryTransport;
namespace context = vitals::context;
namespace metrics = vitals::metrics;
namespace otlp = vitals::otlp;

/// A client that writes in one of the two forms, for the length of a test.
class Writer {
 public:
  Writer(otlp::Protocol protocol, const metrics::Registry& registry) {
    otlp::Options options;
    options.resource = {.service_name = "kitchen",
                        .service_version = "1.2.3",
                        .service_instance_id = "0b9d7a52-6e1f-4a55-9d3e-0b6a4c7c1d42",
                        .environment = "test",
                        .attributes = {{"team", "breakfast \xf0\x9f\xa5\x9a"}}};
    options.metrics_interval = 1h;
    options.registries = {&registry};
    options.counts = &counts_;
    for (const auto& [signal, transport] : {std::pair{&options.traces, traces},
                                            {&options.metrics, readings},
                                            {&options.logs, logs}}) {
      signal->protocol = protocol;
      signal->transport = transport;
    }
    auto started = otlp::init(std::move(options));
    if (!started) throw std::runtime_error(started.error().message);
    guard_ = std::move(*started);
  }
  void flush() { EXPECT_TRUE(guard_.flush(60s)); }

  std::shared_ptr<MemoryTransport> traces = std::make_shared<MemoryTransport>();
  std::shared_ptr<MemoryTransport> readings = std::make_shared<MemoryTransport>();
  std::shared_ptr<MemoryTransport> logs = std::make_shared<MemoryTransport>();

 private:
  metrics::Registry counts_;
  otlp::Guard guard_;
};

/// Reads protobuf by the definitions of OpenTelemetry's own package.
Json decode(const std::string& signal, const std::string& body) {
  const TempDir folder;
  const std::string file = folder.path() + "/body";
  std::ofstream{file, std::ios::binary} << body;
  const Finished run =
      integration::run({.command = {"sh", "-c",
                                    "PATH=node_modules/.bin:$PATH exec node otlp_decode.cjs " +
                                        signal + " <" + file},
                        .directory = PEERS_FOLDER});
  if (!run.status || run.status->code != 0)
    throw std::runtime_error("otlp_decode.cjs: " + run.errors);
  return Json::parse(run.output);
}

/// Without what differs between two clients and between two ways to leave a field out: the times at
/// which each read or saw something, and lists that are empty.
Json normal(const Json& json) {
  if (json.is_array()) {
    Json made = Json::array();
    for (const Json& each : json)
      made.push_back(normal(each));
    return made;
  }
  if (!json.is_object()) return json;
  Json made = Json::object();
  for (const auto& [key, value] : json.items()) {
    if (key == "observedTimeUnixNano") continue;
    if (value.is_array() && value.empty()) continue;
    made[key] = normal(value);
  }
  return made;
}

Json without_reading_times(Json json) {
  if (json.is_object()) json.erase("timeUnixNano");
  if (json.is_structured()) {
    for (Json& each : json)
      each = without_reading_times(each);
  }
  return json;
}

std::string only_body(const MemoryTransport& transport) {
  const auto requests = transport.requests();
  if (requests.size() != 1)
    throw std::runtime_error("requests: " + std::to_string(requests.size()));
  return requests.front().body;
}

class Golden : public ::testing::Test {
 protected:
  metrics::Registry registry;
  Writer json{otlp::Protocol::kJson, registry};
  Writer protobuf{otlp::Protocol::kProtobuf, registry};

  void flush() {
    json.flush();
    protobuf.flush();
  }
};

TEST_F(Golden, EachFieldOfATraceIsReadAsItWasMeant) {
  const context::Scope scope = context::Scope::fork();
  const context::Activation here = scope.activate();
  scope.set_tag("operation", "get \xc3\xa9gg");
  scope.set_user({.id = "u1"});
  const context::Span root = context::start_transaction(
      {.name = "GET /eggs/{id}", .op = "http.server"},
      {.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
       .tracestate = "vendor=1"});
  {
    const context::SpanActivation active = root.activate();
    root.set_data("text", "\xff no utf-8");
    root.set_data("yes", true);
    root.set_data("no", false);
    root.set_data("zero", 0);
    root.set_data("least", std::numeric_limits<std::int64_t>::min());
    root.set_data("half", -0.5);
    root.set_data("odd", std::numeric_limits<double>::quiet_NaN());
    root.set_data("endless", std::numeric_limits<double>::infinity());
    context::add_breadcrumb({.category = "auth", .message = "in", .data = {{"tries", 2}}});
    root.add_event("retry", {{"number", 3}});
    const context::Span query = context::start_span("db", "SELECT eggs");
    query.set_data("db.operation.name", "SELECT");
    query.set_data("db.collection.name", "eggs");
    query.add_link(root, "previous_trace");
    try {
      throw std::out_of_range{"no such egg"};
    } catch (const std::exception& error) {
      static_cast<void>(context::capture_exception(error));
    }
    query.set_status(context::SpanStatus::kInternalError);
    query.finish();
  }
  root.set_http_status(500);
  root.finish();
  flush();

  const Json expected = normal(Json::parse(only_body(*json.traces)));
  const Json read = normal(decode("trace", only_body(*protobuf.traces)));
  EXPECT_EQ(read, expected) << Json::diff(expected, read);
  const Json& spans = expected["resourceSpans"][0]["scopeSpans"][0]["spans"];
  ASSERT_EQ(spans.size(), 2U);
  for (const char* field :
       {"traceId", "spanId", "traceState", "parentSpanId", "flags", "name", "kind",
        "startTimeUnixNano", "endTimeUnixNano", "attributes", "events", "status"})
    EXPECT_TRUE(spans[0].contains(field)) << field;
  EXPECT_TRUE(spans[1].contains("links"));
}

TEST_F(Golden, EachFieldOfALogIsReadAsItWasMeant) {
  const context::Scope scope = context::Scope::fork();
  const context::Activation here = scope.activate();
  scope.set_attribute("team", "breakfast");
  const context::Span root = context::start_transaction({.name = "job", .op = "job"});
  {
    const context::SpanActivation active = root.activate();
    context::log(context::LogLevel::kWarn, "few eggs", {{"left", 2}, {"share", 0.5}},
                 vitals::Timestamp{1'700'000'000'123'456'789ns});
  }
  context::capture_message("away", vitals::Level::kFatal);
  flush();
  const Json expected = normal(Json::parse(only_body(*json.logs)));
  const Json read = normal(decode("logs", only_body(*protobuf.logs)));
  // Of what was captured each client takes the time itself.
  EXPECT_EQ(without_reading_times(read), without_reading_times(expected))
      << Json::diff(expected, read);
  const Json& records = expected["resourceLogs"][0]["scopeLogs"][0]["logRecords"];
  ASSERT_EQ(records.size(), 2U);
  for (const char* field : {"timeUnixNano", "severityNumber", "severityText", "body", "attributes",
                            "flags", "traceId", "spanId"})
    EXPECT_TRUE(records[0].contains(field)) << field;
}

TEST_F(Golden, EachFieldOfAMetricIsReadAsItWasMeant) {
  registry.counter<"colour">("eggs_total", "Eggs laid.", {.exemplars = true})
      .with("brown")
      .inc_with_exemplar(3, {{"trace_id", "0af7651916cd43dd8448eb211c80319c"},
                             {"span_id", "b7ad6b7169203331"},
                             {"hen", "ada"}});
  registry.gauge("nest_bytes", "Size.", {.unit = "bytes"}).set(-1.5);
  registry.gauge("odd", "No number.").set(std::numeric_limits<double>::quiet_NaN());
  const auto weight = registry.histogram("weight", "Weight.", {1, 2}, {.exemplars = true});
  weight.observe(0.5);
  weight.observe(9, {{"trace_id", "0af7651916cd43dd8448eb211c80319c"}});
  const auto native = registry.native_histogram("size", "Size.");
  for (const double value : {0.0, 1.0, 300.0, -2.0})
    native.observe(value);
  registry.summary("wait", "Wait.", {.quantiles = {0.5}}).observe(3);
  registry.info<"version">("build_info", "Build.").set("1");
  flush();
  Json expected = without_reading_times(normal(Json::parse(only_body(*json.readings))));
  Json read = without_reading_times(normal(decode("metrics", only_body(*protobuf.readings))));
  // What does not know when it began says when its client did.
  for (Json* const each : {&expected, &read}) {
    Json& info = (*each)["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].back();
    EXPECT_EQ(info["sum"]["dataPoints"][0].erase("startTimeUnixNano"), 1U);
  }
  EXPECT_EQ(read, expected) << Json::diff(expected, read);
  EXPECT_EQ(expected["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].size(), 7U) << expected;
}

/// The series of a point as PromQL selects it, with that behind the family's name.
std::string selector(const Json& metric, const Json& point, const std::string& suffix = "",
                     const std::string& more = "") {
  std::string labels = more;
  for (const Json& each : point.value("attributes", Json::array())) {
    if (!labels.empty()) labels += ',';
    labels += each["key"].get<std::string>() + '=' + each["value"]["stringValue"].dump();
  }
  return metric["name"].get<std::string>() + suffix + '{' + labels + '}';
}

/// A number as it stands in a label or an expression.
std::string number_text(double value) {
  return std::isinf(value) ? "+Inf" : Json(value).dump();
}

double count_in(const Json& text) {
  return std::stod(text.get<std::string>());
}

/// Asks for what each point of a histogram says, up to each of its bounds.
void expect_same_buckets(Prometheus& prometheus, const Json& metric, const Json& point) {
  double below = 0;
  for (std::size_t i = 0; i < point["bucketCounts"].size(); ++i) {
    below += count_in(point["bucketCounts"][i]);
    const bool last = i == point["explicitBounds"].size();
    const double bound =
        last ? std::numeric_limits<double>::infinity() : point["explicitBounds"][i].get<double>();
    const std::string asked =
        selector(metric, point, "_bucket", "le=\"" + number_text(bound) + "\"");
    EXPECT_EQ(prometheus.query(asked), below) << asked;
  }
}

/// Also of an exponential one, whose bounds follow from its scale and offset.
void expect_same_sparse_buckets(Prometheus& prometheus, const Json& metric, const Json& point) {
  const std::string series = selector(metric, point);
  const auto share_up_to = [&](double bound) {
    return "histogram_fraction(-Inf, " + number_text(bound) + ", " + series +
           ") * histogram_count(" + series + ")";
  };
  double below = count_in(point["zeroCount"]);
  for (const Json& each : point["negative"]["bucketCounts"])
    below += count_in(each);
  const Json& positive = point["positive"];
  for (std::size_t i = 0; i < positive["bucketCounts"].size(); ++i) {
    below += count_in(positive["bucketCounts"][i]);
    const double index = positive["offset"].get<double>() + static_cast<double>(i);
    const double end = std::exp2(std::ldexp(index + 1, -point["scale"].get<int>()));
    EXPECT_NEAR(prometheus.query(share_up_to(end)).value_or(-1), below, 1e-6) << share_up_to(end);
  }
}

// Of what is sent, read by OpenTelemetry's definitions, each value is asked for at a Prometheus that
// scrapes the same registry, by the same names and labels.
TEST_F(Golden, APrometheusThatScrapesHasTheSameNamesLabelsAndValues) {
  auto eggs = registry.counter<"colour", "hen">("eggs_total", "Eggs laid.");
  eggs.with("brown", "ada \"the\\first\"\n\xf0\x9f\x90\x94").inc(3);
  eggs.with("white", "").inc(0.25);
  registry.gauge("nest_bytes", "Size.", {.unit = "bytes"}).set(-1.5);
  auto weight =
      registry.histogram<"hen">("weight_seconds", "Weight.", {0.5, 1, 2.5}, {.unit = "seconds"});
  for (const double value : {0.5, 0.7, 2.0, 2.5, 9.0, 10.0})
    weight.with("ada").observe(value);
  const auto size = registry.native_histogram("size", "Size.", {.schema = 2});
  for (const double value : {0.0, 0.3, 1.0, 1.0, 1.1, 5.0, 300.0, -2.0})
    size.observe(value);
  const auto wait = registry.summary("wait", "Wait.", {.quantiles = {0.5, 0.9}});
  for (int i = 1; i <= 9; ++i)
    wait.observe(i);
  registry.info<"version">("build_info", "Build.").set("1");

  vitals::exporting::ScrapeHandler handler{registry};
  const auto exposer = vitals::exporting::Exposer::start({.port = 0}, handler);
  ASSERT_TRUE(exposer) << exposer.error().message;
  Prometheus prometheus{{{"kitchen", (*exposer)->port()}}, {.features = "native-histograms"}};
  ASSERT_TRUE(prometheus.becomes("up", 1)) << prometheus.errors();
  protobuf.flush();
  const Json read = decode("metrics", only_body(*protobuf.readings));

  int points = 0;
  for (const Json& metric : read["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]) {
    const auto name = metric["name"].get<std::string>();
    if (name.starts_with("vitals_scrape_")) continue;  // each scrape moves these
    for (const auto& [kind, data] : metric.items()) {
      if (!data.is_object()) continue;
      for (const Json& point : data["dataPoints"]) {
        ++points;
        if (kind == "sum" || kind == "gauge") {
          const std::string asked = selector(metric, point);
          EXPECT_EQ(prometheus.query(asked), point["asDouble"].get<double>()) << asked;
          continue;
        }
        const bool sparse = kind == "exponentialHistogram";
        for (const auto& [field, value] :
             {std::pair<std::string, double>{"count", count_in(point["count"])},
              {"sum", point["sum"].get<double>()}}) {
          const std::string asked = sparse
                                        ? "histogram_" + field + '(' + selector(metric, point) + ')'
                                        : selector(metric, point, '_' + field);
          EXPECT_EQ(prometheus.query(asked), value) << asked;
        }
        if (kind == "histogram") expect_same_buckets(prometheus, metric, point);
        if (sparse) expect_same_sparse_buckets(prometheus, metric, point);
        for (const Json& each : point.value("quantileValues", Json::array())) {
          const std::string asked =
              selector(metric, point, "",
                       "quantile=\"" + number_text(each["quantile"].get<double>()) + "\"");
          EXPECT_EQ(prometheus.query(asked), each["value"].get<double>()) << asked;
        }
      }
    }
  }
  EXPECT_EQ(points, 7) << read;
}

}  // namespace
}  // namespace integration
