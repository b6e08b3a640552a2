#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace health_agent::bot {

/// The longest text that is handed to the coach, in bytes. Telegram's own limit is 4,096 UTF-16
/// units, which is at most 12 KiB.
inline constexpr std::size_t kMaxText = std::size_t{12} * 1024;

/// What an update is about.
enum class UpdateKind : std::uint8_t {
  kMessage,  ///< text to talk about
  kCommand,  ///< text that begins with `/`
  kEdit,     ///< text that was written before, as its sender has changed it now
  kOther,    ///< a photo, a sticker, a voice message, or a text that is too long
  kGroup,    ///< a message in a group
  kIgnored,  ///< nothing to answer: the edit of a command, a channel's post, another bot, news of a kind unknown
  kMalformed,  ///< not what Telegram's documentation says
};

/// The word for `bot_updates_total{kind}` and for the database. Static storage.
[[nodiscard]] std::string_view to_string(UpdateKind kind) noexcept;

/// One update, with all that the bot wants to know of it.
struct Update {
  std::int64_t update_id = 0;
  UpdateKind kind = UpdateKind::kMalformed;
  std::int64_t chat_id = 0;
  std::int64_t sender_id = 0;
  std::string text{};           ///< Valid UTF-8 without NUL; of a photo or the like its caption.
  std::int64_t message_id = 0;  ///< The message's number in its chat; 0 when it has none.
  std::int64_t thread_id = 0;   ///< The topic of the chat; 0 when there is none.
  /// When it was sent, also where it was edited since: Unix seconds by Telegram's clock. 0 when it
  /// does not say so, or says a time before there was Telegram.
  std::int64_t date = 0;
  std::string album{};  ///< The same for pictures that were sent as one; empty for all others.
};

/// The answer to getUpdates.
struct UpdateBatch {
  std::vector<Update> updates;
  /// The largest id of all, the malformed ones included; empty when there is none.
  std::optional<std::int64_t> last_id;
  /// It was what getUpdates answers; else nothing of it could be read.
  bool readable = false;
};

/// Reads the body of a getUpdates answer. An element that is no update is in the result as
/// malformed. Never throws for bad input. Source: Telegram Bot API, "Getting updates".
[[nodiscard]] UpdateBatch read_updates(std::string_view body);

/// Reads one update, as a webhook gets it. The id is 0 when there is none. Never throws for bad
/// input.
[[nodiscard]] Update read_update(std::string_view body);

/// The first `"update_id": N` in the bytes of an answer that cannot be read otherwise, so that it
/// can be passed over.
[[nodiscard]] std::optional<std::int64_t> find_update_id(std::string_view bytes) noexcept;

/// `/today@food_bot now` is the command `today` for `food_bot` with the arguments `now`.
struct Command {
  std::string name;      ///< In lower case.
  std::string receiver;  ///< Empty when nobody is named.
  std::string arguments;
};

/// The command that a text begins with, or nothing.
[[nodiscard]] std::optional<Command> read_command(std::string_view text);

}  // namespace health_agent::bot
