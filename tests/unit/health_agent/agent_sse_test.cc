#include "health_agent/agent/remote/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace health_agent::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using Events = std::vector<std::pair<std::string, std::string>>;

Events read(std::string_view stream, std::size_t piece_size) {
  SseParser parser;
  Events events;
  while (!stream.empty()) {
    const std::string_view piece = stream.substr(0, piece_size);
    stream.remove_prefix(piece.size());
    parser.feed(piece, [&](std::string_view event, std::string_view data) {
      events.emplace_back(event, data);
      return true;
    });
  }
  return events;
}

TEST(SseParser, ReadsEventsWhereverThePiecesAreCut) {
  constexpr std::string_view kStream =
      ": hello\n\n"
      "event: delta\r\ndata: one\r\n\r\n"
      "data:two\rdata: lines\r\r"
      "id: 7\nretry: 9\nnonsense\ndata\n\n"
      "event: never told\n\n"
      "data:  a space of its own\n\n";
  for (std::size_t size = 1; size <= kStream.size(); ++size) {
    SCOPED_TRACE(size);
    EXPECT_THAT(read(kStream, size),
                ElementsAre(Pair("delta", "one"), Pair("message", "two\nlines"),
                            Pair("message", ""), Pair("message", " a space of its own")));
  }
}

TEST(SseParser, AnEventThatHasNotEndedIsNone) {
  EXPECT_THAT(read("data: one", 100), IsEmpty());
  EXPECT_THAT(read("data: one\n", 100), IsEmpty());
}

TEST(SseParser, AnErrorInAFieldOfItsOwnIsAnEvent) {
  EXPECT_THAT(read("error: {\"code\":500}\n\n", 3), ElementsAre(Pair("message", "{\"code\":500}")));
}

TEST(SseParser, SkipsAByteOrderMark) {
  EXPECT_THAT(read("\xEF\xBB\xBF"
                   "data: one\n\n",
                   1),
              ElementsAre(Pair("message", "one")));
}

TEST(SseParser, StopsWhenTheListenerSaysSo) {
  SseParser parser;
  int told = 0;
  const auto once = [&](std::string_view, std::string_view) {
    ++told;
    return false;
  };
  EXPECT_EQ(parser.feed("data: 1\n\ndata: 2\n\n", once), SseParser::State::kStopped);
  EXPECT_EQ(parser.feed("data: 3\n\n", once), SseParser::State::kStopped);
  EXPECT_EQ(told, 1);
}

TEST(SseParser, AnEventThatIsTooLongEndsIt) {
  const auto ignore = [](std::string_view, std::string_view) { return true; };
  for (const char* line : {"data: 0123456789\n", ": no end of it", "event: 0123456789\n"}) {
    SseParser parser{64};
    auto state = SseParser::State::kMore;
    for (int i = 0; i < 10 && state == SseParser::State::kMore; ++i)
      state = parser.feed(line, ignore);
    const bool replaced = std::string_view{line}.starts_with("event");
    EXPECT_EQ(state, replaced ? SseParser::State::kMore : SseParser::State::kTooLong) << line;
  }
  SseParser parser{64};  // short ones add up to nothing
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(parser.feed("data: 0123456789\n\n", ignore), SseParser::State::kMore);
}

}  // namespace
}  // namespace health_agent::agent
