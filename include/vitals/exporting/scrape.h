#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "vitals/metrics/counter.h"
#include "vitals/metrics/histogram.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {
class Registry;
}

namespace vitals::exporting {

/// What a scrape asked for: the parts of an HTTP request that matter, empty when absent.
struct ScrapeRequest {
  std::string_view method = "GET";  ///< `GET` or `HEAD`; others are answered 405
  std::string_view accept{};        ///< the field Accept, which chooses the format
  /// The field Accept-Encoding: gzip is used where it is taken.
  std::string_view accept_encoding{};
  std::string_view authorization{};  ///< the field Authorization
  std::string_view query{};          ///< what follows `?`, still encoded
};

/// What to answer. A text that is empty is a header not to send.
struct ScrapeResponse {
  int status = 200;                ///< of HTTP
  std::string content_type{};      ///< the field Content-Type
  std::string content_encoding{};  ///< the field Content-Encoding
  std::string www_authenticate{};  ///< the field WWW-Authenticate, of a 401
  std::string allow{};             ///< the field Allow, of a 405
  std::string body{};              ///< empty for HEAD
  std::size_t content_length = 0;  ///< of the body, and for HEAD of the one that GET is given
};

/// Who may scrape, and how many at once.
struct ScrapeOptions {
  std::string token{};  ///< wanted as `Authorization: Bearer …`
  /// Wanted as `Authorization: Basic …`, the user's name with it. Beside a token either will do;
  /// without both everybody is let in.
  std::string password{};
  std::string user = "prometheus";  ///< whose password it is
  std::size_t max_in_flight = 4;    ///< scrapes at once; more are answered 503
};

/// Answers scrapes for whatever HTTP server there is: status, negotiation, compression, selection
/// by `name[]=`. For a service without an HTTP server, give it to an Exposer.
///
/// Defines vitals_scrape_duration_seconds, vitals_scrape_samples_left_out_total,
/// vitals_scrape_refusals_total and vitals_scrape_accept_failures_total in the registry, so there is
/// one handler a registry; throws DefinitionError otherwise. The registry must outlive it.
class ScrapeHandler {
 public:
  /// Throws metrics::DefinitionError where the registry has a handler already.
  explicit ScrapeHandler(metrics::Registry& registry, ScrapeOptions options = {});
  ScrapeHandler(const ScrapeHandler&) = delete;
  ScrapeHandler& operator=(const ScrapeHandler&) = delete;

  /// HEAD makes the page as GET does, since only then is its length known.
  ///
  /// 401 without the token (counted in vitals_scrape_refusals_total), 405 for anything but GET and
  /// HEAD, 503 over the limit, 500 when there is no memory, else 200. The token is compared in a
  /// time that does not depend on where it differs. Threads: any. Never throws.
  [[nodiscard]] ScrapeResponse handle(const ScrapeRequest& request) noexcept;

 private:
  friend class Exposer;

  [[nodiscard]] bool authorized(std::string_view authorization) const noexcept;
  [[nodiscard]] ScrapeResponse answer(const ScrapeRequest& request);
  [[nodiscard]] ScrapeResponse scrape(const ScrapeRequest& request);
  [[nodiscard]] std::string take_buffer();
  void give_buffer(std::string buffer) noexcept;

  metrics::Registry& registry_;
  const ScrapeOptions options_;
  const std::string basic_words_;  // what follows `Basic`
  metrics::Histogram duration_;
  metrics::Counter left_out_;
  metrics::Counter refusals_;
  metrics::Counter accept_failures_;         // of an Exposer
  std::atomic<std::uint64_t> in_flight_{0};  // in the upper half whose, a process's id
  std::atomic<std::size_t> usual_size_{0};   // of a page
  std::mutex mutex_;                         // guards spare_
  std::vector<std::string> spare_;           // texts that were compressed, to be written over
};

}  // namespace vitals::exporting

#pragma GCC visibility pop
