// The listener for scrapes over TLS, asked by libcurl and by clients that do not play along.

#include <arpa/inet.h>
#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "tests/unit/certificates.h"
#include "vitals/exporting/exposer.h"
#include "vitals/exporting/scrape.h"
#include "vitals/metrics/dynamic_family.h"
#include "vitals/metrics/registry.h"

namespace vitals::exporting {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// What a request came to: the status, or libcurl's error.
struct Scrape {
  CURLcode error = CURLE_OK;
  long status = 0;
  std::string body;
};

struct ScrapeFrom {
  std::string ca;
  std::string certificate{};
  std::string key{};
  long version = CURL_SSLVERSION_DEFAULT;
  std::string ciphers{};
  curl_off_t bytes_per_second = 0;
};

Scrape scrape(std::uint16_t port, const ScrapeFrom& from) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 &curl_easy_cleanup);
  Scrape result;
  const std::string url = "https://localhost:" + std::to_string(port) + "/metrics";
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V4);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(curl.get(), CURLOPT_CAINFO, from.ca.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_SSLVERSION, from.version);
  curl_easy_setopt(curl.get(), CURLOPT_MAX_RECV_SPEED_LARGE, from.bytes_per_second);
  if (!from.ciphers.empty())
    curl_easy_setopt(curl.get(), CURLOPT_SSL_CIPHER_LIST, from.ciphers.c_str());
  if (!from.certificate.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_SSLCERT, from.certificate.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_SSLKEY, from.key.c_str());
  }
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &result.body);
  curl_easy_setopt(
      curl.get(), CURLOPT_WRITEFUNCTION,
      +[](char* data, std::size_t, std::size_t size, std::string* body) {
        body->append(data, size);
        return size;
      });
  result.error = curl_easy_perform(curl.get());
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &result.status);
  return result;
}

/// A client without TLS.
base::Descriptor connect_to(std::uint16_t port) {
  base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return socket;
}

void send_raw(const base::Descriptor& socket, std::string_view bytes) {
  EXPECT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

std::string receive_raw(const base::Descriptor& socket) {
  std::string all;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::recv(socket.get(), buffer.data(), buffer.size(), 0)) > 0;)
    all.append(buffer.data(), static_cast<std::size_t>(n));
  return all;
}

class ExposerTlsTest : public CertificatesTest {
 protected:
  ExposerTlsTest() {
    registry_.gauge("load", "Load.").set(7);
    make("server", "/CN=localhost", "-addext subjectAltName=DNS:localhost");
  }

  [[nodiscard]] ExposerTls tls(const std::string& name = "server") const {
    return {.certificate = file(name + ".pem"), .key = file(name + ".key")};
  }

  std::unique_ptr<Exposer> start(ExposerOptions options) {
    options.port = 0;
    if (options.tls.certificate.empty()) options.tls = tls();
    auto started = Exposer::start(std::move(options), handler_);
    EXPECT_TRUE(started) << started.error().message;
    return std::move(started).value();
  }

  std::string refusal(ExposerTls tls) {
    auto started = Exposer::start({.port = 0, .tls = std::move(tls)}, handler_);
    return started ? "started" : started.error().message;
  }

  [[nodiscard]] ScrapeFrom known() const { return {.ca = file("server.pem")}; }

  /// Some megabytes of series.
  void grow() {
    const auto family =
        registry_.gauge(metrics::LabelNames{"n"}, "wide", "Many.", {.max_series = 200'000});
    for (int i = 0; i < 100'000; ++i)
      family.with({std::to_string(i)}).set(i);
  }

  metrics::Registry registry_;
  ScrapeHandler handler_{registry_};
};

TEST_F(ExposerTlsTest, ServesTheMetrics) {
  const auto exposer = start({});
  const Scrape got = scrape(exposer->port(), known());
  EXPECT_EQ(got.error, CURLE_OK) << curl_easy_strerror(got.error);
  EXPECT_EQ(got.status, 200);
  EXPECT_THAT(got.body, HasSubstr("\nload 7\n"));
  make("other", "/CN=localhost");
  EXPECT_EQ(scrape(exposer->port(), {.ca = file("other.pem")}).error,
            CURLE_PEER_FAILED_VERIFICATION);
}

TEST_F(ExposerTlsTest, ALargeAnswerComesWholeToSlowClientsAndToMany) {
  grow();
  const auto exposer = start({.timeout = 2s});
  std::vector<std::thread> clients;
  std::vector<Scrape> got(9);
  for (std::size_t i = 0; i < got.size(); ++i) {
    clients.emplace_back([&, i] {
      ScrapeFrom from = known();
      // Of some 2 MB; several times the timeout.
      if (i == 0) from.bytes_per_second = 300'000;
      got[i] = scrape(exposer->port(), from);
    });
  }
  for (std::thread& client : clients)
    client.join();
  for (const Scrape& one : got) {
    EXPECT_EQ(one.error, CURLE_OK) << curl_easy_strerror(one.error);
    EXPECT_THAT(one.body, EndsWith("\nwide{n=\"99999\"} 99999\n"));
    EXPECT_GT(one.body.size(), 2'000'000U);
  }
}

TEST_F(ExposerTlsTest, LetsInOnlyClientsWithACertificateOfTheAuthority) {
  make("client", "/CN=prometheus");
  make("stranger", "/CN=prometheus");
  ExposerTls strict = tls();
  strict.client_ca = file("client.pem");
  const auto exposer = start({.tls = strict});
  ScrapeFrom from = known();
  EXPECT_NE(scrape(exposer->port(), from).error, CURLE_OK);
  for (const std::string name : {"stranger", "client"}) {
    from.certificate = file(name + ".pem");
    from.key = file(name + ".key");
    const Scrape got = scrape(exposer->port(), from);
    EXPECT_EQ(got.error == CURLE_OK, name == "client") << name << curl_easy_strerror(got.error);
    EXPECT_EQ(got.status, name == "client" ? 200 : 0);
  }
}

TEST_F(ExposerTlsTest, WhoSpeaksPlainlyIsToldSo) {
  const auto exposer = start({});
  const base::Descriptor client = connect_to(exposer->port());
  send_raw(client, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(receive_raw(client),
              AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("https"), Not(HasSubstr("load"))));
}

TEST_F(ExposerTlsTest, OldVersionsAreRefused) {
  const auto exposer = start({});
  ScrapeFrom from = known();
  from.ciphers = "DEFAULT@SECLEVEL=0";
  from.version = CURL_SSLVERSION_TLSv1_1 | long{CURL_SSLVERSION_MAX_TLSv1_1};
  EXPECT_EQ(scrape(exposer->port(), from).error, CURLE_SSL_CONNECT_ERROR);
  from.version = CURL_SSLVERSION_TLSv1_2 | long{CURL_SSLVERSION_MAX_TLSv1_2};
  EXPECT_EQ(scrape(exposer->port(), from).status, 200);
}

TEST_F(ExposerTlsTest, HalfAndBrokenHandshakesHoldUpNobody) {
  const auto exposer = start({.max_connections = 4, .timeout = 3s});
  std::vector<base::Descriptor> silent;
  for (int i = 0; i < 8; ++i) {
    silent.push_back(connect_to(exposer->port()));
    if (i % 2 == 0) send_raw(silent.back(), std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  }
  const base::Descriptor broken = connect_to(exposer->port());
  send_raw(broken, "\x16" + std::string(2000, 'x'));
  receive_raw(broken);  // an alert, and the end
  EXPECT_EQ(scrape(exposer->port(), known()).status, 200);
  for (const base::Descriptor& one : silent)
    EXPECT_THAT(receive_raw(one), ::testing::SizeIs(::testing::Lt(100)));
}

TEST_F(ExposerTlsTest, AClientThatHangsUpEndsNothing) {
  grow();
  const auto exposer = start({});
  for (int i = 0; i < 20; ++i) {
    // Gone in the middle of the answer: what is written next would raise SIGPIPE.
    const std::string command =
        "timeout -s KILL 0." + std::to_string(1 + i % 3) +
        " openssl s_client -quiet -connect 127.0.0.1:" + std::to_string(exposer->port()) +
        " 2>/dev/null | head -c 1000 >" + file("head");
    FILE* const client = popen(command.c_str(), "w");
    ASSERT_NE(client, nullptr);
    std::fputs("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", client);
    pclose(client);
  }
  EXPECT_EQ(scrape(exposer->port(), known()).status, 200);
}

TEST_F(ExposerTlsTest, RenewedFilesAreTakenUpAndBrokenOnesAreNot) {
  std::mutex mutex;
  std::vector<std::string> troubles;
  const auto exposer = start({.on_trouble = [&](std::string_view what) {
    const std::lock_guard hold{mutex};
    troubles.emplace_back(what);
  }});
  make("new", "/CN=localhost", "-addext subjectAltName=DNS:localhost");
  std::filesystem::copy_file(file("server.pem"), file("old.pem"));
  std::filesystem::rename(file("new.pem"), file("server.pem"));
  // The new certificate with the former key.
  EXPECT_EQ(scrape(exposer->port(), {.ca = file("old.pem")}).status, 200);
  EXPECT_EQ(scrape(exposer->port(), {.ca = file("old.pem")}).status, 200);
  {
    const std::lock_guard hold{mutex};
    EXPECT_THAT(troubles, ElementsAre(AllOf(HasSubstr("the former one goes on"),
                                            HasSubstr("tls.key = \"" + file("server.key")),
                                            HasSubstr("mismatch"))));
  }
  std::filesystem::rename(file("new.key"), file("server.key"));
  EXPECT_EQ(scrape(exposer->port(), known()).status, 200);
  EXPECT_NE(scrape(exposer->port(), {.ca = file("old.pem")}).error, CURLE_OK);
  EXPECT_EQ(troubles.size(), 1U);
}

TEST_F(ExposerTlsTest, FilesThatCannotBeUsedAreNamed) {
  make("locked", "/CN=localhost", "-passout pass:secret");
  make("other", "/CN=localhost");
  EXPECT_THAT(
      refusal({.certificate = file("none.pem"), .key = file("server.key")}),
      AllOf(HasSubstr("tls.certificate = \"" + file("none.pem")), HasSubstr("No such file")));
  EXPECT_THAT(refusal({.certificate = file("server.key"), .key = file("server.key")}),
              AllOf(HasSubstr("tls.certificate"), HasSubstr("no start line")));
  EXPECT_THAT(refusal({.certificate = file("server.pem"), .key = file("other.key")}),
              AllOf(HasSubstr("tls.key"), HasSubstr("mismatch")));
  EXPECT_THAT(refusal(tls("locked")), HasSubstr("tls.key"));
  EXPECT_THAT(refusal({.certificate = file("server.pem")}), HasSubstr("go together"));
  EXPECT_THAT(refusal({.client_ca = file("server.pem")}), HasSubstr("go together"));
  ExposerTls strict = tls();
  strict.client_ca = file("server.key");
  EXPECT_THAT(refusal(strict), HasSubstr("tls.client_ca"));
}

}  // namespace
}  // namespace vitals::exporting
