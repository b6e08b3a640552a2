#include "integration/support/receiver.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "integration/support/http.h"

namespace integration {
namespace {

Headers good_headers() {
  const std::string client = "vitals.cpp/0.1.0";
  return {{"Content-Type", "application/x-sentry-envelope"},
          {"User-Agent", client},
          {"X-Sentry-Auth", "Sentry sentry_version=7, sentry_client=" + client +
                                ", sentry_key=" + EnvelopeReceiver::kKey}};
}

std::string good_envelope() {
  const Json event = Json::parse(R"({
    "event_id": "0123456789abcdef0123456789abcdef", "timestamp": 1769860000,
    "platform": "native", "level": "info", "release": "1.0", "environment": "development",
    "server_name": "here", "sdk": {"name": "v", "version": "1"},
    "contexts": {"os": {}, "runtime": {}, "device": {}}, "message": {"formatted": "hello"}})");
  const std::string text = event.dump();
  return Json{{"event_id", event["event_id"]}, {"sent_at", "2026-01-31T12:00:01Z"}}.dump() + "\n" +
         Json{{"type", "event"}, {"length", text.size()}}.dump() + "\n" + text + "\n";
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string input = text;
  std::string output(text.size() + 200, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(output.data());
  stream.avail_out = static_cast<uInt>(output.size());
  deflate(&stream, Z_FINISH);
  output.resize(stream.total_out);
  deflateEnd(&stream);
  return output;
}

Response send(const EnvelopeReceiver& receiver, Headers headers, std::string body,
              Milliseconds timeout = 5s) {
  return Http{receiver.port()}.send({.method = "POST",
                                     .path = "/api/42/envelope/",
                                     .headers = std::move(headers),
                                     .body = std::move(body),
                                     .timeout = timeout});
}

TEST(EnvelopeReceiver, KeepsGoodEnvelopesPlainAndCompressed) {
  EnvelopeReceiver receiver;
  EXPECT_EQ(send(receiver, good_headers(), good_envelope()).status, 200);
  Headers compressed = good_headers();
  compressed.emplace_back("Content-Encoding", "gzip");
  EXPECT_EQ(send(receiver, compressed, gzip(good_envelope())).status, 200);
  EXPECT_TRUE(receiver.wait_for_events(2));
  EXPECT_EQ(receiver.faults(), std::vector<std::string>{});
  EXPECT_NE(receiver.everything().find("hello"), std::string::npos);
}

TEST(EnvelopeReceiver, NamesWhatIsWrong) {
  EnvelopeReceiver receiver;
  send(receiver, good_headers(), "nonsense");
  EXPECT_EQ(receiver.faults().size(), 1U);
  Headers no_auth = good_headers();
  no_auth.pop_back();
  send(receiver, no_auth, good_envelope());
  EXPECT_EQ(receiver.faults().size(), 2U);
  Headers compressed = good_headers();
  compressed.emplace_back("Content-Encoding", "gzip");
  send(receiver, compressed, good_envelope());
  EXPECT_EQ(receiver.faults().size(), 3U);
  std::string cut = gzip(good_envelope());
  cut.resize(cut.size() / 2);
  send(receiver, compressed, cut);
  EXPECT_EQ(receiver.faults().size(), 4U);
}

TEST(EnvelopeReceiver, AnswersAsItsModeSays) {
  EnvelopeReceiver receiver{EnvelopeReceiver::Mode::kTooMany};
  const Response limited = send(receiver, good_headers(), good_envelope());
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.header("retry-after"), "60");
  receiver.set_mode(EnvelopeReceiver::Mode::kBroken);
  EXPECT_EQ(send(receiver, good_headers(), good_envelope()).status, 500);
  receiver.set_mode(EnvelopeReceiver::Mode::kHang);
  EXPECT_EQ(send(receiver, good_headers(), good_envelope(), 300ms).status, 0);
  EXPECT_EQ(receiver.events().size(), 0U);
  EXPECT_EQ(receiver.requests(), 3U);
}

TEST(EnvelopeReceiver, GivesUpWaitingAtTheDeadline) {
  EnvelopeReceiver receiver;
  EXPECT_FALSE(receiver.wait_for_events(1, 100ms));
}

}  // namespace
}  // namespace integration
