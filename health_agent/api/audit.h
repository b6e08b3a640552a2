#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

#include "health_agent/api/admission.h"
#include "health_agent/api/rate_limit.h"
#include "health_agent/log.h"

namespace health_agent::api {

/// The log of who did what, in the logger `audit`: every request that deletes, every refused login,
/// and the first use of each key from each address. A line has the method, the route's template,
/// the status, the key's name (never the key) and the source; the request id is in every line of
/// the log. It is written at every LOG_LEVEL but `off`. Refused logins are at most ten lines a
/// minute; the next line says how many were left out, and
/// `http_errors_total{error_type="AuthenticationError"}` counts all. Threads: any; call it while
/// the request is active.
class Audit {
 public:
  Audit();

  /// After the answer to a request was decided.
  void record(const Entry& entry, vitals::monitor::Method method, int status);

 private:
  [[nodiscard]] bool is_first_use(const Entry& entry);

  RateLimit refusals_;
  std::atomic<std::uint64_t> left_out_{0};
  std::mutex mutex_;
  std::unordered_set<std::size_t> uses_;  // digests of key and source
};

/// The same for the metrics-only listener, which has no keys and no Admission: a caller without the
/// METRICS_TOKEN is told in the log, and limited as one of the API without a key. Threads: any.
class ScrapeGuard {
 public:
  explicit ScrapeGuard(int rate_limit_per_minute) : limit_(rate_limit_per_minute) {}

  /// Of a request that lacks the token. 0, or the seconds until this address may try again.
  [[nodiscard]] int refused(std::string_view address);

 private:
  RateLimit limit_;
  Audit audit_;
};

/// What every line about a request has under names of their own; views into `entry`.
class RequestFields {
 public:
  RequestFields(const Entry& entry, vitals::monitor::Method method, int status);
  /// With how long it took.
  RequestFields(const Entry& entry, vitals::monitor::Method method, int status, double ms);
  operator LogFields() const noexcept { return {fields_.data(), size_}; }

 private:
  void add(LogField field) noexcept { fields_[size_++] = field; }

  std::array<LogField, 6> fields_{};
  std::size_t size_ = 0;
};

/// What a log line says of the caller: ` key=3f2a91bc from=192.0.2.1`.
[[nodiscard]] std::string described(const Entry& entry);

}  // namespace health_agent::api
