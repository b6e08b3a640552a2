#include "otlp/policy.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/clock.h"
#include "base/say_line.h"
#include "delivery/retry_after.h"
#include "otlp/counts.h"
#include "otlp/encode/answer.h"
#include "vitals/context/listener.h"

namespace vitals::otlp::detail {
namespace {

using delivery::SendRequest;
using delivery::SendResult;
using delivery::detail::Cargo;
using delivery::detail::Contents;
using delivery::detail::DropReason;
using delivery::detail::Parcel;
using delivery::detail::Step;
using delivery::detail::Twice;
using delivery::detail::Verdict;

/// What a receiver may say in its answer, as far as it is read.
constexpr std::size_t kMostAnswer = 64 * 1024;
/// A request's body keeps its memory for the next one, up to so many bytes.
constexpr std::size_t kKeptBody = std::size_t{2} * 1024 * 1024;
/// What waits would be too old, and a server may be wrong about its clock.
constexpr std::chrono::minutes kLongestPause{10};
/// A file that is damaged cannot have held more.
constexpr std::uint32_t kMostCredible = 1'000'000;

bool is_retryable(int status) noexcept {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

void Batch::count_dropped(DropReason reason) const noexcept {
  count(signal_, outcome_of(reason), items());
}

SignalPolicy::SignalPolicy(Signal signal, const Options& options, const SignalOptions& own)
    : signal_(signal),
      options_(options),
      own_(own),
      resource_(resource_text(own.protocol, options.resource)) {}

void SignalPolicy::begin_thread() noexcept {
  context::become_sending_thread();
}

std::unique_ptr<delivery::detail::Packer> SignalPolicy::make_packer() {
  return std::make_unique<BatchPacker>(*this);
}

void SignalPolicy::count_dropped(const Contents* contents, DropReason reason) noexcept {
  if (contents == nullptr) return;
  const std::uint32_t items = contents->front();
  if (reason == DropReason::kDamaged && items > kMostCredible) return;
  count(signal_, outcome_of(reason), items);
}

void SignalPolicy::say(std::string_view what, std::string_view detail) noexcept {
  if (options_.debug) base::say_line("vitals otlp", what, detail);
}

void SignalPolicy::warn(std::string_view what, std::string_view detail) const noexcept {
  constexpr std::int64_t kMinute = 60'000'000'000;
  const std::int64_t now = base::steady_clock_ns();
  std::int64_t before = warned_.load(std::memory_order_relaxed);
  if (!options_.debug && before != 0 && now - before < kMinute) return;
  if (warned_.compare_exchange_strong(before, now, std::memory_order_relaxed))
    base::say_line("vitals otlp", what, detail);
}

BatchPacker::BatchPacker(SignalPolicy& policy)
    : policy_(policy),
      encoders_{.spans = {policy.symbolizer(), policy.options().send_default_pii},
                .symbolizer = policy.symbolizer(),
                .privacy = {policy.options().send_default_pii}},
      request_{.url = policy.own().url,
               .headers = {{"Content-Type", policy.own().protocol == Protocol::kJson
                                                ? "application/json"
                                                : "application/x-protobuf"},
                           {"User-Agent", "vitals-otlp-cpp/" VITALS_VERSION}},
               .wanted = {"retry-after"},
               .wanted_body = kMostAnswer} {
  const delivery::Fields& more = policy.own().headers;
  request_.headers.insert(request_.headers.end(), more.begin(), more.end());
  plain_headers_ = request_.headers.size();
}

Step BatchPacker::open(std::size_t, const Cargo&) {
  return Step::kReady;
}

Step BatchPacker::pack(std::size_t, const Cargo& cargo, Parcel& parcel) {
  const auto& batch = static_cast<const Batch&>(cargo);
  batch.write(encoders_, policy_.resource(), policy_.own().protocol, parcel.text);
  parcel.contents.front() = batch.items();
  // A span or a line that is there twice is better than one that is lost, and a point of the same
  // time is the same. A difference is added twice.
  const bool is_difference =
      policy_.signal() == Signal::kMetrics && policy_.options().temporality == Temporality::kDelta;
  parcel.twice = is_difference ? Twice::kHarmful : Twice::kHarmless;
  return Step::kReady;
}

const SendRequest* BatchPacker::address(Parcel& parcel) {
  request_.headers.resize(plain_headers_);
  if (policy_.own().compression == Compression::kGzip &&
      gzip_.compress(parcel.text, request_.body)) {
    request_.headers.emplace_back("Content-Encoding", "gzip");
  } else {
    request_.body = parcel.text;
  }
  return &request_;
}

Verdict BatchPacker::judge(const Parcel& parcel, const SendResult& result) noexcept {
  if (request_.body.capacity() > kKeptBody) request_.body = {};
  pause_ = std::chrono::milliseconds{0};
  const std::uint32_t items = parcel.contents.front();
  if (result.status == 0 || is_retryable(result.status)) {
    take_pause(result);
    return Verdict::kAway;
  }
  if (result.status < 200 || result.status >= 300) {
    count(policy_.signal(), Outcome::kRefused, items);
    tell_refused(result);
    return Verdict::kRefused;
  }
  PartialSuccess partial;
  try {
    partial = read_answer(result.body, policy_.own().protocol);
  } catch (const std::bad_alloc&) {
    // No memory to read what it says: the request was taken.
  }
  const std::uint64_t rejected = std::min<std::uint64_t>(partial.rejected, items);
  count(policy_.signal(), Outcome::kRejected, rejected);
  count(policy_.signal(), Outcome::kSent, items - rejected);
  if (rejected > 0 || !partial.message.empty()) tell_partial(rejected, items, partial.message);
  return Verdict::kDelivered;
}

void BatchPacker::take_pause(const SendResult& result) noexcept {
  try {
    if (result.status == 0) return policy_.say("no answer:", result.error);
    const auto wanted = delivery::detail::parse_retry_after(result.header("retry-after"));
    pause_ = std::min<std::chrono::milliseconds>(wanted.value_or(pause_), kLongestPause);
    policy_.say("the server wants to be asked later, status", std::to_string(result.status));
  } catch (const std::bad_alloc&) {
    // No memory to read how long: as long as one that does not answer.
  }
}

void BatchPacker::tell_refused(const SendResult& result) noexcept {
  try {
    policy_.warn("the server refuses " + std::string{to_string(policy_.signal())} + ", status " +
                     std::to_string(result.status),
                 read_status(result.body, policy_.own().protocol));
  } catch (const std::bad_alloc&) {
    // It is counted.
  }
}

void BatchPacker::tell_partial(std::uint64_t rejected, std::uint32_t items,
                               std::string_view message) noexcept {
  try {
    policy_.warn("the server has not taken " + std::to_string(rejected) + " of " +
                     std::to_string(items) + ' ' + std::string{to_string(policy_.signal())} + ':',
                 message);
  } catch (const std::bad_alloc&) {
    // It is counted.
  }
}

}  // namespace vitals::otlp::detail
