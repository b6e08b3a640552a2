#include "health_agent/db/telegram_updates.h"

#include <algorithm>
#include <utility>

#include "health_agent/db/connection.h"

namespace health_agent::db {
namespace {

using std::string;

constexpr std::string_view kTable = "telegram_updates";

constexpr Query<Columns<Integer>, Params<Integer, Integer, Integer, Integer, string, string, string,
                                         Integer, Integer, Integer, Integer>>
    kRecord{QueryType::kInsert, kTable,
            "INSERT INTO telegram_updates (bot_id, update_id, chat_id, sender_id, kind, content,"
            " holder, taken_at, said_at, message_id, thread_id, state, answer, parts_sent,"
            " attempts) VALUES (:bot_id, :update_id, :chat_id, :sender_id, :kind, :content,"
            " :holder, :taken_at, :said_at, :message_id, :thread_id, 'new', '', 0, 0)"
            " ON CONFLICT (bot_id, update_id) DO NOTHING RETURNING update_id"};

using Row = Columns<Integer, Integer, Integer, string, string, string, string, Integer, Integer,
                    Integer, Integer, Integer>;

// The condition on the holder stands twice: once to choose which, once so that of two replicas that
// chose the same one gets it.
constexpr Query<Row, Params<string, Integer, string, Integer, Integer>> kTakeOver{
    QueryType::kUpdate, kTable,
    "UPDATE telegram_updates SET holder = :holder, attempts = attempts + 1"
    " WHERE bot_id = :bot_id AND holder NOT IN (SELECT holder FROM leases)"
    " AND holder <> :not_holder AND update_id IN"
    " (SELECT u.update_id FROM telegram_updates u WHERE u.bot_id = :same_bot"
    " AND u.state IN ('new', 'answered') AND u.holder NOT IN (SELECT holder FROM leases)"
    " ORDER BY u.update_id LIMIT :most)"
    " RETURNING update_id, chat_id, sender_id, kind, content, state, answer, parts_sent,"
    " attempts, said_at, message_id, thread_id"};

constexpr Query<Row, Params<Integer, string, Integer>> kHeld{
    QueryType::kSelect, kTable,
    "SELECT update_id, chat_id, sender_id, kind, content, state, answer, parts_sent, attempts,"
    " said_at, message_id, thread_id FROM telegram_updates WHERE bot_id = :bot_id AND holder = "
    ":holder"
    " AND state IN ('new', 'answered') ORDER BY update_id LIMIT :most"};

using OfOne = Params<Integer, Integer, string>;

constexpr Query<Columns<Integer>, OfOne> kIsMine{
    QueryType::kSelect, kTable,
    "SELECT 1 FROM telegram_updates WHERE bot_id = :bot_id AND update_id = :update_id"
    " AND holder = :holder AND state <> 'done'"};

constexpr Query<Columns<string>, Params<Integer, Integer, Integer, string>> kStatesOf{
    QueryType::kSelect, kTable,
    "SELECT state FROM telegram_updates WHERE bot_id = :bot_id AND chat_id = :chat_id"
    " AND message_id = :message_id AND kind <> :edits"};

constexpr Query<Columns<>, Params<string, Integer, Integer, string>> kSetAnswer{
    QueryType::kUpdate, kTable,
    "UPDATE telegram_updates SET state = 'answered', answer = :answer WHERE bot_id = :bot_id"
    " AND update_id = :update_id AND holder = :holder AND state = 'new'"};

constexpr Query<Columns<>, Params<Integer, Integer, Integer, string>> kSetPartsSent{
    QueryType::kUpdate, kTable,
    "UPDATE telegram_updates SET parts_sent = :parts_sent WHERE bot_id = :bot_id"
    " AND update_id = :update_id AND holder = :holder"};

// Also where another holds it by now: what was sent is sent.
constexpr Query<Columns<>, Params<Integer, Integer>> kFinish{
    QueryType::kUpdate, kTable,
    "UPDATE telegram_updates SET state = 'done', content = '', answer = ''"
    " WHERE bot_id = :bot_id AND update_id = :update_id"};

constexpr Query<Columns<>, Params<Integer, Integer>> kRemoveOld{
    QueryType::kDelete, kTable,
    "DELETE FROM telegram_updates WHERE bot_id = :bot_id AND state = 'done'"
    " AND taken_at < :before_time"};

constexpr Query<Columns<Integer, Integer, Integer, string, string, Integer, Integer, Integer,
                        string, string, Integer, Integer>,
                Params<Integer, Integer, Integer, Integer>>
    kOfSender{
        QueryType::kSelect, kTable,
        "SELECT bot_id, update_id, chat_id, kind, content, said_at, message_id, thread_id, state,"
        " answer, parts_sent, taken_at FROM telegram_updates WHERE sender_id = :sender_id"
        " AND (bot_id, update_id) > (:after_bot, :after_update)"
        " ORDER BY bot_id, update_id LIMIT :most"};

constexpr Query<Columns<>, Params<Integer>> kForgetSender{
    QueryType::kUpdate, kTable,
    "UPDATE telegram_updates SET sender_id = 0, chat_id = 0, content = '', answer = '',"
    " state = 'done' WHERE sender_id = :sender_id"};

/// Takes rows as kTakeOver and kHeld give them.
auto adds_to(std::vector<TelegramUpdate>& updates) {
  return [&updates](Integer id, Integer chat, Integer sender, const string& kind,
                    const string& content, const string& state, const string& answer,
                    Integer parts_sent, Integer attempts, Integer said_at, Integer message_id,
                    Integer thread_id) {
    updates.push_back({.update_id = id,
                       .chat_id = chat,
                       .sender_id = sender,
                       .kind = kind,
                       .content = content,
                       .said_at = said_at,
                       .message_id = message_id,
                       .thread_id = thread_id,
                       .answered = state == "answered",
                       .answer = answer,
                       .parts_sent = parts_sent,
                       .attempts = attempts});
  };
}

}  // namespace

TelegramUpdates::TelegramUpdates(Pool& pool, std::int64_t bot_id, std::string holder)
    : pool_(&pool), bot_id_(bot_id), holder_(std::move(holder)) {}

std::vector<std::int64_t> TelegramUpdates::record(std::span<const TelegramUpdate> updates,
                                                  std::int64_t now) {
  std::vector<std::int64_t> fresh;
  if (updates.empty()) return fresh;
  const Pool::Lease lease = checkout_for(*pool_, kRecord.type, kTable);
  Transaction transaction{lease.connection(), kTable};
  for (const TelegramUpdate& update : updates) {
    lease.connection().run(
        kRecord, [&](Integer id) { fresh.push_back(id); }, bot_id_, update.update_id,
        update.chat_id, update.sender_id, update.kind, update.content, holder_, now, update.said_at,
        update.message_id, update.thread_id);
  }
  transaction.commit();
  return fresh;
}

std::vector<TelegramUpdate> TelegramUpdates::take_over(std::int64_t most) {
  std::vector<TelegramUpdate> taken;
  run(*pool_, kTakeOver, adds_to(taken), holder_, bot_id_, holder_, bot_id_, most);
  std::sort(taken.begin(), taken.end(), [](const TelegramUpdate& a, const TelegramUpdate& b) {
    return a.update_id < b.update_id;
  });
  return taken;
}

std::vector<TelegramUpdate> TelegramUpdates::held(std::int64_t most) {
  std::vector<TelegramUpdate> mine;
  run(*pool_, kHeld, adds_to(mine), bot_id_, holder_, most);
  return mine;
}

bool TelegramUpdates::is_mine(std::int64_t update_id) {
  bool mine = false;
  run(
      *pool_, kIsMine, [&](Integer) { mine = true; }, bot_id_, update_id, holder_);
  return mine;
}

MessageState TelegramUpdates::state_of(std::int64_t chat_id, std::int64_t message_id,
                                       std::string_view edits) {
  MessageState known = MessageState::kUnknown;
  if (message_id == 0) return known;
  run(
      *pool_, kStatesOf,
      [&](const string& state) {
        known = state == "new" ? MessageState::kNew : MessageState::kDone;
      },
      bot_id_, chat_id, message_id, edits);
  return known;
}

void TelegramUpdates::set_answer(Connection& connection, std::int64_t update_id,
                                 std::string_view answer) {
  if (connection.run(kSetAnswer, answer, bot_id_, update_id, holder_) == 0) throw UpdateLost();
}

void TelegramUpdates::set_answer(std::int64_t update_id, std::string_view answer) {
  const Pool::Lease lease = checkout_for(*pool_, kSetAnswer.type, kTable);
  set_answer(lease.connection(), update_id, answer);
}

void TelegramUpdates::set_parts_sent(std::int64_t update_id, std::int64_t parts) {
  run(*pool_, kSetPartsSent, parts, bot_id_, update_id, holder_);
}

void TelegramUpdates::finish(std::int64_t update_id) {
  run(*pool_, kFinish, bot_id_, update_id);
}

std::int64_t TelegramUpdates::remove_older_than(std::int64_t time) {
  return run(*pool_, kRemoveOld, bot_id_, time);
}

std::vector<UpdateRecord> updates_after(Connection& connection, std::int64_t sender_id,
                                        const std::pair<std::int64_t, std::int64_t>& after,
                                        int limit) {
  std::vector<UpdateRecord> page;
  connection.run(
      kOfSender,
      [&](Integer bot, Integer id, Integer chat, const string& kind, const string& content,
          Integer said_at, Integer message_id, Integer thread_id, const string& state,
          const string& answer, Integer parts_sent, Integer taken_at) {
        UpdateRecord& record = page.emplace_back();
        record.bot_id = bot;
        record.update = {.update_id = id,
                         .chat_id = chat,
                         .sender_id = sender_id,
                         .kind = kind,
                         .content = content,
                         .said_at = said_at,
                         .message_id = message_id,
                         .thread_id = thread_id,
                         .answered = state == "answered",
                         .answer = answer,
                         .parts_sent = parts_sent};
        record.state = state;
        record.taken_at = taken_at;
      },
      sender_id, after.first, after.second, limit);
  return page;
}

void forget_sender(Connection& connection, std::int64_t sender_id) {
  connection.run(kForgetSender, sender_id);
}

}  // namespace health_agent::db
