#include "export/http_head.h"

#include <gtest/gtest.h>

namespace vitals::exporting {
namespace {

TEST(HttpHead, IsReadWithTheHeadersThatMatter) {
  const auto head = parse_head(
      "GET /metrics?name[]=a HTTP/1.1\r\nHost: x\r\nACCEPT:text/plain\r\naccept: */*\r\n"
      "Accept-Encoding: gzip \r\nAuthorization: Bearer t\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->method, "GET");
  EXPECT_EQ(head->path, "/metrics");
  EXPECT_EQ(head->query, "name[]=a");
  EXPECT_EQ(head->accept, "text/plain, */*");
  EXPECT_EQ(head->accept_encoding, "gzip");
  EXPECT_EQ(head->authorization, "Bearer t");
}

TEST(HttpHead, MayBeForAProxyAndMayEndItsLinesBarely) {
  const auto head = parse_head("GET http://host:9090/metrics HTTP/1.0\n\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->path, "/metrics");
  EXPECT_EQ(parse_head("GET http://host HTTP/1.1\r\n\r\n")->path, "/");
}

TEST(HttpHead, IsNothingWhenItIsNotHttp) {
  for (const char* text :
       {"", "\r\n\r\n", "GET\r\n\r\n", "GET /metrics\r\n\r\n", "GET  HTTP/1.1\r\n\r\n",
        "GET /metrics HTTP/2.0\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n", "G@T / HTTP/1.1\r\n\r\n",
        " / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\n: empty\r\n\r\n", "GET / HTTP/1.1\r\na b: c\r\n\r\n",
        "\x16\x03\x01\x02\n\n"}) {
    EXPECT_FALSE(parse_head(text)) << text;
  }
}

TEST(HttpHead, EndsAtTheFirstEmptyLine) {
  EXPECT_EQ(head_length("GET / HTTP/1.1\r\n\r\nbody"), 18u);
  EXPECT_EQ(head_length("GET / HTTP/1.1\n\nbody\n\n"), 16u);
  EXPECT_EQ(head_length("GET / HTTP/1.1\r\nA: b\r\n"), std::nullopt);
  EXPECT_EQ(head_length(""), std::nullopt);
}

}  // namespace
}  // namespace vitals::exporting
