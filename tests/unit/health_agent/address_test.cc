#include "health_agent/address.h"

#include <gtest/gtest.h>

#include "health_agent/fingerprint.h"
#include "health_agent/hosts.h"

namespace health_agent {
namespace {

TEST(Address, LoopbackIsWhatTheAddressIsAndNotHowItBegins) {
  for (const char* host :
       {"127.0.0.1", "127.0.1.1", "127.255.255.254", "127.1", "127.0.1", "2130706433", "0x7f.0.0.1",
        "0177.0.0.1", "::1", "[::1]", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "[::FFFF:127.9.9.9]",
        "localhost", "LocalHost"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"",
                           "127.evil.example",
                           "127.0.0.1.evil.example",
                           "127.",
                           "127.0.0.1.",
                           "127.0.0.256",
                           "127.0.0.1 ",
                           " 127.0.0.1",
                           "127.0.0.1 x",
                           "127.0.0.1:80",
                           "128.0.0.1",
                           "12.7.0.0.1",
                           "0.0.0.0",
                           "::",
                           "[::]",
                           "::2",
                           "::ffff:128.0.0.1",
                           "::127.0.0.1",
                           "[127.0.0.1]",
                           "[::1",
                           "::1]",
                           "::1%lo",
                           "localhost.evil.example",
                           "localhostx",
                           "localhos",
                           "ip6-localhost",
                           "fe80::1",
                           "10.127.0.0"})
    EXPECT_FALSE(is_loopback(host)) << host;
  EXPECT_FALSE(is_loopback(std::string_view{"127.0.0.1\0.evil", 15}));
}

TEST(Address, HasOneSpelling) {
  for (const auto& [text, canonical] : {std::pair{"127.1", "127.0.0.1"},
                                        {"[::1]", "::1"},
                                        {"0:0::0:1", "::1"},
                                        {"::ffff:10.0.0.1", "10.0.0.1"},
                                        {"2001:DB8::0:1", "2001:db8::1"},
                                        {"255.255.255.255", "255.255.255.255"},
                                        {"8.20.100.9", "8.20.100.9"},
                                        {"0.0.0.0", "0.0.0.0"}}) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->str(), canonical);
  }
  EXPECT_TRUE(IpAddress::parse("::")->is_any());
  EXPECT_TRUE(IpAddress::parse("0.0.0.0")->is_any());
  EXPECT_FALSE(IpAddress::parse("::1")->is_any());
}

TEST(AddressList, HoldsAddressesAndNetworks) {
  AddressList list;
  for (const char* good : {"192.0.2.1", "10.0.0.0/8", "2001:db8::/32", "::1"})
    EXPECT_TRUE(list.add(good)) << good;
  for (const char* bad : {"", "proxy", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x",
                          "10.1.0.0/8", "2001:db8::/129", "*", "10.0.0.*"})
    EXPECT_FALSE(list.add(bad)) << bad;
  for (const char* in : {"192.0.2.1", "10.255.0.1", "::ffff:10.2.3.4", "2001:db8:ffff::1", "::1"})
    EXPECT_TRUE(list.contains(*IpAddress::parse(in))) << in;
  for (const char* out : {"192.0.2.2", "11.0.0.1", "2001:db9::1", "::2", "::10.0.0.1"})
    EXPECT_FALSE(list.contains(*IpAddress::parse(out))) << out;
}

TEST(Source, IsTheLastAddressThatNoTrustedProxyWrote) {
  AddressList proxies;
  ASSERT_TRUE(proxies.add("10.0.0.0/8"));
  struct Case {
    const char* peer;
    const char* forwarded;
    const char* source;
  };
  for (const Case& c : {Case{"192.0.2.1", "203.0.113.9", "192.0.2.1"},
                        {"10.0.0.1", "", "10.0.0.1"},
                        {"10.0.0.1", "203.0.113.9", "203.0.113.9"},
                        {"10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"},
                        {"10.0.0.1", "203.0.113.9,10.0.0.7 , 10.0.0.8", "203.0.113.9"},
                        {"10.0.0.1", "10.0.0.9", "10.0.0.9"},
                        {"10.0.0.1", "203.0.113.9, unknown", "10.0.0.1"},
                        {"10.0.0.1", "203.0.113.9, 10.0.0.7, _x", "10.0.0.1"},
                        {"10.0.0.1", ",,,", "10.0.0.1"},
                        {"10.0.0.1", "203.0.113.9:1234", "203.0.113.9"},
                        {"10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"},
                        {"10.0.0.1", "2001:db8::1", "2001:db8::1"},
                        {"::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"},
                        {"::ffff:192.0.2.1", "203.0.113.9", "192.0.2.1"},
                        {"10.0.0.1", "evil\nline", "10.0.0.1"}})
    EXPECT_EQ(source_of(c.peer, c.forwarded, proxies), c.source) << c.peer << " " << c.forwarded;
  EXPECT_EQ(source_of("10.0.0.1", "203.0.113.9", {}), "10.0.0.1");
  EXPECT_EQ(source_of("::ffff:10.0.0.1", "203.0.113.9", {}), "10.0.0.1");
}

TEST(Origin, IsSchemeHostAndPortAndNothingElse) {
  for (const auto& [text, origin] : {std::pair{"http://localhost:3000", "http://localhost:3000"},
                                     {"https://App.Example", "https://app.example"},
                                     {"HTTPS://app.example:443", "https://app.example"},
                                     {"http://app.example:80", "http://app.example"},
                                     {"http://app.example:443", "http://app.example:443"},
                                     {"http://[::1]:3000", "http://[::1]:3000"},
                                     {"http://127.0.0.1", "http://127.0.0.1"}})
    EXPECT_EQ(parse_origin(text).value_or("none"), origin) << text;
  for (const char* text : {"",
                           "null",
                           "*",
                           "a.com",
                           "http://",
                           "http://a.com/",
                           "http://a.com/x",
                           "http://a.com?",
                           "http://a.com#",
                           "http://u@a.com",
                           "http://*.a.com",
                           "ftp://a.com",
                           "http://a.com:",
                           "http://a.com:0",
                           "http://a.com:x",
                           "http://a b.com",
                           "http://a.com ",
                           "http:// a.com",
                           "http://a.com.",
                           "http://[::1",
                           "file://"})
    EXPECT_FALSE(parse_origin(text)) << text;
}

TEST(Fingerprint, IsTheBeginningOfSha256) {
  // FIPS 180-4's examples, and lengths around a block's end.
  EXPECT_EQ(fingerprint(""), "e3b0c442");
  EXPECT_EQ(fingerprint("abc"), "ba7816bf");
  EXPECT_EQ(fingerprint("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), "248d6a61");
  EXPECT_EQ(fingerprint(std::string(55, 'a')), "9f4390f8");
  EXPECT_EQ(fingerprint(std::string(64, 'a')), "ffe054fe");
  EXPECT_EQ(fingerprint(std::string(1'000'000, 'a')), "cdc76e5c");
}

TEST(Fingerprint, WeakIsShortOrOfFewCharacters) {
  for (const char* weak : {"", "x", "hunter2", "123456789012345", "aaaaaaaaaaaaaaaaaaaaaaaa"})
    EXPECT_TRUE(is_weak(weak)) << weak;
  for (const char* good : {"0123456789abcdef", "correct-horse-battery"})
    EXPECT_FALSE(is_weak(good)) << good;
}

TEST(Authority, IsAsItStandsInAUrl) {
  EXPECT_EQ(authority_of("127.0.0.1", 8080), "127.0.0.1:8080");
  EXPECT_EQ(authority_of("localhost", 80), "localhost:80");
  EXPECT_EQ(authority_of("::1", 8080), "[::1]:8080");
  EXPECT_EQ(authority_of("[::1]", 8080), "[::1]:8080");
  EXPECT_EQ(authority_of("::", 9090), "[::]:9090");
}

}  // namespace
}  // namespace health_agent
