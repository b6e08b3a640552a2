#include "health_agent/api/http_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

namespace health_agent::api {
namespace {

using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(LastAnswer, HasWhatEveryAnswerHas) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  send_last_answer(ends[0]);
  ::close(ends[0]);
  std::string answer(4096, '\0');
  const ssize_t size = ::recv(ends[1], answer.data(), answer.size(), 0);
  ::close(ends[1]);
  ASSERT_GT(size, 0);
  answer.resize(static_cast<std::size_t>(size));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(answer, ContainsRegex("\r\nDate: [A-Z][a-z][a-z], [0-9][0-9] [A-Z][a-z][a-z] "
                                    "[0-9]{4} [0-9:]{8} GMT\r\n"));
  for (const char* field : {"Cache-Control: no-store", "X-Content-Type-Options: nosniff",
                            "Retry-After: 1", "Content-Length: 0", "Connection: close"}) {
    EXPECT_THAT(answer, HasSubstr(std::string{"\r\n"} + field + "\r\n"));
  }
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

}  // namespace
}  // namespace health_agent::api
