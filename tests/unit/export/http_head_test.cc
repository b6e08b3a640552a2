#include "export/http_head.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace vitals::exporting {
namespace {

/// 0 when the head is taken, else the status of the refusal.
int status_of(const std::string& head) {
  const auto parsed = parse_head(head);
  const auto* const fault = std::get_if<HeadFault>(&parsed);
  return fault == nullptr ? 0 : fault->status;
}

std::string get(const std::string& fields) {
  return "GET /metrics HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
}

TEST(HttpHead, IsReadWithTheHeadersThatMatter) {
  const auto parsed = parse_head(
      "GET /metrics?name[]=a HTTP/1.1\r\nHost: x\r\nACCEPT:text/plain\r\naccept: */*\r\n"
      "Accept-Encoding: gzip \r\nAuthorization: Bearer t\r\n\r\n");
  const auto* const head = std::get_if<HttpHead>(&parsed);
  ASSERT_NE(head, nullptr);
  EXPECT_EQ(head->method, "GET");
  EXPECT_EQ(head->path, "/metrics");
  EXPECT_EQ(head->query, "name[]=a");
  EXPECT_EQ(head->accept, "text/plain, */*");
  EXPECT_EQ(head->accept_encoding, "gzip");
  EXPECT_EQ(head->authorization, "Bearer t");
}

TEST(HttpHead, FindsThePathInEveryFormOfTarget) {
  struct {
    const char* line;
    const char* path;
    const char* query;
  } const table[] = {
      {"GET http://host:9090/metrics HTTP/1.0\n\n", "/metrics", ""},
      {"GET http://host HTTP/1.0\r\n\r\n", "/", ""},
      {"GET HTTP://[::1]:9090?a=b HTTP/1.0\r\n\r\n", "/", "a=b"},
      {"GET https://host/metrics?a=/b HTTP/1.0\r\n\r\n", "/metrics", "a=/b"},
      {"GET /a?b=http://c/d HTTP/1.0\r\n\r\n", "/a", "b=http://c/d"},
      {"OPTIONS * HTTP/1.0\r\n\r\n", "*", ""},
      {"\r\n\r\nGET /metrics HTTP/1.0\r\n\r\n", "/metrics", ""},
  };
  for (const auto& row : table) {
    const auto parsed = parse_head(row.line);
    const auto* const head = std::get_if<HttpHead>(&parsed);
    ASSERT_NE(head, nullptr) << row.line;
    EXPECT_EQ(head->path, row.path) << row.line;
    EXPECT_EQ(head->query, row.query) << row.line;
  }
}

TEST(HttpHead, IsRefusedWithTheStatusThatTheStandardsSay) {
  struct {
    std::string head;
    int status;
  } const table[] = {
      {"", 400},
      {"\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET /metrics\r\n\r\n", 400},
      {"GET  HTTP/1.1\r\n\r\n", 400},
      {"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"G@T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {" / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /\x80 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET ftp://x/metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET http:///metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET http://a@b/metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"\x16\x03\x01\x02\n\n", 400},
      {"GET / http/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET / HTTP/1.1x\r\nHost: x\r\n\r\n", 400},
      {"GET / HTTP/11\r\nHost: x\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
      {"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505},
      {"GET / HTTP/0.9\r\n\r\n", 505},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\n\r\n", 0},
      {"GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n", 400},
      {get(""), 0},
      {get("Host: x\r\n"), 400},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 0},
      {"GET / HTTP/1.1\r\nHost: [::1]:9090\r\n\r\n", 0},
      {"GET / HTTP/1.1\r\nHost: x:y\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: []\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400},
      {get("no colon\r\n"), 400},
      {get(": empty\r\n"), 400},
      {get("a b: c\r\n"), 400},
      {get("A : b\r\n"), 400},
      {get("Transfer-Encoding : chunked\r\n"), 400},
      {get("A: b\r\n c\r\n"), 400},
      {get("A: b\r\n\tc\r\n"), 400},
      {get("A: b\rc\r\n"), 400},
      {get(std::string("A: b\0c\r\n", 8)), 400},
      {get("A: b\x7F\r\n"), 400},
      {get("A: caf\xC3\xA9\tx\r\n"), 0},
      {get("A:\r\n"), 0},
      {get("Content-Length: 5\r\n"), 0},
      {get("Content-Length: 5\r\nContent-Length: 5\r\n"), 0},
      {get("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
      {get("Content-Length: +5\r\n"), 400},
      {get("Content-Length: -5\r\n"), 400},
      {get("Content-Length: 5, 5\r\n"), 400},
      {get("Content-Length: 0x5\r\n"), 400},
      {get("Content-Length:\r\n"), 400},
      {get("Content-Length: 9999999999999999999\r\n"), 400},
      {get("Transfer-Encoding: chunked\r\n"), 0},
      {get("Transfer-Encoding: CHUNKED\r\n"), 0},
      {get("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {get("Transfer-Encoding: chunked, gzip\r\n"), 501},
      {get("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), 501},
      {get("Transfer-Encoding: xchunked\r\n"), 501},
      {get("Transfer-Encoding: identity\r\n"), 501},
      {get("Transfer-Encoding: chunked;a=b\r\n"), 501},
      {get("Transfer-Encoding: chunked, chunked\r\n"), 400},
      {get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {get("Transfer-Encoding:\r\n"), 400},
      {get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
      {get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {get("Expect: 100-continue\r\n"), 0},
      {get("Expect: 200-ok\r\n"), 417},
  };
  for (const auto& row : table)
    EXPECT_EQ(status_of(row.head), row.status) << row.head;
}

TEST(HttpHead, IsRefusedAsSoonAsItCannotBeHttp) {
  for (const char* start : {"", "\r", "\r\n", "G", "GET /met", "GET /metrics HTTP/1.1",
                            "GET /metrics HTTP/1.1\r\n", "\r\nGET / HTTP/1.0\r\nA"}) {
    EXPECT_FALSE(fault_so_far(start)) << start;
  }
  struct {
    const char* start;
    int status;
  } const table[] = {{"\x16\x03\x01", 400},
                     {" GET / HTTP/1.1", 400},
                     {"GET /metrics\r\n", 400},
                     {"GET / HTTP/2.0\r\n", 505},
                     {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
                     {"\r\nGET /a b HTTP/1.1\r\nHo", 400}};
  for (const auto& row : table) {
    const auto fault = fault_so_far(row.start);
    ASSERT_TRUE(fault) << row.start;
    EXPECT_EQ(fault->status, row.status) << row.start;
  }
}

TEST(HttpHead, EndsAtTheFirstEmptyLine) {
  EXPECT_EQ(head_length("GET / HTTP/1.1\r\n\r\nbody"), 18u);
  EXPECT_EQ(head_length("GET / HTTP/1.1\n\nbody\n\n"), 16u);
  EXPECT_EQ(head_length("\r\n\r\nGET / HTTP/1.1\r\n\r\nbody"), 22u);
  EXPECT_EQ(head_length("\r\n\r\n"), std::nullopt);
  EXPECT_EQ(head_length("GET / HTTP/1.1\r\nA: b\r\n"), std::nullopt);
  EXPECT_EQ(head_length(""), std::nullopt);
}

}  // namespace
}  // namespace vitals::exporting
