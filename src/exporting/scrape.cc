#include "vitals/exporting/scrape.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "delivery/gzip.h"
#include "exporting/negotiate.h"
#include "vitals/base/base64.h"
#include "vitals/base/constant_time.h"
#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"
#include "vitals/metrics/timer.h"

namespace vitals::exporting {
namespace {

/// Below this the headers of the encoding cost more than it saves.
constexpr std::size_t kCompressFrom = 512;

/// Texts that are kept to be written over by the next scrapes.
constexpr std::size_t kSpareBuffers = 2;

ScrapeResponse refusal(int status, std::string_view text) {
  ScrapeResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = text;
  return response;
}

/// A place among the scrapes that run at once. A child of fork() has none of its parent's scrapes,
/// so the count says in its upper half whose it is.
class InFlight {
 public:
  InFlight(std::atomic<std::uint64_t>& count, std::size_t most) noexcept : count_(count) {
    constexpr std::uint64_t kLower = 0xffff'ffff;
    const std::uint64_t mine = static_cast<std::uint64_t>(::getpid()) << 32U;
    std::uint64_t seen = count_.load();
    std::uint64_t running = 0;
    do {
      running = (seen & ~kLower) == mine ? seen & kLower : 0;
      if (running >= most) return;
    } while (!count_.compare_exchange_weak(seen, mine | (running + 1)));
    taken_ = true;
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() {
    if (taken_) count_.fetch_sub(1);
  }
  explicit operator bool() const noexcept { return taken_; }

 private:
  std::atomic<std::uint64_t>& count_;
  bool taken_ = false;
};

}  // namespace

ScrapeHandler::ScrapeHandler(metrics::Registry& registry, ScrapeOptions options)
    : registry_(registry),
      options_(std::move(options)),
      basic_words_(base::base64(options_.user + ':' + options_.password)),
      duration_(registry.histogram("vitals_scrape_duration_seconds",
                                   "Time taken to collect and encode the metrics of one scrape.",
                                   {.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5},
                                   {.unit = "seconds"})),
      left_out_(registry.counter("vitals_scrape_samples_left_out_total",
                                 "Samples and exemplars that were left out of a scrape because a "
                                 "strict reader would refuse the whole page for them.")),
      refusals_(registry.counter("vitals_scrape_refusals_total",
                                 "Scrapes that were refused, having no token or a wrong one.")),
      accept_failures_(registry.counter("vitals_scrape_accept_failures_total",
                                        "Times that the metrics-only listener could not take a "
                                        "connection, for want of descriptors or memory.")) {
  spare_.reserve(kSpareBuffers);
}

bool ScrapeHandler::authorized(std::string_view authorization) const noexcept {
  if (options_.token.empty() && options_.password.empty()) return true;
  const std::string_view given = trim(authorization);
  const std::size_t blank = given.find(' ');
  if (blank == std::string_view::npos) return false;
  const std::string_view scheme = given.substr(0, blank);
  const std::string_view words = trim(given.substr(blank));
  if (!options_.token.empty() && equal_ignoring_case(scheme, "bearer"))
    return base::equal_in_constant_time(words, options_.token);
  return !options_.password.empty() && equal_ignoring_case(scheme, "basic") &&
         base::equal_in_constant_time(words, basic_words_);
}

ScrapeResponse ScrapeHandler::handle(const ScrapeRequest& request) noexcept {
  try {
    ScrapeResponse response = answer(request);
    response.content_length = response.body.size();
    if (request.method == "HEAD") response.body.clear();
    return response;
  } catch (...) {
    ScrapeResponse response;
    response.status = 500;  // without a text, since it may be memory that is lacking
    return response;
  }
}

ScrapeResponse ScrapeHandler::answer(const ScrapeRequest& request) {
  if (!authorized(request.authorization)) {
    refusals_.inc();
    constexpr std::string_view kBearer = "Bearer realm=\"metrics\"";
    constexpr std::string_view kBasic = "Basic realm=\"metrics\"";
    if (options_.token.empty()) {
      ScrapeResponse response =
          refusal(401, "A name and a password are needed: Authorization: Basic.\n");
      response.www_authenticate = kBasic;
      return response;
    }
    ScrapeResponse response = refusal(401, "A token is needed: Authorization: Bearer TOKEN.\n");
    response.www_authenticate = kBearer;
    if (!options_.password.empty()) response.www_authenticate.append(", ").append(kBasic);
    return response;
  }
  if (request.method != "GET" && request.method != "HEAD") {
    ScrapeResponse response = refusal(405, "Only GET and HEAD are allowed here.\n");
    response.allow = "GET, HEAD";
    return response;
  }
  const InFlight in_flight(in_flight_, options_.max_in_flight);
  if (!in_flight) return refusal(503, "Too many scrapes at once; try again.\n");
  const metrics::Timer timer(duration_);
  return scrape(request);
}

ScrapeResponse ScrapeHandler::scrape(const ScrapeRequest& request) {
  ScrapeResponse response;
  const Agreed agreed = negotiate(request.accept);
  response.content_type = agreed.content_type();
  std::string text = take_buffer();
  const std::vector<std::string> names = selected_names(request.query);
  if (names.empty()) text.reserve(usual_size_.load(std::memory_order_relaxed));
  left_out_.inc(write_metrics(registry_, agreed.format, text, names, agreed.escaping));
  if (names.empty()) {
    // With some room to grow, so that the next page is not copied from buffer to buffer.
    usual_size_.store(text.size() + text.size() / 16, std::memory_order_relaxed);
  }
  if (text.size() >= kCompressFrom && accepts_gzip(request.accept_encoding)) {
    delivery::detail::Gzip gzip;
    if (gzip.compress(text, response.body)) {
      response.content_encoding = "gzip";
      give_buffer(std::move(text));
      return response;
    }
  }
  response.body = std::move(text);
  return response;
}

std::string ScrapeHandler::take_buffer() {
  // In a child of fork() it may be locked for good, by a thread of the parent's.
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || spare_.empty()) return {};
  std::string buffer = std::move(spare_.back());
  spare_.pop_back();
  buffer.clear();
  return buffer;
}

void ScrapeHandler::give_buffer(std::string buffer) noexcept {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  // The room was reserved, so that this cannot throw; what finds none is let go.
  if (lock && spare_.size() < spare_.capacity()) spare_.push_back(std::move(buffer));
}

}  // namespace vitals::exporting
