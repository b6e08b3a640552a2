#include "vitals/otlp/environment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "privacy/scrub.h"
#include "vitals/base/ascii.h"
#include "vitals/base/percent.h"
#include "vitals/base/utf8.h"

namespace vitals::otlp {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kMostShown = 100;

/// One signal among the variables.
struct SignalNames {
  std::string_view infix;     // of its own variables: `TRACES_`
  std::string_view path;      // behind the endpoint of all signals
  std::string_view exporter;  // `OTEL_TRACES_EXPORTER`
};

class Reader {
 public:
  Reader(FromEnvironment& result, const Lookup& lookup) : result_(result), lookup_(lookup) {}

  [[nodiscard]] std::optional<std::string> text(std::string_view name) const {
    std::optional<std::string> value = lookup_(name);
    if (!value) return std::nullopt;
    std::string trimmed{base::trim(*value)};
    if (trimmed.empty()) return std::nullopt;
    return trimmed;
  }

  /// The value that one of the words stands for, in any case of letters.
  template <class Value, std::size_t N>
  [[nodiscard]] std::optional<Value> word(
      std::string_view name, const std::array<std::pair<std::string_view, Value>, N>& words) {
    const std::optional<std::string> value = text(name);
    if (!value) return std::nullopt;
    for (const auto& [known, meant] : words)
      if (base::equal_ignoring_case(*value, known)) return meant;
    std::string right;
    for (const auto& each : words)
      right += (right.empty() ? "" : ", ") + std::string{each.first};
    fault(name, *value, "one of " + right);
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t least,
                                                    std::uint64_t most) {
    const std::optional<std::string> value = text(name);
    if (!value) return std::nullopt;
    std::uint64_t parsed = 0;
    const char* const end = value->data() + value->size();
    const auto [rest, error] = std::from_chars(value->data(), end, parsed);
    if (error == std::errc{} && rest == end && parsed >= least && parsed <= most) return parsed;
    fault(name, *value,
          "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::chrono::milliseconds> milliseconds(std::string_view name,
                                                                      std::uint64_t least) {
    constexpr std::uint64_t kDay = 86'400'000;
    const auto value = number(name, least, kDay);
    if (!value) return std::nullopt;
    return std::chrono::milliseconds{static_cast<std::int64_t>(*value)};
  }

  /// `name=value,name=value`, the values percent-encoded. None of it counts where a part is wrong.
  [[nodiscard]] std::optional<Pairs> pairs(std::string_view name, bool secret) {
    const std::optional<std::string> value = text(name);
    if (!value) return std::nullopt;
    Pairs read;
    for (std::string_view rest = *value; !rest.empty();) {
      const std::size_t comma = rest.find(',');
      const std::string_view part = base::trim(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
      if (part.empty()) continue;
      const std::size_t equals = part.find('=');
      const std::string_view key = base::trim(part.substr(0, equals));
      const auto decoded =
          equals == std::string_view::npos
              ? std::nullopt
              : base::strictly_percent_decoded(base::trim(part.substr(equals + 1)));
      if (key.empty() || !decoded || !base::is_utf8(*decoded)) {
        fault(name, secret ? std::string{privacy::kFiltered} : *value,
              "name=value pairs with commas between them, the values percent-encoded");
        return std::nullopt;
      }
      read.emplace_back(key, *decoded);
    }
    return read;
  }

  void fault(std::string_view name, std::string_view value, std::string_view right) {
    std::string masked;
    const std::string_view shown = base::cut(privacy::scrub_text(value, false, masked), kMostShown);
    result_.faults.push_back({std::string{name}, std::string{shown}, std::string{right}});
  }

 private:
  FromEnvironment& result_;
  const Lookup& lookup_;
};

bool is_http_url(std::string_view url) noexcept {
  if (std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) <= 0x20; }))
    return false;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (base::starts_ignoring_case(url, scheme) && url.size() > scheme.size()) return true;
  }
  return false;
}

/// Header fields that would break the request's head, or say of it what only the client may.
bool is_header(std::string_view name, std::string_view value) noexcept {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  const bool token = std::ranges::all_of(name, [](char c) {
    return base::is_letter(c) || base::is_digit(c) || kMarks.find(c) != std::string_view::npos;
  });
  const bool plain = std::ranges::none_of(value, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
  return token && plain && !base::equal_ignoring_case(name, "content-length") &&
         !base::equal_ignoring_case(name, "transfer-encoding");
}

void read_endpoint(Reader& reader, const SignalNames& names, SignalOptions& signal) {
  constexpr std::string_view kRight = "an address that begins with http:// or https://";
  const std::string own = "OTEL_EXPORTER_OTLP_" + std::string{names.infix} + "ENDPOINT";
  if (const auto url = reader.text(own)) {
    if (is_http_url(*url)) {
      signal.url = *url;
      return;
    }
    reader.fault(own, *url, kRight);
  }
  constexpr std::string_view kAll = "OTEL_EXPORTER_OTLP_ENDPOINT";
  auto url = reader.text(kAll);
  if (!url) return;
  // Said once, and not for each signal.
  if (!is_http_url(*url)) {
    if (names.infix == "TRACES_") reader.fault(kAll, *url, kRight);
    return;
  }
  if (!url->ends_with('/')) *url += '/';
  signal.url = *url + std::string{names.path};
}

/// How requests are carried, as far as it is said.
struct Transfer {
  std::optional<Pairs> headers;
  std::optional<Protocol> protocol;
  std::optional<Compression> compression;
  std::optional<std::chrono::milliseconds> timeout;
  std::optional<std::string> ca_file;
  std::optional<std::string> client_certificate;
  std::optional<std::string> client_key;

  void apply(SignalOptions& signal) const {
    const auto set = [](auto& into, const auto& value) {
      if (value) into = *value;
    };
    set(signal.headers, headers);
    set(signal.protocol, protocol);
    set(signal.compression, compression);
    set(signal.timeout, timeout);
    set(signal.ca_file, ca_file);
    set(signal.client_certificate, client_certificate);
    set(signal.client_key, client_key);
  }
};

/// With an empty infix what holds for all signals.
Transfer read_transfer(Reader& reader, std::string_view infix) {
  const std::string prefix = "OTEL_EXPORTER_OTLP_" + std::string{infix};
  Transfer said;
  said.headers = reader.pairs(prefix + "HEADERS", true);
  if (said.headers && !std::ranges::all_of(*said.headers, [](const auto& header) {
        return is_header(header.first, header.second);
      })) {
    reader.fault(prefix + "HEADERS", privacy::kFiltered, "names and values of HTTP fields");
    said.headers.reset();
  }
  using Form = std::pair<std::string_view, Protocol>;
  said.protocol = reader.word(
      prefix + "PROTOCOL",
      std::array{Form{"http/protobuf", Protocol::kProtobuf}, Form{"http/json", Protocol::kJson}});
  using Coding = std::pair<std::string_view, Compression>;
  said.compression = reader.word(
      prefix + "COMPRESSION",
      std::array{Coding{"gzip", Compression::kGzip}, Coding{"none", Compression::kNone}});
  said.timeout = reader.milliseconds(prefix + "TIMEOUT", 1);
  said.ca_file = reader.text(prefix + "CERTIFICATE");
  said.client_certificate = reader.text(prefix + "CLIENT_CERTIFICATE");
  said.client_key = reader.text(prefix + "CLIENT_KEY");
  return said;
}

void read_batches(Reader& reader, std::string_view prefix, SignalOptions& signal) {
  constexpr std::uint64_t kMost = 10'000'000;
  const std::string start{prefix};
  signal.delay = reader.milliseconds(start + "SCHEDULE_DELAY", 0).value_or(signal.delay);
  if (const auto size = reader.number(start + "MAX_QUEUE_SIZE", 1, kMost))
    signal.max_queue_size = *size;
  const std::string batch = start + "MAX_EXPORT_BATCH_SIZE";
  if (const auto size = reader.number(batch, 1, kMost)) signal.max_batch_size = *size;
  if (signal.max_batch_size <= signal.max_queue_size) return;
  reader.fault(batch, std::to_string(signal.max_batch_size),
               "at most the queue's size, " + std::to_string(signal.max_queue_size));
  signal.max_batch_size = signal.max_queue_size;
}

void read_sampler(Reader& reader, context::Settings& settings) {
  constexpr std::string_view kName = "OTEL_TRACES_SAMPLER";
  constexpr std::string_view kArgument = "OTEL_TRACES_SAMPLER_ARG";
  struct Sampler {
    bool of_parent;
    double rate;  // below zero: as the argument says
  };
  using Word = std::pair<std::string_view, Sampler>;
  constexpr std::array kSamplers{Word{"always_on", {false, 1}},
                                 Word{"always_off", {false, 0}},
                                 Word{"traceidratio", {false, -1}},
                                 Word{"parentbased_always_on", {true, 1}},
                                 Word{"parentbased_always_off", {true, 0}},
                                 Word{"parentbased_traceidratio", {true, -1}}};
  const auto sampler = reader.word(kName, kSamplers);
  if (!sampler) return;
  double rate = sampler->rate;
  if (rate < 0) {
    rate = 1;
    if (const auto value = reader.text(kArgument)) {
      double parsed = -1;
      const char* const end = value->data() + value->size();
      const auto [rest, error] = std::from_chars(value->data(), end, parsed);
      if (error == std::errc{} && rest == end && parsed >= 0 && parsed <= 1) {
        rate = parsed;
      } else {
        reader.fault(kArgument, *value, "a number from 0 to 1");
      }
    }
  }
  settings.traces_sample_rate = rate;
  settings.traces_sampler = nullptr;
  // A sampler is asked also where the caller has decided.
  if (!sampler->of_parent)
    settings.traces_sampler = [rate](const context::SamplingContext&) { return rate; };
}

/// Those that are not known are told and left out; `none` is none at all.
void read_propagators(Reader& reader, context::Propagators& propagators) {
  constexpr std::string_view kName = "OTEL_PROPAGATORS";
  const auto value = reader.text(kName);
  if (!value) return;
  context::Propagators read{.sentry = false, .tracecontext = false, .baggage = false};
  for (std::string_view rest = *value; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    const std::string_view word = base::trim(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    const auto is = [word](std::string_view known) {
      return base::equal_ignoring_case(word, known);
    };
    if (is("tracecontext")) {
      read.tracecontext = true;
    } else if (is("baggage")) {
      read.baggage = true;
    } else if (is("b3")) {
      read.b3 = true;
    } else if (is("b3multi")) {
      read.b3_multi = true;
    } else if (is("sentry")) {
      read.sentry = true;
    } else if (!word.empty() && !is("none")) {
      reader.fault(kName, *value,
                   "tracecontext, baggage, b3, b3multi, sentry or none, with commas");
      return;
    }
  }
  propagators = read;
}

void read_resource(Reader& reader, Resource& resource) {
  if (auto attributes = reader.pairs("OTEL_RESOURCE_ATTRIBUTES", false)) {
    for (auto& [name, value] : *attributes) {
      if (name == "service.name") {
        resource.service_name = value;
      } else {
        resource.attributes.emplace_back(std::move(name), std::move(value));
      }
    }
  }
  if (auto name = reader.text("OTEL_SERVICE_NAME")) resource.service_name = *name;
}

void read_signal(Reader& reader, const SignalNames& names, SignalOptions& signal) {
  read_endpoint(reader, names, signal);
  read_transfer(reader, names.infix).apply(signal);
  using Word = std::pair<std::string_view, bool>;
  constexpr std::array kExporters{Word{"otlp", true}, Word{"none", false}};
  if (const auto sent = reader.word(names.exporter, kExporters)) signal.enabled = *sent;
}

}  // namespace

std::optional<std::string> process_environment(std::string_view name) {
  const char* const value = std::getenv(std::string{name}.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

FromEnvironment from_environment(Options options, const Lookup& lookup) {
  FromEnvironment result{.options = std::move(options)};
  Options& made = result.options;
  Reader reader{result, lookup};
  read_resource(reader, made.resource);
  const Transfer all = read_transfer(reader, "");
  for (SignalOptions* const signal : {&made.traces, &made.metrics, &made.logs})
    all.apply(*signal);
  read_signal(reader, {"TRACES_", "v1/traces", "OTEL_TRACES_EXPORTER"}, made.traces);
  read_signal(reader, {"METRICS_", "v1/metrics", "OTEL_METRICS_EXPORTER"}, made.metrics);
  read_signal(reader, {"LOGS_", "v1/logs", "OTEL_LOGS_EXPORTER"}, made.logs);
  read_batches(reader, "OTEL_BSP_", made.traces);
  read_batches(reader, "OTEL_BLRP_", made.logs);
  read_sampler(reader, made.settings);
  read_propagators(reader, made.settings.propagators);
  made.metrics_interval =
      reader.milliseconds("OTEL_METRIC_EXPORT_INTERVAL", 1).value_or(made.metrics_interval);
  using Word = std::pair<std::string_view, bool>;
  using Kind = std::pair<std::string_view, Temporality>;
  constexpr std::array kKinds{Kind{"cumulative", Temporality::kCumulative},
                              Kind{"delta", Temporality::kDelta}};
  if (const auto kind = reader.word("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", kKinds))
    made.temporality = *kind;
  constexpr std::array kAggregations{Word{"explicit_bucket_histogram", false},
                                     Word{"base2_exponential_bucket_histogram", true}};
  made.exponential =
      reader.word("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", kAggregations)
          .value_or(made.exponential);
  if (const auto level = reader.text("OTEL_LOG_LEVEL"))
    made.debug = base::equal_ignoring_case(*level, "debug");
  constexpr std::array kTruths{Word{"true", true}, Word{"false", false}};
  if (reader.word("OTEL_SDK_DISABLED", kTruths).value_or(false))
    made.traces.enabled = made.metrics.enabled = made.logs.enabled = false;
  return result;
}

}  // namespace vitals::otlp
