#include "health_agent/api/export_handler.h"

#include <algorithm>
#include <utility>

#include "health_agent/api/json_output.h"
#include "health_agent/api/user_handler.h"
#include "health_agent/errors.h"
#include "health_agent/json_type.h"
#include "health_agent/time.h"

namespace health_agent::api {
namespace {

using nlohmann::json;

/// Rows that are in memory at once.
constexpr int kPage = 50;

/// The client has gone.
struct Gone {};

/// Writes a member that is an array: `page(after)` gives the rows behind the one with the id `after`,
/// from a blank id on; `row` the JSON of one, and `id` its id.
template <class Page, class Row, class Id>
void write_array(const StreamWriter& write, std::string_view name, Page&& page, Row&& row,
                 Id&& id) {
  std::string text = ",\n" + dump(json(name)) + ": [";
  std::decay_t<decltype(id(page({}).front()))> after{};
  bool first = true;
  for (;;) {
    const auto rows = page(after);
    for (const auto& each : rows) {
      text += first ? "\n" : ",\n";
      first = false;
      text += dump(row(each));
      after = id(each);
    }
    if (!write(text)) throw Gone();
    text.clear();
    if (rows.size() < static_cast<std::size_t>(kPage)) break;
  }
  if (!write("]")) throw Gone();
}

/// What takes the last turn back holds entries that are deleted.
json undo_json(const std::vector<FoodChange>& undo, const std::string& id) {
  json changes = json::array();
  for (const FoodChange& change : undo)
    changes.push_back(to_json(change, id));
  return changes;
}

using UpdateId = std::pair<std::int64_t, std::int64_t>;

json update_json(const db::UpdateRecord& record) {
  const db::TelegramUpdate& update = record.update;
  json given{{"bot_id", record.bot_id},       {"update_id", update.update_id},
             {"chat_id", update.chat_id},     {"message_id", update.message_id},
             {"thread_id", update.thread_id}, {"kind", update.kind},
             {"state", record.state},         {"content", update.content},
             {"answer", update.answer},       {"taken_at", format_timestamp(record.taken_at)}};
  if (update.said_at != 0) given["said_at"] = format_timestamp(update.said_at);
  return given;
}

void write_user(db::Store& store, const std::string& id, const json& head,
                const StreamWriter& write) {
  std::string begin = dump(head);
  begin.pop_back();  // its brace: the arrays follow
  if (!write(begin)) return;
  try {
    write_array(
        write, "food", [&](std::int64_t after) { return store.food_after(id, after, kPage); },
        [](const FoodEntry& entry) { return to_json(entry); },
        [](const FoodEntry& entry) { return entry.id; });
    write_array(
        write, "conversation",
        [&](std::int64_t after) { return store.messages_after(id, after, kPage); },
        [](const db::StoredMessage& stored) {
          return json{{"role", stored.message.role},
                      {"content", stored.message.content},
                      {"timestamp", format_timestamp(stored.message.timestamp)}};
        },
        [](const db::StoredMessage& stored) { return stored.id; });
    write_array(
        write, "kept_answers",
        [&](std::int64_t after) { return store.answers_after(id, after, kPage); },
        [](const db::KeptRecord& record) {
          return json{{"route", record.route},
                      {"idempotency_key", record.key},
                      {"status", record.status},
                      {"body", record.body},
                      {"kept_at", format_timestamp(record.kept_at)}};
        },
        [](const db::KeptRecord& record) { return record.id; });
    write_array(
        write, "turns",
        [&](const std::string& after) { return store.turns_after(id, after, kPage); },
        [&](const db::TurnRecord& turn) {
          return json{{"source", turn.source},
                      {"digest", turn.digest},
                      {"undo", undo_json(turn.undo, id)},
                      {"kept_at", format_timestamp(turn.kept_at)}};
        },
        [](const db::TurnRecord& turn) { return turn.source; });
    write_array(
        write, "telegram_updates",
        [&](const UpdateId& after) { return store.updates_after(id, after, kPage); },
        [](const db::UpdateRecord& record) { return update_json(record); },
        [](const db::UpdateRecord& record) {
          return UpdateId{record.bot_id, record.update.update_id};
        });
    write("}\n");
  } catch (const Gone&) {
  }
}

Response export_user(const Services& services, const std::string& id) {
  const auto user = services.store.find_user(id);
  if (!user) throw RecordNotFoundError("user '" + id + "' does not exist");
  json journey = json::object();
  for (const auto& [step, time] : services.store.journey(id))
    journey[step] = format_timestamp(time);
  json head = {{"user_id", id},
               {"created_at", format_timestamp(user->created_at)},
               {"exported_at", format_timestamp(unix_now())},
               {"profile", to_json(services.store.profile(id))},
               {"preferences", to_json(services.store.preferences(id))},
               {"journey", std::move(journey)},
               {"undo", undo_json(services.store.undo_of(id), id)}};
  std::string file = id;
  std::replace(file.begin(), file.end(), ':', '_');  // is not for files' names everywhere
  Response response;
  response.headers.emplace_back("Content-Disposition",
                                "attachment; filename=\"" + file + ".json\"");
  response.stream = [&store = services.store, id, head = std::move(head)](
                        const StreamWriter& write) { write_user(store, id, head, write); };
  return response;
}

}  // namespace

void add_export_route(RouteTable& table, const Services& services) {
  table.add(
      {{vitals::monitor::Method::kGet, "/api/v1/users/{user_id}/export", "export_user"},
       for_user([services](Request&, const std::string& id) { return export_user(services, id); }),
       Access::kKeyHolders,
       Pace::kSlow});
}

}  // namespace health_agent::api
