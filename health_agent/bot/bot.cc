#include "health_agent/bot/bot.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <unordered_set>
#include <utility>

#include "health_agent/bot/backoff.h"
#include "health_agent/bot/lanes.h"
#include "health_agent/bot/remembered.h"
#include "health_agent/bot/responder.h"
#include "health_agent/bot/telegram.h"
#include "health_agent/bot/trouble.h"
#include "health_agent/bot/typing.h"
#include "health_agent/bot/update.h"
#include "health_agent/bot/waiting.h"
#include "health_agent/db/leases.h"
#include "health_agent/db/telegram_updates.h"
#include "health_agent/errors.h"
#include "health_agent/log.h"
#include "health_agent/time.h"
#include "vitals/context/scope.h"
#include "vitals/metrics/registry.h"
#include "vitals/monitor/bot.h"
#include "vitals/sentry/client.h"

namespace health_agent::bot {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Renewals within the time that a lease lasts.
constexpr int kRenewals = 5;
constexpr auto kGetMeTimeout = 10s;
/// getUpdates takes 1 to 100.
constexpr std::size_t kMostPolled = 100;
/// Telegram keeps updates for a day. Later than that the same id is another update.
constexpr std::int64_t kRemember = std::int64_t{3} * 86'400;
constexpr auto kCleanEvery = 1h;
/// After a week without updates Telegram may number on from anywhere, and an offset beyond its
/// numbers would confirm what nobody has seen. By then nothing is left to confirm.
constexpr auto kForgetOffset = 24h;

std::int64_t bot_id_of(const std::string& token) {
  return std::strtoll(token.c_str(), nullptr, 10);
}

/// Names this process and no other, for those who look into the database too.
std::string new_holder() {
  std::array<char, 64> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::random_device random;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%08x%08x", random(), random());
  return std::string{host.data()} + ":" + std::to_string(::getpid()) + ":" + digits;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

vitals::metrics::Counter failures_of(vitals::metrics::Registry* registry) {
  if (registry == nullptr) return {};
  return registry->counter("bot_receive_failures_total",
                           "Times that the bot could not ask for updates or keep its lease.");
}

}  // namespace

struct Bot::Impl {
  Impl(BotOptions given, HttpClient& http, db::Pool& pool, db::Store& database_store,
       cache::CachedUsers& users, Coach& coach)
      : options(std::move(given)),
        allowed(options.allowed_ids.begin(), options.allowed_ids.end()),
        bot_id(bot_id_of(options.token)),
        holder(new_holder()),
        lease_prefix("telegram:" + std::to_string(bot_id) + ":"),
        lease_name(lease_prefix + (options.webhook ? holder : "poller")),
        store(&database_store),
        telegram(http, options.api_url, options.token),
        leases(pool, holder, options.lease),
        updates(pool, bot_id, holder),
        typing([this](const Place& place, const std::stop_token& stop) {
          telegram.send_typing(place, stop);
        }),
        responder({database_store, users, coach, updates, telegram, typing}),
        lanes(options.threads, options.most_pending),
        trouble_pause(options.pause, 60s) {}

  void keep();
  void tick();
  void set_held(bool now_held);
  void take_over();
  void find_own();

  void receive();
  std::optional<std::stop_token> wait_for_lease();
  void poll_while_held(const std::stop_token& round);
  /// What a getUpdates brought.
  enum class Poll {
    kSome,
    kNothing,
    kPassedOver,  ///< what cannot be read
  };
  Poll poll_once(const std::stop_token& round);
  void pass_over(const Polled& polled);
  void learn_name(const std::stop_token& stop);
  milliseconds pause_after(const TelegramError& error);

  void accept(std::span<const Update> batch);
  bool is_for_us(const Update& update) const;
  bool is_stranger(const Update& update) const;
  void count(const Update& update);
  void post(db::TelegramUpdate update);

  BotOptions options;
  std::unordered_set<std::int64_t> allowed;
  vitals::metrics::Counter failures = failures_of(options.registry);
  std::int64_t bot_id;
  std::string holder;
  std::string lease_prefix;
  std::string lease_name;

  db::Store* store;
  Telegram telegram;
  db::Leases leases;
  db::TelegramUpdates updates;
  Typing typing;
  Responder responder;
  Remembered<std::int64_t> strangers;
  Remembered<std::string> albums;  // of which one picture is dealt with
  std::stop_source give_up;        // sending, too
  std::mutex hand_mutex;
  std::unordered_set<std::int64_t> in_hand;  // ids of updates that wait or run
  Lanes lanes;                               // its jobs use all of the above

  std::stop_source stop_keeping;
  std::stop_source stop_receiving;
  mutable std::mutex mutex;
  std::condition_variable_any held_changed;
  bool held = false;
  std::stop_source round;  // stopped when the lease is lost
  std::string user_name;   // guarded by mutex

  // The receiving thread's own.
  std::int64_t offset = 0;
  Clock::time_point last_update = Clock::now();
  bool one_by_one = false;
  Trouble trouble{failures};
  Backoff trouble_pause;
  Backoff idle_pause{200ms, 2s};

  // The keeping thread's own.
  Trouble keeping_trouble{failures};
  std::optional<Clock::time_point> cleaned;

  std::thread keeper;
  std::thread receiver;
};

void Bot::Impl::keep() {
  const vitals::context::Scope scope = vitals::context::Scope::fork();
  const auto active = scope.activate();
  const std::stop_token stop = stop_keeping.get_token();
  do {
    try {
      tick();
    } catch (...) {
      // No memory even to say so. The lease runs out unless the next time comes before.
    }
  } while (sleep_unless(stop, options.lease / kRenewals));
  try {
    leases.release(lease_name);
  } catch (const std::exception& error) {
    service_log.warn("the bot's lease could not be given up and will run out: {}", error.what());
  }
}

void Bot::Impl::tick() {
  try {
    const bool mine = leases.hold(lease_name);
    // In both modes: those who died may have worked in the other one.
    leases.drop_dead(lease_prefix);
    if (mine) {
      responder.settle();
      take_over();
      find_own();
      if (!cleaned || Clock::now() - *cleaned > kCleanEvery) {
        updates.remove_older_than(unix_now() - kRemember);
        store->remove_turns_before(unix_now() - kRemember);
        cleaned = Clock::now();
      }
    }
    keeping_trouble.over();
  } catch (const std::exception& error) {
    keeping_trouble.say(LogLevel::kWarning, error.what());
  }
  set_held(leases.holds(lease_name));
}

void Bot::Impl::set_held(bool now_held) {
  const std::lock_guard lock{mutex};
  if (now_held == held) return;
  if (now_held) round = std::stop_source{};  // first, since there may be no memory for it
  held = now_held;
  if (held) {
    if (!options.webhook) service_log.info("the bot polls for updates");
  } else {
    round.request_stop();
    service_log.warn("the bot has lost its lease: another replica may go on from here");
  }
  held_changed.notify_all();
}

/// Goes on with what replicas that died have left.
void Bot::Impl::take_over() {
  const std::size_t room = lanes.room();
  if (room == 0) return;
  for (db::TelegramUpdate& update : updates.take_over(static_cast<std::int64_t>(room)))
    post(std::move(update));
}

/// Goes on with what this process has recorded or taken over without being told that it succeeded:
/// Telegram does not send that again, and nobody else may take it.
void Bot::Impl::find_own() {
  std::size_t most = lanes.room();
  {
    const std::lock_guard lock{hand_mutex};
    most += in_hand.size();
  }
  for (db::TelegramUpdate& update : updates.held(static_cast<std::int64_t>(most)))
    post(std::move(update));
}

void Bot::Impl::receive() {
  const vitals::context::Scope scope = vitals::context::Scope::fork();
  const auto active = scope.activate();
  while (const std::optional<std::stop_token> lease = wait_for_lease()) {
    try {
      poll_while_held(*lease);
    } catch (...) {
      // No memory even to say what went wrong.
      sleep_unless(*lease, options.pause);
    }
  }
}

/// Nothing when the bot is told to stop.
std::optional<std::stop_token> Bot::Impl::wait_for_lease() {
  std::unique_lock lock{mutex};
  const std::stop_token stop = stop_receiving.get_token();
  held_changed.wait(lock, stop, [this] { return held && !round.stop_requested(); });
  if (stop.stop_requested()) return std::nullopt;
  return round.get_token();
}

void Bot::Impl::poll_while_held(const std::stop_token& stop) {
  // Telegram repeats what was not confirmed; what the last poller has recorded of it is known.
  offset = 0;
  one_by_one = false;
  while (!stop.stop_requested()) {
    milliseconds pause{0};
    try {
      if (!options.webhook && !lanes.wait_for_room(stop)) return;
      learn_name(stop);
      if (options.webhook) {
        trouble.over();
        sleep_unless(stop, 24h);
        continue;
      }
      const auto begun = Clock::now();
      const Poll poll = poll_once(stop);
      if (poll != Poll::kPassedOver) {
        trouble.over();
        trouble_pause.reset();
      }
      // A server that answers "nothing" without having waited must not be asked without end.
      if (poll != Poll::kSome && Clock::now() - begun < 1s) {
        pause = idle_pause.next();
      } else {
        idle_pause.reset();
      }
    } catch (const TelegramError& error) {
      pause = pause_after(error);
    } catch (const HttpError& error) {
      if (error.kind() == HttpError::Kind::kStopped) return;
      pause = trouble_pause.next();
      trouble.say(LogLevel::kWarning, error.what());
    } catch (const std::exception& error) {
      // The database, most likely. What could not be recorded is not confirmed, and comes again.
      pause = trouble_pause.next();
      trouble.say(LogLevel::kWarning, error.what());
    }
    if (pause > 0ms) sleep_unless(stop, pause);
  }
}

/// One getUpdates and what follows from it.
Bot::Impl::Poll Bot::Impl::poll_once(const std::stop_token& stop) {
  const std::size_t limit = one_by_one ? 1 : std::clamp<std::size_t>(lanes.room(), 1, kMostPolled);
  const Polled polled = telegram.get_updates(offset, limit, options.poll, stop);
  // A process that was stopped for a while must not take what its successor takes.
  if (!leases.holds(lease_name)) return Poll::kNothing;
  if (!polled.batch.readable) {
    pass_over(polled);
    return Poll::kPassedOver;
  }
  one_by_one = false;
  const UpdateBatch& batch = polled.batch;
  if (Clock::now() - last_update > kForgetOffset) offset = 0;
  if (batch.updates.empty()) return Poll::kNothing;
  accept(batch.updates);
  if (!batch.last_id) throw std::runtime_error("getUpdates gave only updates without an id");
  last_update = Clock::now();
  // One that gives what was confirmed gives it again and again.
  const bool further = *batch.last_id >= offset;
  offset = *batch.last_id + 1;
  return further ? Poll::kSome : Poll::kNothing;
}

/// An answer that cannot be read: the updates are fetched one by one until the bad one is alone,
/// and that one is confirmed unread. Throws when that leads nowhere.
void Bot::Impl::pass_over(const Polled& polled) {
  if (!one_by_one) {
    one_by_one = true;
    return;
  }
  count({});
  if (!polled.first_id || *polled.first_id < offset)
    throw std::runtime_error("getUpdates gave an answer that cannot be read");
  one_by_one = false;
  service_log.error("the bot: update {} cannot be read and is passed over", *polled.first_id);
  offset = *polled.first_id + 1;
}

void Bot::Impl::learn_name(const std::stop_token& stop) {
  {
    const std::lock_guard lock{mutex};
    if (!user_name.empty()) return;
  }
  std::string name = telegram.get_me(kGetMeTimeout, stop);
  if (name.empty()) name = "?";  // no command is for a name that nobody can have
  std::unique_lock lock{mutex};
  user_name = std::move(name);
  lock.unlock();
  try {
    telegram.set_my_commands(commands(), kGetMeTimeout, stop);
  } catch (const std::exception& error) {
    service_log.warn("the bot: the menu of its commands stays as it is: {}", error.what());
  }
}

milliseconds Bot::Impl::pause_after(const TelegramError& error) {
  switch (error.code()) {
    case 401:
    case 404:
      trouble.say(LogLevel::kError,
                  std::string{error.what()} +
                      "; TELEGRAM_BOT_TOKEN is not known to it: get the right one from @BotFather");
      break;
    case 409:
      trouble.say(LogLevel::kWarning,
                  std::string{error.what()} +
                      "; another program polls with this token, or a webhook is set: stop that "
                      "program, or call deleteWebhook");
      break;
    default:
      trouble.say(LogLevel::kWarning, error.what());
  }
  return std::max<milliseconds>(error.retry_after(), trouble_pause.next());
}

void Bot::Impl::accept(std::span<const Update> batch) {
  const std::int64_t now = unix_now();
  std::vector<db::TelegramUpdate> wanted;
  std::set<std::string> begun;  // albums
  for (const Update& update : batch) {
    if (!is_for_us(update)) continue;
    // Of an album one picture has the caption, or one is answered that there is none.
    if (!update.album.empty()) {
      const bool first = begun.insert(update.album).second && !albums.knows(update.album);
      if (!first && update.kind == UpdateKind::kOther) {
        vitals::monitor::UpdateScope{to_string(UpdateKind::kIgnored), {}}.succeed();
        continue;
      }
    }
    db::TelegramUpdate row;
    row.update_id = update.update_id;
    row.chat_id = update.chat_id;
    row.sender_id = update.sender_id;
    row.kind = to_string(update.kind);
    row.content = update.text;
    row.said_at = update.date == 0 ? now : std::min(update.date, now);
    row.message_id = update.message_id;
    row.thread_id = update.thread_id;
    wanted.push_back(std::move(row));
  }
  // First of all: should this fail, the whole batch comes again.
  const std::vector<std::int64_t> fresh = updates.record(wanted, now);
  for (const std::string& album : begun)
    albums.first_time(album);
  for (const Update& update : batch) {
    if (is_stranger(update)) {
      if (strangers.first_time(update.sender_id)) {
        audit_log.warn("audit: refused, not in ALLOWED_TELEGRAM_IDS: Telegram user {}",
                       update.sender_id);
        const Place place{update.chat_id, update.thread_id};
        lanes.post(update.chat_id, [this, place, sender = update.sender_id] {
          responder.refuse(place, sender, give_up.get_token());
        });
      } else {
        vitals::monitor::UpdateScope{"stranger", user_id_of(update.sender_id)}.succeed();
      }
    } else if (!is_for_us(update)) {
      count(update);
    }
  }
  for (db::TelegramUpdate& update : wanted) {
    if (std::find(fresh.begin(), fresh.end(), update.update_id) != fresh.end())
      post(std::move(update));
  }
}

/// What is recorded and answered. In a group only a command that names this bot.
bool Bot::Impl::is_for_us(const Update& update) const {
  if (!allowed.contains(update.sender_id)) return false;
  switch (update.kind) {
    case UpdateKind::kMessage:
    case UpdateKind::kCommand:
    case UpdateKind::kEdit:
    case UpdateKind::kOther:
      return true;
    case UpdateKind::kGroup:
      break;
    case UpdateKind::kIgnored:
    case UpdateKind::kMalformed:
      return false;
  }
  const std::optional<Command> command = read_command(update.text);
  const std::lock_guard lock{mutex};
  return command && !user_name.empty() && same_name(command->receiver, user_name);
}

bool Bot::Impl::is_stranger(const Update& update) const {
  return !allowed.contains(update.sender_id) &&
         (update.kind == UpdateKind::kMessage || update.kind == UpdateKind::kCommand ||
          update.kind == UpdateKind::kOther);
}

/// Counts an update that nothing else is done with.
void Bot::Impl::count(const Update& update) {
  vitals::monitor::UpdateScope scope{to_string(update.kind), {}};
  if (update.kind != UpdateKind::kMalformed) {
    scope.succeed();
  } else if (update.update_id != 0) {
    service_log.warn("the bot: update {} is malformed and is passed over", update.update_id);
  }
}

/// Has an update answered, unless that is under way or done.
void Bot::Impl::post(db::TelegramUpdate update) {
  const std::int64_t chat = update.chat_id;
  const std::int64_t id = update.update_id;
  {
    const std::lock_guard lock{hand_mutex};
    // In this order: what leaves the one set is in the other by then, or done in the database.
    if (in_hand.contains(id) || responder.waits_to_settle(id)) return;
    in_hand.insert(id);
  }
  const auto let_go = [this, id] {
    const std::lock_guard lock{hand_mutex};
    in_hand.erase(id);
  };
  bool posted = false;
  try {
    posted = lanes.post(chat, [this, let_go, update = std::move(update)]() mutable {
      responder.handle(std::move(update), give_up.get_token());
      let_go();
    });
  } catch (...) {
    let_go();  // or find_own() would pass it over
    throw;
  }
  // After close() it stays as it is in the database, for the next process.
  if (!posted) let_go();
}

Bot::Bot(BotOptions options, HttpClient& http, db::Pool& pool, db::Store& store,
         cache::CachedUsers& users, Coach& coach)
    : impl_(std::make_unique<Impl>(std::move(options), http, pool, store, users, coach)) {}

Bot::~Bot() {
  stop(0ms);
}

void Bot::start() {
  impl_->keeper = std::thread{[this] { impl_->keep(); }};
  impl_->receiver = std::thread{[this] { impl_->receive(); }};
}

void Bot::stop_polling() {
  impl_->stop_receiving.request_stop();
  const std::lock_guard lock{impl_->mutex};
  impl_->round.request_stop();
}

bool Bot::stop(milliseconds drain) {
  stop_polling();
  if (impl_->receiver.joinable()) impl_->receiver.join();
  // The lease is kept while there is something in hand, which is nobody else's before.
  bool drained = impl_->lanes.close(drain);
  impl_->give_up.request_stop();
  if (!drained) impl_->lanes.close(1s);
  impl_->stop_keeping.request_stop();
  if (impl_->keeper.joinable()) impl_->keeper.join();
  return drained;
}

bool Bot::take(std::string_view update_json) {
  const Update update = read_update(update_json);
  if (impl_->lanes.room() == 0) return false;
  impl_->accept({&update, 1});
  return true;
}

bool Bot::healthy() const noexcept {
  return !impl_->trouble.on() && !impl_->keeping_trouble.on();
}

}  // namespace health_agent::bot
