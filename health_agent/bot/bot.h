#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/cache/cached_users.h"
#include "health_agent/coach.h"
#include "health_agent/db/pool.h"
#include "health_agent/db/store.h"
#include "health_agent/http_client.h"

namespace vitals::metrics {
class Registry;
}

namespace health_agent::bot {

struct BotOptions {
  std::string token;  ///< TELEGRAM_BOT_TOKEN; what is before its colon is the bot's id.
  std::string api_url = "https://api.telegram.org";
  std::vector<std::int64_t> allowed_ids;    ///< Who is answered; empty lets nobody in.
  bool webhook = false;                     ///< Updates come by take(); nobody polls.
  std::size_t threads = 8;                  ///< How many chats are answered at once.
  std::size_t most_pending = 64;            ///< Updates in hand; beyond that none is taken.
  std::chrono::seconds poll{50};            ///< How long Telegram may keep a poll open.
  std::chrono::milliseconds lease{10'000};  ///< A replica that is silent for so long is dead.
  std::chrono::milliseconds pause{1'000};   ///< After trouble; it grows to a minute.
  /// Where what it meets is counted; null counts nothing. Must outlive the bot.
  vitals::metrics::Registry* registry = nullptr;
};

/// The Telegram bot: takes updates by long polling or by webhook, records each before Telegram may
/// forget it, and answers each once (see Responder for what that means), those of a chat in order.
/// Of all replicas on one database, only the one with the lease polls.
///
/// Threads: start() and stop() from one thread; take() from any. What is given must outlive it.
class Bot {
 public:
  Bot(BotOptions options, HttpClient& http, db::Pool& pool, db::Store& store,
      cache::CachedUsers& users, Coach& coach);
  ~Bot();
  Bot(const Bot&) = delete;
  Bot& operator=(const Bot&) = delete;

  /// Starts its threads. Failures of Telegram or the database after that are logged and tried
  /// again, with growing pauses.
  void start();

  /// Takes no further update, at once; those in hand go on.
  void stop_polling();

  /// Stops polling, lets the updates under way finish within `drain`, and gives the lease
  /// up. False when some were not done by then: they are left to the next process. start() may not
  /// be called again.
  bool stop(std::chrono::milliseconds drain);

  /// Takes one update that came by webhook. False when there is too much in hand: Telegram will
  /// send it again. Throws DatabaseError when it cannot be recorded. Returns before it is answered.
  bool take(std::string_view update_json);

  /// False from when asking for updates or keeping the lease failed until it succeeds again.
  /// Threads: any. Cost: two loads.
  [[nodiscard]] bool healthy() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace health_agent::bot
