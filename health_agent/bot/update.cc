#include "health_agent/bot/update.h"

#include <algorithm>
#include <charconv>

#include "health_agent/json_type.h"
#include "health_agent/log_text.h"
#include "vitals/base/ascii.h"

namespace health_agent::bot {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxCommand = 64;
constexpr std::size_t kMaxAlbum = 64;
/// No message is older: 2013-08-14.
constexpr std::int64_t kFirstDate = 1'376'438'400;

/// Ids are whole numbers that a double holds exactly (documentation of Chat.id and User.id: at most
/// 52 significant bits).
std::optional<std::int64_t> id_in(const json& object, const char* field) {
  constexpr std::int64_t kMost = std::int64_t{1} << 52;
  const auto found = object.find(field);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned() &&
      found->get<std::uint64_t>() > static_cast<std::uint64_t>(kMost))
    return std::nullopt;
  const auto id = found->get<std::int64_t>();
  if (id > kMost || id < -kMost) return std::nullopt;
  return id;
}

const json* object_in(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_object() ? &*found : nullptr;
}

/// The text, or the caption of what is no text. Nothing where one is there and is no string.
std::optional<std::string> text_of(const json& message) {
  for (const char* field : {"text", "caption"}) {
    const auto text = message.find(field);
    if (text == message.end()) continue;
    if (!text->is_string()) return std::nullopt;
    return text->get<std::string>();
  }
  return std::string{};
}

void read_message(const json& message, Update& update) {
  const json* chat = object_in(message, "chat");
  if (chat == nullptr) return;
  const auto chat_id = id_in(*chat, "id");
  const auto type = chat->find("type");
  if (!chat_id || (type != chat->end() && !type->is_string())) return;
  update.chat_id = *chat_id;

  const json* from = object_in(message, "from");
  const auto sender = from == nullptr ? std::nullopt : id_in(*from, "id");
  if (!sender) {  // an anonymous administrator, or a channel that speaks in a group
    if (message.find("from") == message.end()) update.kind = UpdateKind::kIgnored;
    return;
  }
  update.sender_id = *sender;
  const auto is_bot = from->find("is_bot");
  if (is_bot != from->end() && is_bot->is_boolean() && is_bot->get<bool>()) {
    update.kind = UpdateKind::kIgnored;
    return;
  }
  auto text = text_of(message);
  if (!text) return;
  update.text = *std::move(text);
  update.message_id = id_in(message, "message_id").value_or(0);
  update.thread_id = id_in(message, "message_thread_id").value_or(0);
  if (const auto date = id_in(message, "date"); date && *date >= kFirstDate) update.date = *date;
  if (const auto album = message.find("media_group_id");
      album != message.end() && album->is_string() &&
      album->get_ref<const std::string&>().size() <= kMaxAlbum)
    update.album = album->get<std::string>();
  std::replace(update.text.begin(), update.text.end(), '\0', ' ');  // PostgreSQL takes no NUL
  if (type != chat->end() && *type != "private") {
    update.kind = UpdateKind::kGroup;
    if (update.text.size() > kMaxCommand) update.text.clear();
  } else if (update.text.size() > kMaxText) {
    update.text.clear();
    update.kind = UpdateKind::kOther;
  } else if (is_blank(update.text)) {
    update.kind = UpdateKind::kOther;
  } else {
    update.kind = read_command(update.text) ? UpdateKind::kCommand : UpdateKind::kMessage;
  }
}

/// Of what was edited only texts are of interest.
UpdateKind kind_of_edit(UpdateKind kind) noexcept {
  if (kind == UpdateKind::kMessage) return UpdateKind::kEdit;
  return kind == UpdateKind::kMalformed ? kind : UpdateKind::kIgnored;
}

Update update_from(const json& element) {
  Update update;
  if (!element.is_object()) return update;
  const auto id = id_in(element, "update_id");
  if (!id || *id <= 0) return update;
  update.update_id = *id;
  const bool edited = !element.contains("message") && element.contains("edited_message");
  const auto message = element.find(edited ? "edited_message" : "message");
  if (message == element.end()) {
    update.kind = UpdateKind::kIgnored;
  } else if (message->is_object()) {
    read_message(*message, update);
    if (edited) update.kind = kind_of_edit(update.kind);
  }
  return update;
}

bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view take_word(std::string_view& text) noexcept {
  std::size_t size = 0;
  while (size < text.size() && is_word(text[size]))
    ++size;
  const std::string_view found = text.substr(0, size);
  text.remove_prefix(size);
  return found;
}

}  // namespace

std::string_view to_string(UpdateKind kind) noexcept {
  switch (kind) {
    case UpdateKind::kMessage:
      return "message";
    case UpdateKind::kCommand:
      return "command";
    case UpdateKind::kEdit:
      return "edit";
    case UpdateKind::kOther:
      return "other";
    case UpdateKind::kGroup:
      return "group";
    case UpdateKind::kIgnored:
      return "ignored";
    case UpdateKind::kMalformed:
      break;
  }
  return "malformed";
}

UpdateBatch read_updates(std::string_view body) {
  UpdateBatch batch;
  const json answer = json::parse(body, nullptr, false);
  if (!answer.is_object()) return batch;
  const auto result = answer.find("result");
  if (result == answer.end() || !result->is_array()) return batch;
  batch.readable = true;
  for (const json& element : *result) {
    Update update = update_from(element);
    if (update.update_id != 0)
      batch.last_id = std::max(batch.last_id.value_or(update.update_id), update.update_id);
    batch.updates.push_back(std::move(update));
  }
  return batch;
}

Update read_update(std::string_view body) {
  return update_from(json::parse(body, nullptr, false));
}

std::optional<std::int64_t> find_update_id(std::string_view bytes) noexcept {
  constexpr std::string_view kName = "\"update_id\"";
  const std::size_t at = bytes.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  bytes.remove_prefix(at + kName.size());
  const std::size_t digits = bytes.find_first_not_of(" \t\r\n:");
  if (digits == std::string_view::npos) return std::nullopt;
  bytes.remove_prefix(digits);
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), id);
  // A number that ends with the bytes may have been cut in two.
  if (error != std::errc{} || end == bytes.data() + bytes.size() || id <= 0) return std::nullopt;
  return id;
}

std::optional<Command> read_command(std::string_view text) {
  if (!text.starts_with('/')) return std::nullopt;
  text.remove_prefix(1);
  const std::string_view name = take_word(text);
  if (name.empty() || name.size() > kMaxCommand) return std::nullopt;
  Command command{vitals::base::lower(name), {}, {}};
  if (text.starts_with('@')) {
    text.remove_prefix(1);
    command.receiver = take_word(text);
    if (command.receiver.empty()) return std::nullopt;
  }
  if (!text.empty() && text.front() != ' ' && text.front() != '\n') return std::nullopt;
  const std::size_t begin = text.find_first_not_of(" \n");
  if (begin != std::string_view::npos) command.arguments = text.substr(begin);
  return command;
}

}  // namespace health_agent::bot
