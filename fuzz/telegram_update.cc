// What comes from Telegram, of any bytes: read without a fault, and what is kept can be stored and
// answered.

#include <string>

#include "fuzz/require.h"
#include "health_agent/bot/text.h"
#include "health_agent/bot/update.h"

namespace {

using namespace health_agent::bot;
using vitals::fuzz::require;

void check(const Update& update) {
  require(update.update_id >= 0);
  require(update.text.size() <= kMaxText);
  require(update.text.find('\0') == std::string::npos);
  require(vitals::base::is_utf8(update.text));
  if (update.kind == UpdateKind::kCommand) require(read_command(update.text).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = vitals::fuzz::text_of(data, size);
  check(read_update(bytes));
  const UpdateBatch batch = read_updates(bytes);
  for (const Update& update : batch.updates)
    check(update);
  if (batch.last_id) require(*batch.last_id > 0);
  static_cast<void>(find_update_id(bytes));
  if (const auto command = read_command(bytes)) require(!command->name.empty());

  const std::string text = clean_text(bytes);
  require(vitals::base::is_utf8(text));
  for (const std::size_t most : {std::size_t{2}, std::size_t{7}, kMaxUnits}) {
    for (const std::string& piece : split_message(text, most)) {
      require(utf16_units(piece) <= most && utf16_units(piece) > 0);
      require(vitals::base::is_utf8(piece) && vitals::base::is_utf8(to_html(piece)));
    }
  }
  return 0;
}
