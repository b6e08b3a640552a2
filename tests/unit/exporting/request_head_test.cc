#include "vitals/exporting/request_head.h"

#include <gtest/gtest.h>

#include <string>

namespace vitals::exporting {
namespace {

/// 0 when the head is read, else the status of its refusal.
int status_of(std::string_view head) {
  const auto read = read_request_head(head);
  const auto* fault = std::get_if<HeadFault>(&read);
  return fault == nullptr ? 0 : fault->status;
}

std::string with(std::string_view field, std::string_view line = "GET / HTTP/1.1") {
  return std::string{line} + "\r\nHost: a\r\n" + std::string{field} + "\r\n\r\n";
}

TEST(RequestHead, IsReadWhole) {
  const std::string text =
      "POST /a%20b?x=1?2 HTTP/1.1\r\nHost: example.org:80\r\naccept:text/plain\r\n"
      "ACCEPT: \t */* \r\nContent-Length: 12\r\nExpect: 100-Continue\r\n\r\n";
  const auto read = read_request_head(text);
  const auto& head = std::get<RequestHead>(read);
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.whole_target, "/a%20b?x=1?2");
  EXPECT_EQ(head.target.path, "/a%20b");
  EXPECT_EQ(head.target.query, "x=1?2");
  EXPECT_EQ(head.host, "example.org:80");
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_TRUE(head.expects_continue);
  EXPECT_FALSE(head.chunked);
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_EQ(head.field("Accept"), "text/plain, */*");
  EXPECT_EQ(head.field("Content-Length"), "12");
  EXPECT_EQ(head.field("Cookie"), "");
}

TEST(RequestHead, TargetsHaveThreeForms) {
  const auto target = [](std::string_view line) {
    const std::string text = std::string{line} + "\r\nHost: a\r\n\r\n";
    const auto read = read_request_head(text);
    const auto* head = std::get_if<RequestHead>(&read);
    return head == nullptr
               ? std::string{"refused"}
               : std::string{head->target.authority} + "|" + std::string{head->target.path} + "|" +
                     std::string{head->target.query};
  };
  EXPECT_EQ(target("GET /a?b HTTP/1.1"), "|/a|b");
  EXPECT_EQ(target("GET http://x/a?b HTTP/1.1"), "x|/a|b");
  EXPECT_EQ(target("GET HTTPS://x:8080?b HTTP/1.1"), "x:8080|/|b");
  EXPECT_EQ(target("OPTIONS http://x HTTP/1.1"), "x|*|");
  EXPECT_EQ(target("OPTIONS * HTTP/1.1"), "|*|");
  for (const char* line :
       {"GET * HTTP/1.1", "GET a HTTP/1.1", "GET http:/a HTTP/1.1", "GET http:///a HTTP/1.1",
        "GET ftp://x/a HTTP/1.1", "GET http://u@x/a HTTP/1.1", "CONNECT x:80 HTTP/1.1",
        "GET /a b HTTP/1.1", "GET /a#b HTTP/1.1", "GET  / HTTP/1.1", "GET /\t HTTP/1.1"}) {
    EXPECT_EQ(target(line), "refused") << line;
  }
}

TEST(RequestHead, TheTargetsAuthorityStandsInPlaceOfHost) {
  const auto read = read_request_head("GET http://b:1/ HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(std::get<RequestHead>(read).host, "b:1");
}

TEST(RequestHead, WhatIsRefusedHasItsStatus) {
  const struct {
    int status;
    std::string head;
  } kCases[] = {
      {0, with("")},
      {0, "GET / HTTP/1.0\r\n\r\n"},
      {0, with("", "GET / HTTP/1.7")},
      {400, "GET / HTTP/1.1\r\n\r\n"},
      {400, with("Host: b")},
      {400, with("Host : b")},
      {400, with("A: b\r\n folded")},
      {400, "GET / HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n"},
      {400, with("A\t: b")},
      {400, with("no colon")},
      {400, with(": b")},
      {400, with("A: b\nB: c")},
      {400, with("A: b\rB: c")},
      {400, "GET / HTTP/1.1\nHost: a\n\n"},
      {400, with(std::string{"A: b\0c", 6})},
      {400, with("A: \x7f")},
      {400, with("A(): b")},
      {0, with("A: \xc3\xa4\t!")},
      {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: [:::1]\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: %zz\r\n\r\n"},
      {0, "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"},
      {0, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
      {400, with("Content-Length: 1\r\nContent-Length: 1")},
      {400, with("Content-Length: 1, 1")},
      {400, with("Content-Length: +1")},
      {400, with("Content-Length: -1")},
      {400, with("Content-Length: 0x1")},
      {400, with("Content-Length:")},
      {0, with("Content-Length: 99999999999999999999999")},
      {0, with("Transfer-Encoding: CHUNKED")},
      {0, with("Transfer-Encoding: , chunked ,")},
      {400, with("Transfer-Encoding: chunked\r\nContent-Length: 1")},
      {400, with("Transfer-Encoding: gzip\r\nContent-Length: 1")},
      {400, with("Transfer-Encoding: chunked, chunked")},
      {400, with("Transfer-Encoding: chunked, gzip")},
      {400, with("Transfer-Encoding: chunked;a=b")},
      {400, with("Transfer-Encoding: \"chunked\"")},
      {400, with("Transfer-Encoding: \x0b"
                 "chunked")},
      {400, with("Transfer-Encoding:")},
      {400, with("Transfer-Encoding: chunked", "GET / HTTP/1.0")},
      {501, with("Transfer-Encoding: gzip, chunked")},
      {501, with("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked")},
      {501, with("Transfer-Encoding: identity")},
      {501, with("Transfer-Encoding: xchunked")},
      {417, with("Expect: 200-ok")},
      {0, with("Expect: 200-ok", "GET / HTTP/1.0")},
      {505, with("", "GET / HTTP/2.0")},
      {505, with("", "PRI * HTTP/2.0")},
      {505, with("", "GET / HTTP/9.9")},
      {505, with("", "GET / HTTP/0.9")},
      {400, with("", "GET /")},
      {400, with("", "GET / HTTP/1.1 ")},
      {400, with("", "GET / HTTP/11")},
      {400, with("", "GET / http/1.1")},
      {400, with("", " / HTTP/1.1")},
      {400, with("", "G@T / HTTP/1.1")},
      {414, with("", "GET /" + std::string(kMaxTarget, 'a') + " HTTP/1.1")},
      {431, with("A: " + std::string(kMaxField, 'a'))},
      {431, with([] {
         std::string many;
         for (std::size_t i = 0; i < kMaxFields; ++i)
           many += "A: b\r\n";
         return many + "A: b";
       }())},
  };
  for (const auto& one : kCases)
    EXPECT_EQ(status_of(one.head), one.status) << one.head.substr(0, 90);
}

TEST(RequestHead, EndsAtTheFirstEmptyLine) {
  EXPECT_EQ(request_head_length("GET / HTTP/1.1\r\n\r\nbody"), 18u);
  EXPECT_EQ(request_head_length("GET / HTTP/1.1\n\nbody\n\n"), 16u);
  EXPECT_EQ(request_head_length("GET / HTTP/1.1\r\nA: b\r\n"), std::nullopt);
  EXPECT_EQ(request_head_length(""), std::nullopt);
  // However it is cut, what was searched need not be searched again.
  const std::string whole = "GET / HTTP/1.1\r\nA: b\r\n\r\nbody";
  const std::string bare = "GET / HTTP/1.1\nA: b\n\nbody";
  for (std::size_t searched = 0; searched < whole.size() - 4; ++searched) {
    const std::string_view before = std::string_view{whole}.substr(0, searched);
    EXPECT_EQ(request_head_length(before), std::nullopt) << searched;
    EXPECT_EQ(request_head_length(whole, searched), whole.size() - 4) << searched;
  }
  for (std::size_t searched = 0; searched < bare.size() - 4; ++searched)
    EXPECT_EQ(request_head_length(bare, searched), bare.size() - 4) << searched;
  EXPECT_EQ(blank_lines("\r\n\r\nGET"), 4u);
  EXPECT_EQ(blank_lines("\n"), 0u);
}

TEST(RequestHead, AFaultIsSeenBeforeTheHeadIsWhole) {
  const auto so_far = [](std::string_view text) {
    const auto fault = fault_so_far(text);
    return fault ? fault->status : 0;
  };
  EXPECT_EQ(so_far("\x16\x03\x01"), 400);
  EXPECT_EQ(so_far("GET /\r\n"), 400);
  EXPECT_EQ(so_far("GET / HTTP/2.0\r\n"), 505);
  EXPECT_EQ(so_far("GET / HTTP/1.1\n"), 400);
  EXPECT_EQ(so_far("GET / HTTP/1.1\r\nHost : a\r\n"), 400);
  EXPECT_EQ(so_far("GET / HTTP/1.1\r\nHost: a\n"), 400);
  EXPECT_EQ(so_far("GET /" + std::string(2 * kMaxTarget, 'a')), 414);
  EXPECT_EQ(so_far("{\"a\""), 400);
  std::string many = "GET / HTTP/1.1\r\n";
  for (std::size_t i = 0; i < kMaxFields; ++i)
    many += "A: b\r\n";
  EXPECT_EQ(so_far(many), 0);
  EXPECT_EQ(so_far(many + "A: b\r\n"), 431);
}

TEST(RequestHead, NoBeginningOfWhatIsRightIsAFault) {
  const std::string right =
      "POST http://a/b?c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  ASSERT_EQ(status_of(right), 0);
  for (std::size_t length = 0; length < right.size(); ++length)
    EXPECT_FALSE(fault_so_far(std::string_view{right}.substr(0, length))) << length;
}

}  // namespace
}  // namespace vitals::exporting
