#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/context/settings.h"
#include "vitals/delivery/transport.h"
#include "vitals/value.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {
class Registry;
}

namespace vitals::otlp {

/// How requests are written down. Source: OpenTelemetry Protocol, "OTLP/HTTP".
enum class Protocol : std::uint8_t {
  kProtobuf,  ///< `http/protobuf`
  kJson,      ///< `http/json`
};

/// How their bodies are compressed.
enum class Compression : std::uint8_t { kNone, kGzip };

/// What the points of counters and histograms count. Gauges have none.
enum class Temporality : std::uint8_t {
  kCumulative,  ///< all since the start
  kDelta,       ///< what came since the last request
};

/// Where one signal goes, and how.
struct SignalOptions {
  bool enabled = true;  ///< false: this signal is not sent
  /// The whole address, as `http://localhost:4318/v1/traces`; empty: the signal is not sent.
  std::string url{};
  delivery::Fields headers{};                    ///< in addition, as an API key; never logged
  Protocol protocol = Protocol::kProtobuf;       ///< see Protocol
  Compression compression = Compression::kNone;  ///< see Compression
  std::chrono::milliseconds timeout{10'000};     ///< of one request
  std::string ca_file{};              ///< PEM certificates to trust instead of the system's
  std::string client_certificate{};   ///< a PEM file, for a server that asks who comes
  std::string client_key{};           ///< its key, a PEM file
  std::size_t max_queue_size = 2048;  ///< items that wait; not of the metrics
  std::size_t max_queue_bytes = 16 * 1024 * 1024;  ///< of these
  std::size_t max_batch_size = 512;                ///< of one request; at most max_queue_size
  std::chrono::milliseconds delay{5000};           ///< how long an item may wait for others
  /// Carries the requests in place of libcurl, for tests and for programs with a client of their
  /// own. The time-out and the files above are its own business then.
  std::shared_ptr<delivery::Transport> transport{};
};

/// What all that is sent says of where it comes from. Source: OpenTelemetry, "Resource semantic
/// conventions". Beside these the host, the process, the system and this library are named.
struct Resource {
  std::string service_name{};  ///< `service.name`; empty: `unknown_service:` and the program's name
  std::string service_version{};  ///< `service.version`; empty: not told
  /// `service.instance.id`; empty: a random one for each start.
  std::string service_instance_id{};
  std::string environment{};  ///< `deployment.environment.name`; empty: not told
  /// More of them. One of the same name stands in place of what is said by itself.
  std::vector<std::pair<std::string, std::string>> attributes{};
};

/// Settings of a client. `from_environment()` makes them as every OpenTelemetry SDK does.
struct Options {
  Resource resource{};                                               ///< who sends
  SignalOptions traces{.url = "http://localhost:4318/v1/traces"};    ///< finished transactions
  SignalOptions metrics{.url = "http://localhost:4318/v1/metrics"};  ///< of `registries`
  SignalOptions logs{.url = "http://localhost:4318/v1/logs",
                     .delay = std::chrono::milliseconds{1000}};  ///< context::log() and errors

  /// How spans behave; not used where another listener, as Sentry's client, came with its own.
  context::Settings settings{.traces_sample_rate = 1.0, .propagators = {.sentry = false}};
  bool send_default_pii = false;  ///< names and addresses of users, and queries, may leave
  bool breadcrumbs = true;  ///< a transaction's breadcrumbs go along as its first span's events

  std::chrono::milliseconds metrics_interval{60'000};  ///< between two readings of the metrics
  Temporality temporality = Temporality::kCumulative;  ///< of counters and histograms

  /// Of a histogram with classic and native buckets the native ones are sent, as an exponential
  /// histogram; else the classic ones, so that queries are those of a scrape.
  bool exponential = false;

  /// What is read for the metrics; empty: metrics::default_registry(). They must outlive the client.
  std::vector<const metrics::Registry*> registries{};
  /// Where `vitals_otlp_items_total` stands; null: metrics::default_registry().
  metrics::Registry* counts = nullptr;

  /// A folder in which what cannot be sent waits, also for the next start; empty: it waits in
  /// memory, and not for long.
  std::string cache_dir{};
  std::uint64_t spool_bytes = 64 * 1024 * 1024;      ///< of each signal; the oldest goes first
  std::chrono::hours spool_age{24};                  ///< what is older is dropped
  std::chrono::milliseconds shutdown_timeout{2000};  ///< for what waits, at the end
  bool debug = false;                                ///< say on stderr what is amiss
};

}  // namespace vitals::otlp

#pragma GCC visibility pop
