#include "vitals/otlp/client.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/background_thread.h"
#include "base/say_line.h"
#include "base/timeout.h"
#include "context/listeners.h"
#include "otlp/client_core.h"
#include "privacy/scrub.h"
#include "vitals/base/ascii.h"

namespace vitals::otlp {
namespace {

using Clock = std::chrono::steady_clock;
using delivery::detail::Source;
using delivery::detail::Spool;
using delivery::detail::SpoolOptions;
using delivery::detail::WorkerOptions;

/// Batches that wait behind the one that is being sent; the spans in them count for the source.
constexpr std::size_t kBatches = 64;
constexpr int kMostTries = 8;

/// The clients of this process, for what comes at its end. Never destroyed, as a guard may be a
/// static. A child of fork() gets a new one: another thread of its parent may have held the lock.
class Clients {
 public:
  void add(const std::shared_ptr<Client>& client) {
    const std::lock_guard hold{mutex_};
    clients_.push_back(client);
  }
  /// False: somebody has taken it out already, and ends it.
  [[nodiscard]] bool remove(const std::shared_ptr<Client>& client) noexcept {
    const std::lock_guard hold{mutex_};
    return std::erase(clients_, client) > 0;
  }
  [[nodiscard]] std::vector<std::shared_ptr<Client>> all() {
    const std::lock_guard hold{mutex_};
    return clients_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<Client>> clients_;
};

Clients* new_clients = nullptr;
constinit std::atomic<int> running{0};

Clients& clients() {
  static auto* const first = new Clients;
  return new_clients != nullptr ? *new_clients : *first;
}

/// In a child of fork() the clients' threads do not exist: what the queues hold is the parent's to
/// send.
void disable_in_child() noexcept {
  context::detail::forget_listeners();
  Spool::forget_locks();
  new_clients = new (std::nothrow) Clients;
  running.store(0, std::memory_order_relaxed);
}

/// Clients that something would not let go of when they ended. Kept for good rather than freed
/// under its feet.
void keep_for_good(std::shared_ptr<Client> client) {
  static auto* const kept = new std::vector<std::shared_ptr<Client>>;
  kept->push_back(std::move(client));
}

bool end_client(const std::shared_ptr<Client>& client, Clock::time_point deadline) noexcept {
  if (!clients().remove(client)) return true;
  running.fetch_sub(1, std::memory_order_relaxed);
  // First nothing may come in any more, then the queues can be emptied for good.
  const bool unheard = context::stop_listening(client->listener(), deadline);
  const bool delivered = Client::close(client, deadline);
  if (!unheard) keep_for_good(client);
  return delivered;
}

/// Whether this thread is within a call that holds what end_at_exit() would wait for.
class Inside {
 public:
  Inside() noexcept : before_(std::exchange(within_, true)) {}
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { within_ = before_; }
  [[nodiscard]] static bool now() noexcept { return within_; }

 private:
  static inline constinit thread_local bool within_ = false;
  const bool before_;
};

/// At std::exit(), where a guard in main() is never dropped.
void end_at_exit() noexcept {
  // exit() in a signal handler that has interrupted such a call: what waits is lost.
  if (context::is_sending_thread() || Inside::now()) return;
  const Inside inside;
  try {
    for (const std::shared_ptr<Client>& client : clients().all()) {
      if (client->is_ours())
        end_client(client, base::deadline_in(client->options().shutdown_timeout));
    }
  } catch (const std::bad_alloc&) {
    // What waits is lost with the process.
  }
}

std::string fault_in(const SignalOptions& signal, std::string_view name) {
  if (!signal.enabled || signal.url.empty()) return {};
  if (!base::starts_ignoring_case(signal.url, "http://") &&
      !base::starts_ignoring_case(signal.url, "https://"))
    return std::string{name} + ".url should begin with http:// or https://, it is " +
           privacy::scrub_url(signal.url, false);
  if (signal.timeout <= std::chrono::milliseconds::zero())
    return std::string{name} + ".timeout should be above zero";
  if (signal.max_queue_size == 0) return std::string{name} + ".max_queue_size should be above zero";
  if (signal.max_batch_size == 0 || signal.max_batch_size > signal.max_queue_size)
    return std::string{name} + ".max_batch_size should be from 1 to max_queue_size";
  return {};
}

std::string fault_in(const Options& options) {
  for (std::string fault : {fault_in(options.traces, "traces"),
                            fault_in(options.metrics, "metrics"), fault_in(options.logs, "logs")}) {
    if (!fault.empty()) return fault;
  }
  if (options.metrics_interval <= std::chrono::milliseconds::zero())
    return "metrics_interval should be above zero";
  return {};
}

bool is_sent(const SignalOptions& signal) noexcept {
  return signal.enabled && !signal.url.empty();
}

/// What the options leave open, and what follows from them.
Options completed(Options options) {
  std::string& id = options.resource.service_instance_id;
  if (id.empty()) id = detail::random_uuid();
  if (options.send_default_pii) options.settings.keep_private_data = true;
  return options;
}

std::shared_ptr<delivery::Transport> transport_of(const SignalOptions& own) {
  if (own.transport) return own.transport;
  return delivery::make_curl_transport({.timeout = own.timeout,
                                        .connect_timeout = own.timeout,
                                        .ca_file = own.ca_file,
                                        .client_certificate = own.client_certificate,
                                        .client_key = own.client_key});
}

WorkerOptions worker_options(Signal signal, const Options& options, const SignalOptions& own,
                             Source* source, detail::SignalPolicy& policy) {
  const std::string name{to_string(signal)};
  WorkerOptions made{
      .name = "vitals-" + name,
      .lanes = {{.capacity = kBatches, .bytes = 2 * own.max_queue_bytes}},
      .sources = {source},
      .patience = std::chrono::minutes{1},  // the source says when there is something
      .requests_in_flight = 1,
      .most_tries = kMostTries,
      .transport = transport_of(own)};
  if (options.cache_dir.empty()) return made;
  auto spool = std::make_unique<Spool>(
      SpoolOptions{.who = "vitals otlp",
                   .cache_dir = options.cache_dir,
                   .folder = "otlp-" + name,
                   .bytes = options.spool_bytes,
                   .age = options.spool_age,
                   .address = own.url,
                   .count_dropped = [&policy](const auto* contents, auto reason) {
                     policy.count_dropped(contents, reason);
                   }});
  if (spool->usable()) made.spool = std::move(spool);
  return made;
}

}  // namespace

Client::Sender::Sender(Signal signal, const Options& options, const SignalOptions& own,
                       Source* source)
    : policy(signal, options, own),
      worker(policy, worker_options(signal, options, own, source, policy)) {}

Client::Client(Options options) : options_(completed(std::move(options))) {
  if (is_sent(options_.traces))
    traces_ = std::make_unique<detail::TraceSource>(options_.traces, waking(Signal::kTraces));
  if (is_sent(options_.metrics)) metrics_ = std::make_unique<detail::MetricsSource>(options_);
  if (is_sent(options_.logs))
    logs_ = std::make_unique<detail::LogSource>(options_.logs, waking(Signal::kLogs));
  listener_.emplace(traces_.get(), logs_.get(), options_.breadcrumbs);
  const auto add = [this](Signal signal, const SignalOptions& own, Source* source) {
    if (source == nullptr) return;
    senders_[static_cast<std::size_t>(signal)] =
        std::make_unique<Sender>(signal, options_, own, source);
  };
  add(Signal::kTraces, options_.traces, traces_.get());
  add(Signal::kMetrics, options_.metrics, metrics_.get());
  add(Signal::kLogs, options_.logs, logs_.get());
  counts_ = detail::add_self_metrics(options_.counts != nullptr ? *options_.counts
                                                                : metrics::default_registry());
}

std::function<void()> Client::waking(Signal signal) {
  return [this, place = static_cast<std::size_t>(signal)] { senders_[place]->worker.ask_soon(); };
}

void Client::start(const std::shared_ptr<Client>& client) {
  for (const std::unique_ptr<Sender>& sender : client->senders_)
    if (sender) sender->worker.start(client);
}

bool Client::flush(Clock::time_point deadline) noexcept {
  bool all = true;
  for (const std::unique_ptr<Sender>& sender : senders_)
    if (sender) all = sender->worker.flush(deadline) && all;
  return all;
}

bool Client::close(const std::shared_ptr<Client>& client, Clock::time_point deadline) noexcept {
  if (client->metrics_) client->metrics_->close();
  // All at once: one whose receiver hangs would leave the others no time.
  std::atomic<bool> all{true};
  std::vector<std::thread> threads;
  for (const std::unique_ptr<Sender>& sender : client->senders_) {
    if (!sender) continue;
    const auto end = [&all, &client, deadline, worker = &sender->worker] {
      if (!worker->end(client, deadline)) all.store(false, std::memory_order_relaxed);
    };
    try {
      threads.push_back(base::start_background_thread(end));
    } catch (const std::exception&) {
      end();
    }
  }
  for (std::thread& thread : threads)
    thread.join();
  return all.load(std::memory_order_relaxed);
}

namespace {

Result<Guard> refuse(std::string fault) {
  base::say_line("vitals otlp", "not started:", fault);
  return Error{std::move(fault)};
}

}  // namespace

Result<Guard> init(Options options) {
  if (!is_sent(options.traces) && !is_sent(options.metrics) && !is_sent(options.logs))
    return Guard{};
  if (std::string fault = fault_in(options); !fault.empty()) return refuse(std::move(fault));
  const Inside inside;
  static const int registered =
      pthread_atfork(nullptr, nullptr, &disable_in_child) + std::atexit(&end_at_exit);
  static_cast<void>(registered);
  std::shared_ptr<Client> client;
  try {
    client = std::make_shared<Client>(std::move(options));
    Client::start(client);
    clients().add(client);
    running.fetch_add(1, std::memory_order_relaxed);
  } catch (const std::system_error& error) {
    // One signal's threads may be there already.
    if (client) static_cast<void>(Client::close(client, Clock::now()));
    return refuse(std::string{"no thread for the client: "} + error.what());
  } catch (const std::bad_alloc&) {
    return refuse("no memory for the client");
  }
  if (!context::start_listening(client->listener(), &client->settings())) {
    end_client(client, base::deadline_in(client->options().shutdown_timeout));
    return refuse("too many listen to the context already");
  }
  return Guard{std::move(client)};
}

bool enabled() noexcept {
  return running.load(std::memory_order_relaxed) > 0;
}

Guard::Guard(std::shared_ptr<Client> client) noexcept : client_(std::move(client)) {}

Guard& Guard::operator=(Guard&& other) noexcept {
  if (this != &other) {
    end();
    client_ = std::move(other.client_);
  }
  return *this;
}

Guard::~Guard() {
  end();
}

bool Guard::flush(std::chrono::milliseconds timeout) noexcept {
  if (!client_ || !client_->is_ours()) return true;
  if (context::is_sending_thread() || Inside::now()) return false;  // it would wait for itself
  const Inside inside;
  return client_->flush(base::deadline_in(timeout));
}

bool Guard::end(std::optional<std::chrono::milliseconds> timeout) noexcept {
  const std::shared_ptr<Client> client = std::exchange(client_, nullptr);
  if (!client) return true;
  const Inside inside;
  if (!client->is_ours()) {
    // A child of fork() that returns through its parent's main: nothing here is its own.
    static_cast<void>(new (std::nothrow) std::shared_ptr<Client>{client});
    return true;
  }
  return end_client(client,
                    base::deadline_in(timeout.value_or(client->options().shutdown_timeout)));
}

}  // namespace vitals::otlp
