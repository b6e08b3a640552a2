#include "sentry/delivery/policy.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "crash/alt_stack.h"
#include "sentry/context_names.h"
#include "sentry/delivery/envelope.h"
#include "sentry/delivery/packer.h"
#include "sentry/event/streamed.h"
#include "sentry/say_line.h"
#include "vitals/context/listener.h"

namespace vitals::sentry::detail {
namespace {

using Clock = std::chrono::steady_clock;
using delivery::detail::Contents;
using delivery::detail::DropReason;
using delivery::detail::Notice;
using delivery::detail::Receipt;

/// What Spotlight may take of the end when it is not all there is.
constexpr std::chrono::milliseconds kSpotlightEnd{300};
constexpr int kMostHalvings = 10;

/// Tells the memory of a server that a report has not arrived.
class ReportReceipt final : public Receipt {
 public:
  ReportReceipt(std::shared_ptr<ServerMemory> memory, Report report) noexcept
      : memory_(std::move(memory)), report_(std::move(report)) {}
  ReportReceipt(const ReportReceipt&) = delete;
  ReportReceipt& operator=(const ReportReceipt&) = delete;
  ~ReportReceipt() override {
    if (!arrived_) memory_->reports.put_back(report_);
  }
  void arrived() noexcept override { arrived_ = true; }
  [[nodiscard]] const std::string& payload() const noexcept { return report_.payload; }

 private:
  const std::shared_ptr<ServerMemory> memory_;
  const Report report_;
  bool arrived_ = false;
};

/// Whether a damaged file can have held so many.
bool is_credible(const Contents& contents) noexcept {
  constexpr std::uint32_t kMost = 100'000;
  for (std::size_t i = 0; i < kCategories; ++i) {
    if (contents[place_of(static_cast<Category>(i))] > kMost) return false;
  }
  return true;
}

}  // namespace

SentryPolicy::SentryPolicy(const Options& options, Destinations destinations)
    : options_(options),
      destinations_(std::move(destinations)),
      pace_(usual_report_pace),
      spotlight_(destinations_.spotlight.empty()
                     ? nullptr
                     : std::make_unique<Spotlight>(destinations_.spotlight)),
      machine_(machine_contexts()),
      span_attributes_(options.trace_lifecycle == TraceLifecycle::kStream
                           ? detail::span_attributes(options, machine_)
                           : std::string{}),
      memory_(server_memory(destinations_.dsn)),
      symbolizer_({.in_app_include = options.in_app_include,
                   .in_app_exclude = options.in_app_exclude,
                   .machinery = {"vitals::context::capture_exception"},
                   .source_context = options.source_context}),
      next_ride_(Clock::now()),
      next_alone_(Clock::now() + pace_.alone) {}

void SentryPolicy::begin_thread() noexcept {
  context::become_sending_thread();
  crash::detail::want_alt_stack();
}

std::unique_ptr<delivery::detail::Packer> SentryPolicy::make_packer() {
  return std::make_unique<EnvelopePacker>(*this);
}

void SentryPolicy::count_dropped(const Contents* contents, DropReason reason) noexcept {
  if (contents == nullptr || (reason == DropReason::kDamaged && !is_credible(*contents))) {
    count(Category::kError, cause_of(reason));
  } else {
    count_contents(*contents, cause_of(reason));
  }
}

bool SentryPolicy::limited() const noexcept {
  return memory_->limits.limited(Clock::now());
}

bool SentryPolicy::limited(Category category) const noexcept {
  return memory_->limits.limited(category, Clock::now());
}

void SentryPolicy::learn(const delivery::SendResult& result) {
  memory_->limits.update(result.status, result.header_list("x-sentry-rate-limits"),
                         result.header("retry-after"), Clock::now());
}

void SentryPolicy::watch(bool nearly_full) noexcept {
  std::atomic<int>& halvings = context::detail::runtime.halvings;
  const int before = halvings.load(std::memory_order_relaxed);
  const int after = nearly_full || limited() ? std::min(before + 1, kMostHalvings) : 0;
  if (after == before) return;
  halvings.store(after, std::memory_order_relaxed);
  say(after == 0 ? "the pressure is gone, the traces' rate is whole again"
                 : "under pressure, the traces' rate is halved");
}

std::unique_ptr<Receipt> SentryPolicy::append_report(std::string& envelope) {
  next_alone_.store(Clock::now() + pace_.alone, std::memory_order_relaxed);
  std::optional<Report> report =
      memory_->reports.take(Timestamp{std::chrono::nanoseconds{base::wall_clock()}});
  if (!report) return nullptr;
  auto receipt = std::make_unique<ReportReceipt>(memory_, std::move(*report));
  append_item("client_report", {}, receipt->payload(), envelope);
  return receipt;
}

std::unique_ptr<Receipt> SentryPolicy::let_ride(std::string& envelope) {
  const Time now = Clock::now();
  if (now < next_ride_.load(std::memory_order_relaxed)) return nullptr;
  next_ride_.store(now + pace_.ride, std::memory_order_relaxed);
  return append_report(envelope);
}

std::optional<Notice> SentryPolicy::notice(Time now, bool last) {
  if (destinations_.url.empty()) return std::nullopt;
  if (!last && now < next_alone_.load(std::memory_order_relaxed)) return std::nullopt;
  Notice notice;
  begin_envelope({.dsn = destinations_.dsn}, notice.parcel.text);
  notice.receipt = append_report(notice.parcel.text);
  if (!notice.receipt) return std::nullopt;
  return notice;
}

void SentryPolicy::copy_to_spotlight(const std::string& envelope) {
  if (spotlight_) spotlight_->offer(envelope);
}

void SentryPolicy::end(Time deadline) noexcept {
  if (!spotlight_) return;
  const bool alone = destinations_.url.empty();
  spotlight_->close(alone ? deadline : std::min(deadline, Clock::now() + kSpotlightEnd));
}

void SentryPolicy::say(std::string_view what, std::string_view detail) noexcept {
  if (options_.debug) say_line(what, detail);
}

}  // namespace vitals::sentry::detail
