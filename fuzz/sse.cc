// Server-sent events of any bytes: the same events however the bytes are cut, none longer than
// allowed, and nothing after the listener has left.

#include "health_agent/agent/remote/sse.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/require.h"

namespace {

using health_agent::agent::SseParser;
using Events = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kMost = 512;

std::pair<Events, SseParser::State> read(std::string_view text, std::size_t piece_size) {
  SseParser parser{kMost};
  Events events;
  auto state = SseParser::State::kMore;
  while (!text.empty() && state == SseParser::State::kMore) {
    const std::string_view piece = text.substr(0, piece_size);
    text.remove_prefix(piece.size());
    state = parser.feed(piece, [&](std::string_view event, std::string_view data) {
      vitals::fuzz::require(!event.empty() && event.size() + data.size() <= kMost + 7);
      events.emplace_back(event, data);
      return data != "stop";
    });
  }
  return {std::move(events), state};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using vitals::fuzz::require;
  if (size == 0) return 0;
  const std::string_view text = vitals::fuzz::text_of(data + 1, size - 1);
  const auto [one_by_one, state] = read(text, 1);
  const auto [cut, cut_state] = read(text, 1 + data[0]);
  // Whether an event is too long may show earlier in a larger piece.
  if (state != SseParser::State::kTooLong && cut_state != SseParser::State::kTooLong) {
    require(one_by_one == cut);
    require(state == cut_state);
  }
  return 0;
}
