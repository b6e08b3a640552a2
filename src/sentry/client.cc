#include "vitals/sentry/client.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

#include "base/host_name.h"
#include "base/timeout.h"
#include "crash/alt_stack.h"
#include "crash/handler.h"
#include "crash/writer.h"
#include "privacy/scrub.h"
#include "sentry/captured.h"
#include "sentry/client_core.h"
#include "sentry/context_names.h"
#include "sentry/crash/recover.h"
#include "sentry/event/machine.h"
#include "sentry/event/names.h"
#include "sentry/event/streamed.h"
#include "sentry/grouping/fingerprint_rules.h"
#include "sentry/grouping/ignore_rules.h"
#include "sentry/runtime.h"
#include "sentry/say_line.h"

namespace vitals::sentry {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kItemQueue = 256;  // sessions, check-ins and batches of logs

/// Never destroyed, as a guard may be a static. A child of fork() gets a new one: another thread of
/// its parent may have held this.
std::mutex* new_lifecycle_mutex = nullptr;

std::mutex& lifecycle_mutex() {
  static auto* const mutex = new std::mutex;
  return new_lifecycle_mutex != nullptr ? *new_lifecycle_mutex : *mutex;
}

/// A share of the active client, for a thread that waits on it: a lease would keep end() waiting
/// as long.
class ActiveShare {
 public:
  void set(std::shared_ptr<Client> client) noexcept {
    const std::lock_guard hold{mutex_};
    client_.swap(client);
  }
  [[nodiscard]] std::shared_ptr<Client> get() noexcept {
    const std::lock_guard hold{mutex_};
    return client_;
  }
  /// In a child of fork(): forgets what there is without touching it.
  void renew() noexcept { new (this) ActiveShare; }

 private:
  std::mutex mutex_;
  std::shared_ptr<Client> client_;
};

ActiveShare& active_share() {
  static auto* const share = new ActiveShare;  // never destroyed, as the mutex above
  return *share;
}

/// Clients that something would not let go of when they ended. Kept for good rather than freed
/// under its feet.
void retire(std::shared_ptr<Client> client) {
  static auto* const retired = new std::vector<std::shared_ptr<Client>>;
  retired->push_back(std::move(client));
}

/// In a child of fork() the client's threads do not exist and its locks may be held by nobody: it
/// is disabled, and what its queues hold is the parent's to send.
void disable_in_child() noexcept {
  context::detail::forget_listeners();
  detail::forget_client();
  crash::detail::forget_prepared_report();
  crash::detail::forget_rescue_thread();
  delivery::detail::Spool::forget_locks();
  new_lifecycle_mutex = new (std::nothrow) std::mutex;
  active_share().renew();
}

/// Ends it, once: the guard may be a static that comes after exit() has done so.
/// Under lifecycle_mutex().
bool end_locked(const std::shared_ptr<Client>& client, Clock::time_point deadline) noexcept {
  if (active_share().get() != client) return true;
  active_share().set(nullptr);
  // First nobody may come in any more, then the queues can be emptied for good.
  const bool unheard = context::stop_listening(client->listener(), deadline);
  const bool unused = detail::retract(deadline) && unheard;
  const bool delivered = Client::close(client, deadline);
  crash::detail::end_crash_reports();
  client->stop_rescue();
  if (!unused) retire(client);
  return delivered;
}

bool end_client(const std::shared_ptr<Client>& client, Clock::time_point deadline) noexcept {
  const std::lock_guard hold{lifecycle_mutex()};
  return end_locked(client, deadline);
}

std::string fault_in(const Options& options) {
  if (!context::detail::is_rate(options.sample_rate)) return "sample_rate should be from 0 to 1";
  if (options.traces_sample_rate && !context::detail::is_rate(*options.traces_sample_rate)) {
    return "traces_sample_rate should be from 0 to 1";
  }
  if (options.requests_in_flight < 1 || options.requests_in_flight > 16) {
    return "requests_in_flight should be from 1 to 16";
  }
  if (options.error_queue == 0 || options.transaction_queue == 0) {
    return "a queue should have room for one at least";
  }
  return detail::fault_in_ignore_rules(options);
}

/// The names that a server would refuse are left out, rather than every event with them.
void mend_names(Options& options) {
  for (std::string* const name :
       {&options.dsn, &options.release, &options.environment, &options.dist, &options.org_id}) {
    *name = detail::without_space_around(*name);
  }
  const auto check = [](std::string& name, std::string_view what, std::string_view fault) {
    if (fault.empty()) return;
    detail::say_line(std::string{what} + " is left out:", fault);
    name.clear();
  };
  check(options.release, "the release", detail::fault_in_release(options.release));
  check(options.environment, "the environment", detail::fault_in_environment(options.environment));
  check(options.dist, "the dist", detail::fault_in_dist(options.dist));
}

void publish_settings(const Options& options) noexcept {
  using detail::runtime;
  runtime.sample_rate.store(options.sample_rate, std::memory_order_relaxed);
  runtime.track_sessions.store(options.track_sessions && !options.release.empty(),
                               std::memory_order_relaxed);
}

context::Settings settings_of(const Options& options) {
  return {.traces_sample_rate = options.traces_sample_rate,
          .traces_sampler = options.traces_sampler,
          .trace_propagation_targets = options.trace_propagation_targets,
          .propagators = options.propagators,
          .max_spans = options.max_spans,
          .max_breadcrumbs = options.max_breadcrumbs,
          .before_breadcrumb = options.before_breadcrumb,
          .keep_private_data = options.send_default_pii,
          .debug = options.debug};
}

void say(const Options& options, std::string_view what) noexcept {
  if (options.debug) detail::say_line(what);
}

/// Ends the session of the request that a former process died over.
void end_crashed_session(Client& client, const crash::detail::CrashReport& report) {
  if (!report.request_active || !client.options().track_sessions) return;
  auto item = detail::session_item(Timestamp{std::chrono::nanoseconds{report.facts.time}},
                                   SessionStatus::kCrashed, report.process.release,
                                   report.process.environment);
  if (item) client.submit(std::move(item));
}

/// What former processes left is on its way, and from here on a crash leaves a report.
void begin_crash_reports(Client& client) {
  const Options& options = client.options();
  if (!options.cache_dir.empty()) {
    detail::recover_crashes(
        options, {.client = client.dsc_source(),
                  .capture = [&client](auto item) { return client.capture_error(std::move(item)); },
                  .taken = [&client](const auto& report) { end_crashed_session(client, report); },
                  .say = [&options](std::string_view what) { say(options, what); }});
  }
  if (!options.handle_crashes) return;
  const Result<void> installed = crash::detail::install_crash_handlers(
      {.cache_dir = options.cache_dir,
       .release = options.release,
       .environment = options.environment,
       .server_name = options.server_name,
       .dist = options.dist,
       .former_first = options.crash_order == CrashOrder::kFormerFirst});
  if (!installed) detail::say_line(installed.error().message);
}

/// By when all has to be done once std::exit() has begun; until then far in the future.
constinit std::atomic<Clock::time_point> exit_deadline{Clock::time_point::max()};

/// At std::exit(), where a guard in main() is never dropped. Statics may still capture, so the
/// client stays; what is there by now is sent first, while all that its hooks use is there too.
void flush_at_exit() noexcept {
  const detail::Inside inside;
  if (is_sentry_thread() || inside.again()) {
    // exit() in a hook, or in a signal handler that has interrupted the client: this thread holds
    // what a flush would wait for, so what waits is brought to safety as in a crash.
    crash::detail::rescue_what_waits(nullptr);
    return;
  }
  const std::shared_ptr<Client> client = active_share().get();
  if (!client || !client->is_ours()) return;
  const auto timeout = base::clamp_timeout(client->options().shutdown_timeout);
  exit_deadline.store(base::deadline_in(timeout), std::memory_order_relaxed);
  client->flush(base::deadline_in(timeout / 2));
}

/// Ends the client behind all statics and handlers of atexit(), unless a guard has done so.
[[gnu::destructor]] void end_at_exit() noexcept {
  const detail::Inside inside;
  if (is_sentry_thread() || inside.again()) return;
  const std::shared_ptr<Client> client = active_share().get();
  if (!client || !client->is_ours()) return;
  end_client(client, std::min(exit_deadline.load(std::memory_order_relaxed),
                              base::deadline_in(client->options().shutdown_timeout)));
}

}  // namespace

Client::Client(Options options, detail::Destinations destinations)
    : options_(std::move(options)),
      public_key_(destinations.public_key),
      org_id_(destinations.org_id),
      ignore_(options_),
      settings_(settings_of(options_)),
      baggage_(dsc_source(), options_.strict_trace_continuation),
      sessions_(options_),
      logs_(options_.enable_logs ? std::make_unique<detail::LogSource>(options_) : nullptr),
      metrics_(options_.enable_metrics ? std::make_unique<detail::MetricSource>(options_)
                                       : nullptr),
      policy_(options_, std::move(destinations)),
      worker_(policy_, worker_options()) {}

delivery::detail::WorkerOptions Client::worker_options() {
  const std::size_t bytes = options_.queue_bytes;
  // An error outlives a transaction: it has the last quarter of the bytes for itself, and where they
  // are short the oldest transactions give way to it. At 200 a second a busy service lost 40 % of a
  // core to transactions that went to disk, most of it inside ext4.
  delivery::detail::WorkerOptions made{
      .name = "vitals-sentry",
      .lanes = {{.capacity = options_.error_queue, .bytes = bytes},
                {.capacity = options_.transaction_queue,
                 .bytes = bytes / 4 * 3,
                 .gives_way = true,
                 .to_disk_at_once = 2},
                {.capacity = kItemQueue, .bytes = bytes / 8, .purse = 1}},
      .sources = {&crash_upkeep_, &sessions_},
      .source_lane = detail::kItems,
      .requests_in_flight = options_.requests_in_flight,
      .transport = options_.transport};
  if (logs_) made.sources.push_back(logs_.get());
  if (metrics_) made.sources.push_back(metrics_.get());
  const std::string& dsn = policy_.destinations().dsn;
  if (options_.cache_dir.empty() || dsn.empty()) return made;
  auto spool = std::make_unique<delivery::detail::Spool>(
      delivery::detail::SpoolOptions{.who = "vitals sentry",
                                     .cache_dir = options_.cache_dir,
                                     .folder = "envelopes",
                                     .bytes = options_.spool_bytes,
                                     .age = options_.spool_age,
                                     .address = dsn,
                                     .count_dropped = [this](const auto* contents, auto reason) {
                                       policy_.count_dropped(contents, reason);
                                     }});
  if (spool->usable()) made.spool = std::move(spool);
  return made;
}

void Client::start(const std::shared_ptr<Client>& client) {
  client->worker_.start(client);
  if (!client->options_.handle_crashes) return;
  const bool started = client->rescue_.start(
      [client](detail::Trace* transaction, Clock::time_point deadline) {
        context::become_sending_thread();
        if (transaction != nullptr) client->capture_crashed(*transaction);
        client->worker_.rescue(deadline);
      },
      client->options_.shutdown_timeout);
  if (!started) say(client->options_, "no thread to bring to safety what waits when it crashes");
}

bool Client::capture_error(std::unique_ptr<detail::ErrorItem> item) noexcept {
  return worker_.push(detail::kErrors, std::move(item), true);
}

bool Client::submit(std::unique_ptr<detail::ReadyItem> item) noexcept {
  return worker_.push(detail::kItems, std::move(item), false);
}

void Client::push_transaction(context::SharedTransaction transaction) noexcept {
  const TraceLifecycle lifecycle = options_.trace_lifecycle;
  detail::SpanRange left{0, static_cast<std::uint32_t>(transaction->size())};
  try {
    std::vector<detail::SpanRange> parts{left};
    if (lifecycle == TraceLifecycle::kStream)
      parts = detail::parts_of(*transaction, options_, policy_.span_attributes().size());
    std::shared_ptr<detail::SharedSegment> segment;
    if (parts.size() > 1) segment = std::make_shared<detail::SharedSegment>();
    for (const detail::SpanRange part : parts) {
      auto item = std::make_unique<detail::TransactionItem>(transaction, part, lifecycle, segment);
      left.first = part.last;  // from here on the queue counts it
      worker_.push(detail::kTransactions, std::move(item), false);
    }
  } catch (const std::bad_alloc&) {
    // No memory to wait in.
    detail::count_spans(lifecycle, detail::Cause::kQueueOverflow, left.size());
  }
}

void Client::capture_crashed(detail::Trace& trace) noexcept {
  if (!trace.finish_by_crash()) return;
  detail::ScopeSnapshot snapshot;
  detail::ScopeState* scope = trace.recording()->scope.get();
  if (scope == nullptr) scope = detail::ScopeState::global();
  try {
    // The thread that crashed may hold a lock of theirs, and nothing is worth waiting for that.
    if (scope->is_free() && detail::ScopeState::global()->is_free()) snapshot = scope->snapshot();
  } catch (...) {
    // No memory: the transaction goes without.
  }
  push_transaction(detail::TransactionAccess::make(
      context::detail::Ref<detail::Trace>::share(&trace), std::move(snapshot)));
}

bool Client::flush(Clock::time_point deadline) noexcept {
  return worker_.flush(deadline);
}

bool Client::close(const std::shared_ptr<Client>& client, Clock::time_point deadline) noexcept {
  return client->worker_.end(client, deadline);
}

namespace {

Result<Guard> start(Options options) {
  if (options.dsn.empty() && options.spotlight_url.empty()) return Guard{};
  if (std::string fault = fault_in(options); !fault.empty()) return Error{std::move(fault)};
  Result<detail::FingerprintRules> rules =
      detail::parse_fingerprint_rules(options.fingerprint_rules);
  if (!rules) return rules.error();
  detail::Destinations destinations;
  destinations.spotlight = options.spotlight_url;
  if (!options.dsn.empty()) {
    const Result<Dsn> dsn = parse_dsn(options.dsn);
    if (!dsn) return dsn.error();
    destinations.url = dsn->envelope_url();
    destinations.dsn = dsn->to_string();
    destinations.public_key = dsn->public_key;
    destinations.org_id = options.org_id.empty() ? dsn->org_id() : options.org_id;
    if (!options.transport) {
      options.transport = delivery::make_curl_transport({.timeout = options.http_timeout,
                                                         .connect_timeout = options.connect_timeout,
                                                         .proxy = options.proxy,
                                                         .ca_file = options.ca_file});
    }
  }
  if (options.server_name.empty()) options.server_name = base::host_name();

  static const int registered =
      pthread_atfork(nullptr, nullptr, &disable_in_child) + std::atexit(&flush_at_exit);
  static_cast<void>(registered);
  const std::lock_guard hold{lifecycle_mutex()};
  if (enabled()) return Error{"a client is active already; end it before the next init()"};
  std::shared_ptr<Client> client;
  try {
    client = std::make_shared<Client>(std::move(options), std::move(destinations));
    Client::start(client);
  } catch (const std::system_error& error) {
    return Error{std::string{"no thread for the client: "} + error.what()};
  } catch (const std::bad_alloc&) {
    return Error{"no memory for the client"};
  }
  detail::ScopeState::global()->clear();
  detail::use_fingerprint_rules(std::move(*rules));
  privacy::use_sensitive_names(client->options().sensitive_names);
  publish_settings(client->options());
  begin_crash_reports(*client);
  active_share().set(client);
  static_cast<void>(detail::publish(client.get()));  // cannot be refused: enabled() was false
  context::detail::on_thread.store(&crash::detail::want_alt_stack, std::memory_order_release);
  if (!context::start_listening(client->listener(), &client->settings())) {
    end_locked(client, base::deadline_in(client->options().shutdown_timeout));
    return Error{"too many listen to the context already"};
  }
  return Guard{std::move(client)};
}

}  // namespace

Result<Guard> init(Options options) {
  mend_names(options);
  Result<Guard> started = start(std::move(options));
  // Whatever Options::debug is: without a word a service would be watched by nobody.
  if (!started) detail::say_line("not started:", started.error().message);
  return started;
}

bool Guard::end(std::optional<std::chrono::milliseconds> timeout) noexcept {
  const std::shared_ptr<Client> client = std::exchange(client_, nullptr);
  if (!client) return true;
  const detail::Inside inside;  // a signal handler may not flush meanwhile
  if (!client->is_ours()) {
    // A child of fork() that returns through its parent's main: nothing here is its own.
    static_cast<void>(new (std::nothrow) std::shared_ptr<Client>{client});
    return true;
  }
  Clock::time_point deadline =
      base::deadline_in(timeout.value_or(client->options().shutdown_timeout));
  if (!timeout) deadline = std::min(deadline, exit_deadline.load(std::memory_order_relaxed));
  return end_client(client, deadline);
}

bool flush(std::chrono::milliseconds timeout) noexcept {
  if (!enabled()) return true;
  if (is_sentry_thread()) return false;  // a hook would wait for itself
  const detail::Inside inside;
  if (inside.again()) return false;  // a signal handler, of a thread that flushes or captures
  const std::shared_ptr<Client> client = active_share().get();
  return !client || client->flush(base::deadline_in(timeout));
}

Stats stats() noexcept {
  Stats result;
  for (std::size_t category = 0; category < kCategories; ++category) {
    for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome) {
      result.counts[category][outcome] =
          detail::counted(static_cast<Category>(category), static_cast<Outcome>(outcome));
    }
  }
  if (!enabled()) return result;
  const detail::Lease client;
  if (client) {
    result.queue_depth = client->depth();
    result.spool_bytes = client->spool_bytes();
  }
  return result;
}

void set_sample_rates(double errors, double traces) noexcept {
  if (!enabled()) return;
  if (context::detail::is_rate(errors)) {
    detail::runtime.sample_rate.store(errors, std::memory_order_relaxed);
  }
  context::set_traces_sample_rate(traces);
}

Result<std::size_t> check_fingerprint_rules(std::string_view text) {
  const Result<detail::FingerprintRules> rules = detail::parse_fingerprint_rules(text);
  if (!rules) return rules.error();
  return rules->size();
}

Result<std::size_t> set_fingerprint_rules(std::string_view text) {
  Result<detail::FingerprintRules> rules = detail::parse_fingerprint_rules(text);
  if (!rules) return rules.error();
  const std::size_t count = rules->size();
  if (enabled()) detail::use_fingerprint_rules(std::move(*rules));
  return count;
}

}  // namespace vitals::sentry
