#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "integration/support/http.h"
#include "integration/support/http_server.h"
#include "integration/support/ports.h"
#include "integration/support/raw_socket.h"

namespace integration {
namespace {

HttpServer echo() {
  return HttpServer{free_port(), [](const ServerRequest& request) {
                      return ServerAnswer{
                          .status = 201,
                          .headers = "X-Seen: " + request.headers.at("x-sent") + "\r\n",
                          .body = request.method + " " + request.path + " " + request.body};
                    }};
}

TEST(Http, SendsMethodPathHeadersAndBodyAndReadsTheAnswer) {
  const HttpServer server = echo();
  Http client{server.port()};
  client.always_send({{"X-Sent", "yes"}});
  const Response put = client.send({.method = "PATCH", .path = "/a/../b?c=%00", .body = "hello"});
  EXPECT_EQ(put.status, 201);
  EXPECT_EQ(put.header("x-seen"), "yes");
  EXPECT_EQ(put.body, "PATCH /a/../b?c=%00 hello");
  EXPECT_EQ(client.get("/x").body, "GET /x ");
  EXPECT_EQ(server.connections(), 1U);
}

TEST(Http, SaysWhyThereIsNoAnswer) {
  Http client{free_port()};
  const Response none = client.get("/");
  EXPECT_EQ(none.status, 0);
  EXPECT_NE(none.error, "");
  EXPECT_THROW(static_cast<void>(none.json()), std::runtime_error);
}

TEST(Http, ReadsEventStreams) {
  EXPECT_EQ(
      event_stream_data("data: a\n\nevent: x\ndata: b\r\ndata:c\r\n\r\n: comment\n\ndata: cut"),
      (std::vector<std::string>{"a", "b\nc"}));
}

TEST(Http, EncodesPaths) {
  EXPECT_EQ(percent_encode(std::string{"a/\0~", 4}), "a%2F%00~");
}

TEST(RawSocket, ReadsAnswersOneAfterTheOther) {
  const HttpServer server = echo();
  RawSocket socket{server.port()};
  ASSERT_TRUE(
      socket.send("GET /1 HTTP/1.1\r\nX-Sent: a\r\n\r\nGET /2 HTTP/1.1\r\nX-Sent: b\r\n\r\n"));
  const auto first = socket.read_response();
  const auto second = socket.read_response();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->body, "GET /1 ");
  EXPECT_EQ(second->header("x-seen"), "b");
  EXPECT_FALSE(socket.read_response(50ms));
  EXPECT_FALSE(socket.closed_within(50ms));
}

TEST(RawSocket, ReadsChunksAndSeesTheOtherSideClose) {
  const std::uint16_t port = free_port();
  const int listener = listen_on(port);
  RawSocket socket{port};
  const int peer = ::accept(listener, nullptr, nullptr);
  const std::string answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  ASSERT_EQ(::send(peer, answer.data(), answer.size(), 0), static_cast<ssize_t>(answer.size()));
  const auto response = socket.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "abcde");
  EXPECT_FALSE(socket.closed_within(50ms));
  ::send(peer, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", 41, 0);
  ::close(peer);
  EXPECT_FALSE(socket.read_response());
  EXPECT_TRUE(socket.closed_within(2s));
  ::close(listener);
}

}  // namespace
}  // namespace integration
