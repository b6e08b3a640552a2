// What is pushed and to whom, as a gateway sees it. That a real one takes it is for
// tests/integration/pushgateway_test.cc.

#include "vitals/exporting/pushgateway.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "tests/unit/certificates.h"
#include "tests/unit/exporting/gunzip.h"
#include "tests/unit/exporting/protobuf_reader.h"
#include "tests/unit/tiny_server.h"
#include "tests/unit/tls_server.h"
#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"

namespace vitals::exporting {
namespace {

using namespace field;
using metrics::Registry;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string words_of(const Result<void>& done) {
  return done ? "" : done.error().message;
}

/// A request as a gateway got it.
class Pushed {
 public:
  explicit Pushed(const std::string& request) {
    const std::size_t head = request.find("\r\n\r\n");
    EXPECT_NE(head, std::string::npos) << request;
    body = request.substr(head + 4);
    std::size_t at = request.find("\r\n");
    line = request.substr(0, at);
    while (at < head) {
      const std::size_t end = request.find("\r\n", at + 2);
      const std::string field = request.substr(at + 2, end - at - 2);
      const std::size_t colon = field.find(": ");
      fields.emplace(field.substr(0, colon), field.substr(colon + 2));
      at = end;
    }
  }
  /// The value of the only line of that name, or that it is not so.
  [[nodiscard]] std::string field(const std::string& name) const {
    if (fields.count(name) == 0) return "not there";
    return fields.count(name) == 1 ? fields.find(name)->second : "there more than once";
  }

  std::string line;
  std::multimap<std::string, std::string> fields;
  std::string body;
};

constexpr const char* kTextType = "text/plain; version=0.0.4; charset=utf-8";
constexpr const char* kProtobufType =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

class Push : public ::testing::Test {
 protected:
  Push() {
    registry_.counter<"table">("rows_total", "Rows.").with("a\"b").inc(3);
    const auto size = registry_.native_histogram("size_bytes", "Size.", {.schema = 0});
    size.observe(2);
    size.observe(16);
  }

  [[nodiscard]] Pushgateway gateway(PushOptions options) const {
    options.url = "http://127.0.0.1:" + std::to_string(server_.port());
    options.job = "import";
    return Pushgateway{std::move(options)};
  }
  [[nodiscard]] Pushed last() const { return Pushed{server_.requests().back()}; }

  Registry registry_;
  TinyServer server_{TinyServer::answer(202)};
};

TEST_F(Push, IsTheTextOfTheRegistryUnlessAskedOtherwise) {
  ASSERT_EQ(words_of(gateway({}).push(registry_)), "");
  const Pushed pushed = last();
  EXPECT_EQ(pushed.line, "PUT /metrics/job/import HTTP/1.1");
  EXPECT_EQ(pushed.field("Content-Type"), kTextType);
  EXPECT_EQ(pushed.field("Content-Encoding"), "not there");
  EXPECT_EQ(pushed.field("Content-Length"), std::to_string(pushed.body.size()));
  std::string page;
  write_metrics(registry_, Format::kText, page);
  EXPECT_EQ(pushed.body, page);
  EXPECT_THAT(page, HasSubstr("\nrows_total{table=\"a\\\"b\"} 3\n"));
}

/// What the gateway is to make of the body, which holds what the fixture's registry does.
void expect_families(std::string_view body) {
  const std::vector<WireMessage> families = read_delimited(body);
  ASSERT_THAT(families, SizeIs(2));
  EXPECT_EQ(families[0].text(kName), "rows_total");
  EXPECT_EQ(families[0].text(kHelp), "Rows.");
  EXPECT_EQ(families[0].integer(kType), 0U);
  const WireMessage metric = families[0].message(kMetric);
  EXPECT_EQ(labels_of(metric), (std::map<std::string, std::string>{{"table", "a\"b"}}));
  EXPECT_EQ(metric.message(kCounter).real(1), 3);
  EXPECT_EQ(families[1].text(kName), "size_bytes");
  const WireMessage histogram = families[1].message(kMetric).message(kHistogram);
  EXPECT_EQ(histogram.integer(1), 2U);
  EXPECT_EQ(histogram.real(2), 18);
  EXPECT_EQ(histogram.zigzag(5), 0) << "a native histogram's schema";
  EXPECT_THAT(histogram.messages(12), SizeIs(1)) << "its buckets, 1 and 4";
  EXPECT_THAT(histogram.packed(13), ElementsAre(1, -1, 0, 1));
}

TEST_F(Push, IsProtobufWithNativeHistogramsWhereThatIsAsked) {
  ASSERT_EQ(words_of(gateway({.format = Format::kProtobuf}).push(registry_)), "");
  const Pushed pushed = last();
  EXPECT_EQ(pushed.line, "PUT /metrics/job/import HTTP/1.1");
  EXPECT_EQ(pushed.field("Content-Type"), kProtobufType);
  EXPECT_EQ(pushed.field("Content-Encoding"), "not there");
  EXPECT_EQ(pushed.field("Content-Length"), std::to_string(pushed.body.size()));
  expect_families(pushed.body);
}

TEST_F(Push, IsCompressedWhereThatIsAsked) {
  for (const Format format : {Format::kText, Format::kProtobuf}) {
    const Pushgateway compressing = gateway({.format = format, .gzip = true});
    for (const auto& [done, method] : {std::pair{compressing.push(registry_), "PUT "},
                                       std::pair{compressing.push_add(registry_), "POST "}}) {
      ASSERT_EQ(words_of(done), "");
    }
    ASSERT_THAT(server_.requests(), SizeIs(::testing::Ge(2U)));
    const Pushed pushed = last();
    EXPECT_THAT(pushed.line, StartsWith("POST /metrics/job/import "));
    EXPECT_EQ(pushed.field("Content-Type"), format == Format::kText ? kTextType : kProtobufType);
    EXPECT_EQ(pushed.field("Content-Encoding"), "gzip");
    EXPECT_EQ(pushed.field("Content-Length"), std::to_string(pushed.body.size()));
    if (format == Format::kProtobuf) {
      expect_families(gunzip(pushed.body));
      continue;
    }
    std::string page;
    write_metrics(registry_, Format::kText, page);
    EXPECT_EQ(gunzip(pushed.body), page);
  }
}

TEST_F(Push, OfManySeriesGoesSmallAndWhole) {
  const auto family = registry_.counter<"i">("events_total", "Events.", {.max_series = 5000});
  for (int i = 0; i < 5000; ++i)
    family.with(std::to_string(i)).inc(static_cast<std::uint64_t>(i));
  ASSERT_EQ(words_of(gateway({.gzip = true}).push(registry_)), "");
  std::string page;
  write_metrics(registry_, Format::kText, page);
  ASSERT_GT(page.size(), 100'000U);
  const Pushed pushed = last();
  EXPECT_LT(pushed.body.size(), page.size() / 3);
  EXPECT_EQ(gunzip(pushed.body), page);
}

TEST_F(Push, WhatHasNoBodyIsNotCompressed) {
  const Registry empty;
  const Pushgateway compressing = gateway({.gzip = true});
  ASSERT_EQ(words_of(compressing.push(empty)), "");
  EXPECT_EQ(last().line, "PUT /metrics/job/import HTTP/1.1");
  ASSERT_EQ(words_of(compressing.remove()), "");
  EXPECT_EQ(last().line, "DELETE /metrics/job/import HTTP/1.1");
  for (const std::string& request : server_.requests()) {
    const Pushed pushed{request};
    EXPECT_EQ(pushed.body, "");
    EXPECT_EQ(pushed.field("Content-Encoding"), "not there");
    EXPECT_EQ(pushed.field("Content-Length"), "0");
  }
}

TEST_F(Push, FormatsThatAGatewayDoesNotTakeAreRefusedBeforeAnythingIsSent) {
  for (const Format format : {Format::kOpenMetrics, Format::kText1}) {
    EXPECT_THAT(words_of(gateway({.format = format}).push(registry_)),
                HasSubstr("neither text 0.0.4 nor protobuf"));
    EXPECT_FALSE(gateway({.format = format}).push_add(registry_));
  }
  EXPECT_EQ(server_.connections(), 0);
}

class PushOverTls : public CertificatesTest {
 protected:
  PushOverTls() {
    registry_.gauge("load", "Load.").set(7);
    make("server", "/CN=gateway", "-addext subjectAltName=IP:127.0.0.1");
  }

  /// What the client says of a push to the gateway.
  [[nodiscard]] std::string push(const TlsServer& gateway, PushOptions options) const {
    return push(gateway.url(), std::move(options));
  }
  [[nodiscard]] std::string push(std::string url, PushOptions options) const {
    options.url = std::move(url);
    options.job = "import";
    return words_of(Pushgateway{std::move(options)}.push(registry_));
  }
  [[nodiscard]] TlsServer::Files files(const std::string& client_ca = {}) const {
    return {.certificate = file("server.pem"),
            .key = file("server.key"),
            .client_ca = client_ca.empty() ? "" : file(client_ca)};
  }

  Registry registry_;
};

TEST_F(PushOverTls, GoesToAGatewayThatTheNamedAuthorityHasSigned) {
  const TlsServer gateway(files());
  EXPECT_EQ(push(gateway, {.ca_file = file("server.pem")}), "");
  const Pushgateway client{{.url = gateway.url(), .job = "import", .ca_file = file("server.pem")}};
  EXPECT_EQ(words_of(client.push_add(registry_)), "");
  EXPECT_EQ(words_of(client.remove()), "");
  const std::vector<TlsServer::Taken> taken = gateway.taken();
  ASSERT_THAT(taken, SizeIs(3));
  EXPECT_THAT(taken[0].request,
              AllOf(StartsWith("PUT /metrics/job/import HTTP/1.1\r\n"),
                    HasSubstr("\r\n\r\n# HELP load Load.\n"), HasSubstr("\nload 7\n")));
  EXPECT_EQ(taken[0].client, "") << "no certificate was given";
  EXPECT_THAT(taken[1].request, StartsWith("POST /metrics/job/import HTTP/1.1\r\n"));
  EXPECT_THAT(taken[2].request, StartsWith("DELETE /metrics/job/import HTTP/1.1\r\n"));
}

TEST_F(PushOverTls, NothingGoesToAGatewayThatNobodyTrustedHasSigned) {
  make("other", "/CN=gateway", "-addext subjectAltName=IP:127.0.0.1");
  const TlsServer gateway(files());
  // The name of the file, or none: the system's.
  for (const std::string& trusted : {file("other.pem"), std::string()}) {
    EXPECT_THAT(push(gateway, {.authorization = "Bearer s3cret", .ca_file = trusted}),
                AllOf(StartsWith("pushgateway: PUT " + gateway.url() + "/metrics/job/import: "),
                      HasSubstr("certificate"), Not(HasSubstr("s3cret"))));
  }
  EXPECT_THAT(gateway.taken(), IsEmpty());
  EXPECT_EQ(push(gateway, {.ca_file = file("server.pem")}), "");
}

TEST_F(PushOverTls, NothingGoesToAGatewayOfAnotherName) {
  make("elsewhere", "/CN=127.0.0.1", "-addext subjectAltName=DNS:elsewhere.example");
  const TlsServer gateway({.certificate = file("elsewhere.pem"), .key = file("elsewhere.key")});
  EXPECT_THAT(push(gateway, {.ca_file = file("elsewhere.pem")}),
              AllOf(HasSubstr("certificate"), HasSubstr("127.0.0.1'")));
  EXPECT_THAT(gateway.taken(), IsEmpty());
}

TEST_F(PushOverTls, ShowsItsCertificateToAGatewayThatAsksForOne) {
  make("client", "/CN=import-job");
  make("stranger", "/CN=import-job");
  const TlsServer gateway(files("client.pem"));
  const std::string ca = file("server.pem");
  EXPECT_THAT(push(gateway, {.ca_file = ca}), HasSubstr("PUT " + gateway.url())) << "none is shown";
  EXPECT_THAT(push(gateway, {.ca_file = ca,
                             .client_certificate = file("stranger.pem"),
                             .client_key = file("stranger.key")}),
              HasSubstr("PUT " + gateway.url()));
  EXPECT_THAT(gateway.taken(), IsEmpty());
  EXPECT_EQ(push(gateway, {.ca_file = ca,
                           .client_certificate = file("client.pem"),
                           .client_key = file("client.key"),
                           .format = Format::kProtobuf,
                           .gzip = true}),
            "");
  const std::vector<TlsServer::Taken> taken = gateway.taken();
  ASSERT_THAT(taken, SizeIs(1));
  EXPECT_EQ(taken[0].client, "import-job");
  const Pushed pushed{taken[0].request};
  EXPECT_EQ(pushed.field("Content-Type"), kProtobufType);
  EXPECT_EQ(pushed.field("Content-Encoding"), "gzip");
  const std::string body = gunzip(pushed.body);
  const std::vector<WireMessage> families = read_delimited(body);
  ASSERT_THAT(families, SizeIs(1));
  EXPECT_EQ(families[0].text(kName), "load");
  EXPECT_EQ(families[0].message(kMetric).message(kGauge).real(1), 7);
}

TEST_F(PushOverTls, FilesThatCannotBeUsedAreNamed) {
  make("client", "/CN=import-job");
  make("other", "/CN=import-job");
  const TlsServer gateway(files("client.pem"));
  const std::string ca = file("server.pem");
  std::ofstream(file("empty.pem")).close();
  for (const char* none : {"none.pem", "empty.pem"}) {
    EXPECT_THAT(push(gateway, {.ca_file = file(none)}), HasSubstr(file(none)));
    EXPECT_THAT(
        push(gateway,
             {.ca_file = ca, .client_certificate = file(none), .client_key = file("client.key")}),
        HasSubstr(file(none)));
    EXPECT_THAT(
        push(gateway,
             {.ca_file = ca, .client_certificate = file("client.pem"), .client_key = file(none)}),
        HasSubstr(file(none)));
  }
  EXPECT_THAT(push(gateway, {.ca_file = ca,
                             .client_certificate = file("client.pem"),
                             .client_key = file("other.key")}),
              HasSubstr("key"));
  EXPECT_THAT(gateway.taken(), IsEmpty());
}

TEST_F(PushOverTls, AKeyWithAPassphraseIsAnErrorAndNoQuestion) {
  make("locked", "/CN=import-job", "-passout pass:secret");
  int urls[2] = {-1, -1};
  ASSERT_EQ(::pipe(urls), 0);
  // Before the gateway's thread is there, which may hold the AddressSanitizer's lock.
  const pid_t child = ::fork();
  if (child == 0) {
    // Without a terminal, where OpenSSL would ask: then it would read standard input, and go on.
    constexpr std::string_view kPassphrase = "secret\n";
    int ends[2] = {-1, -1};
    std::array<char, 64> url{};
    if (::setsid() < 0 || ::pipe(ends) != 0 || ::dup2(ends[0], STDIN_FILENO) < 0 ||
        ::write(ends[1], kPassphrase.data(), kPassphrase.size()) < 0 ||
        ::read(urls[0], url.data(), url.size() - 1) <= 0)
      ::_exit(2);
    const std::string words = push(url.data(), {.ca_file = file("server.pem"),
                                                .client_certificate = file("locked.pem"),
                                                .client_key = file("locked.key")});
    ::_exit(words.find(file("locked.key")) != std::string::npos ? 0 : 1);
  }
  const TlsServer gateway(files("locked.pem"));
  const std::string url = gateway.url();
  ASSERT_EQ(::write(urls[1], url.data(), url.size()), static_cast<ssize_t>(url.size()));
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "it was taken, or the file was not named";
  EXPECT_THAT(gateway.taken(), IsEmpty());
  ::close(urls[0]);
  ::close(urls[1]);
}

}  // namespace
}  // namespace vitals::exporting
