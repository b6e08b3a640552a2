#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "health_agent/cache/redis_cache.h"

#include "integration/fixture.h"
#include "integration/support/ports.h"
#include "integration/support/proc.h"
#include "integration/support/redis.h"

namespace integration {
namespace {

/// Two authorities, and certificates of the first: a server's for localhost and 127.0.0.1, a
/// server's for another name, one that has run out, and a client's.
class RedisTls : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempDir>();
    const Finished made = run({.command = {"sh", "-ec", R"sh(
make() {
  name=$1; shift
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout $name.key -out $name.pem "$@"
}
signed() { make "$@" -CA ca.pem -CAkey ca.key -addext basicConstraints=critical,CA:FALSE; }
make ca
make other
signed server -addext subjectAltName=DNS:localhost,IP:127.0.0.1
signed elsewhere -addext subjectAltName=DNS:elsewhere.example
signed client
cat client.pem client.key >both.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout old.key -out old.csr
mkdir db && : >db/index && echo 01 >db/serial
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=db/index\nserial=db/serial\nnew_certs_dir=db\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n' >ca.cnf
openssl ca -batch -config ca.cnf -cert ca.pem -keyfile ca.key -in old.csr -out old.pem -startdate 20200101000000Z -enddate 20200201000000Z -notext
chmod a+r *
)sh"},
                               .directory = folder_->path()});
    ASSERT_EQ(made.status->code, 0) << made.errors;
  }
  static void TearDownTestSuite() { folder_.reset(); }

  [[nodiscard]] static std::string file(const std::string& name) { return folder_->file(name); }

  /// A Redis with TLS on this port, and `more` options; it speaks without on another.
  static std::vector<std::string> options(std::uint16_t port, const std::string& certificate,
                                          std::vector<std::string> more = {}) {
    std::vector<std::string> all{"--tls-port",         std::to_string(port),
                                 "--tls-cert-file",    file(certificate + ".pem"),
                                 "--tls-key-file",     file(certificate + ".key"),
                                 "--tls-ca-cert-file", file("ca.pem")};
    if (more.empty()) more = {"--tls-auth-clients", "no"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  static std::string url(std::uint16_t port, const std::string& host = "localhost",
                         const std::string& query = "ssl_ca_certs=" + file("ca.pem")) {
    return "rediss://" + host + ":" + std::to_string(port) + "/0?" + query;
  }
  static std::string health_of(const Service& service) {
    return service.http().get("/api/health").json().value("cache", "");
  }

  /// The service goes on without this cache, and says `cause`; the doctor says it too, and `cure`.
  /// `lost` is what stands for the cause where the reset of the connection overtakes the alert that
  /// tells it.
  static void expect_refused(const std::string& url, const std::string& cause,
                             const std::string& cure, const std::string& lost = {}) {
    SCOPED_TRACE(url);
    const auto says_why = [&](const std::string& text) {
      return text.find(cause) != std::string::npos ||
             (!lost.empty() && text.find(lost) != std::string::npos);
    };
    const ServiceOptions options = health_agent({{"REDIS_URL", url}});
    const Service service{options};
    Http client = service.http();
    create_user(client, "ann");
    EXPECT_EQ(client.get("/api/v1/users/ann/profile").status, 200);
    EXPECT_EQ(health_of(service), "unavailable");
    EXPECT_TRUE(says_why(service.errors())) << service.errors();
    ServiceOptions doctor = options;
    doctor.arguments = {"doctor"};
    const Finished found = run_service(doctor);
    EXPECT_EQ(found.status->code, 1);
    EXPECT_TRUE(says_why(found.output)) << found.output;
    EXPECT_NE(found.output.find(cure), std::string::npos) << found.output;
  }

 private:
  static inline std::unique_ptr<TempDir> folder_;
};

TEST_F(RedisTls, HoldsWhatIsCachedAndMayGoAndComeBack) {
  const std::uint16_t port = free_port();
  Redis redis{
      options(port, "server",
              {"--tls-auth-clients", "no", "--user", "app", "on", ">s3cret", "~*", "+@all"})};
  const std::string at = "app:s3cret@localhost";
  const Service service{health_agent({{"REDIS_URL", url(port, at)}})};
  Http client = service.http();
  create_user(client, "ann");
  const auto hits = [&] {
    return service.metrics().sum("cache_operations_total",
                                 {{"operation", "get"}, {"result", "hit"}});
  };
  EXPECT_EQ(client.patch("/api/v1/users/ann/profile", {{"field", "n"}, {"value", 7}}).status, 200);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(client.get("/api/v1/users/ann/profile").json()["profile"]["n"], 7);
  EXPECT_GE(hits(), 4);
  EXPECT_EQ(health_of(service), "ok");
  EXPECT_EQ(service.errors().find("s3cret"), std::string::npos);

  redis.stop();
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(client.get("/api/v1/users/ann/profile").status, 200);
    return health_of(service) == "unavailable";
  }));
  redis.start();
  EXPECT_TRUE(eventually([&] { return health_of(service) == "ok"; }));
  redis.freeze();
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(client.get("/api/v1/users/ann/profile").status, 200);
    return health_of(service) == "unavailable";
  }));
  redis.thaw();
  EXPECT_TRUE(eventually([&] { return health_of(service) == "ok"; }));
  const double before = hits();
  EXPECT_TRUE(eventually(
      [&] { return client.get("/api/v1/users/ann/profile").status == 200 && hits() > before; }));
}

TEST_F(RedisTls, CarriesValuesOfManyRecords) {
  const std::uint16_t port = free_port();
  const Redis redis{options(port, "server")};
  health_agent::cache::RedisCacheOptions wanted;
  wanted.link.address = *health_agent::cache::parse_redis_url(url(port));
  wanted.link.connect_timeout = 1s;
  wanted.link.command_timeout = Milliseconds{1000} * kSlowness;
  health_agent::cache::RedisCache cache{std::move(wanted)};
  for (const std::size_t size : {16'383U, 16'384U, 16'385U, 1'000'000U}) {
    const std::string value(size, 'x');
    cache.set("key", value);
    EXPECT_TRUE(cache.get("key") == value) << size;
  }
}

TEST_F(RedisTls, TakesTheAuthoritiesOfTheSystemAndOfTheUrl) {
  const std::uint16_t port = free_port();
  const Redis redis{options(port, "server")};
  for (const Settings& settings : std::vector<Settings>{
           {{"REDIS_URL", url(port, "localhost", "")}, {"SSL_CERT_FILE", file("ca.pem")}},
           {{"REDIS_URL", url(port, "127.0.0.1")}},
           {{"REDIS_URL", url(port, "localhost", "ssl_cert_reqs=none")}},
       }) {
    const Service service{health_agent(settings)};
    EXPECT_TRUE(eventually([&] { return health_of(service) == "ok"; }))
        << settings.at("REDIS_URL") << service.errors();
  }
}

TEST_F(RedisTls, ACertificateThatIsNotAcceptedIsAClearWarningAndTheServiceGoesOn) {
  const std::uint16_t port = free_port();
  const std::uint16_t elsewhere = free_port();
  const std::uint16_t old = free_port();
  const Redis good{options(port, "server")};
  const Redis named{options(elsewhere, "elsewhere")};
  const Redis expired{options(old, "old")};
  expect_refused(url(port, "localhost", "ssl_ca_certs=" + file("other.pem")), "not accepted",
                 "?ssl_ca_certs=FILE");
  expect_refused(url(port, "localhost", ""), "not accepted", "?ssl_ca_certs=FILE");
  expect_refused(url(elsewhere), "hostname mismatch", "is for another one");
  expect_refused(url(elsewhere, "127.0.0.1"), "IP address mismatch", "is for another one");
  expect_refused(url(old), "expired", "renew the server's certificate");
  const Service service{
      health_agent({{"REDIS_URL", url(elsewhere) + "&ssl_check_hostname=false"}})};
  EXPECT_TRUE(eventually([&] { return health_of(service) == "ok"; })) << service.errors();
}

TEST_F(RedisTls, TheWrongPortIsAClearWarning) {
  const std::uint16_t port = free_port();
  const Redis redis{options(port, "server")};
  expect_refused(url(redis.port()), "does not speak TLS", "redis:// instead of rediss://");
  expect_refused("redis://127.0.0.1:" + std::to_string(port), "onnection",
                 "rediss:// if that port speaks TLS");
}

TEST_F(RedisTls, ShowsItsOwnCertificateToAServerThatWantsOne) {
  const std::uint16_t port = free_port();
  const Redis redis{options(port, "server", {"--tls-auth-clients", "yes"})};
  for (const std::string& own : std::vector<std::string>{
           "&ssl_certfile=" + file("client.pem") + "&ssl_keyfile=" + file("client.key"),
           "&ssl_certfile=" + file("both.pem")}) {
    const Service service{health_agent({{"REDIS_URL", url(port) + own}})};
    EXPECT_TRUE(eventually([&] { return health_of(service) == "ok"; })) << service.errors();
  }
  expect_refused(url(port), "certificate required", "?ssl_certfile=FILE",
                 "Connection reset by peer");
}

TEST_F(RedisTls, WhatTheUrlNamesAndCannotBeUsedStopsTheStart) {
  write_file(file("empty.pem"), "");
  struct Bad {
    std::string query;
    std::string named;
  };
  for (const Bad& bad : std::vector<Bad>{
           {"ssl_ca_certs=" + file("none.pem"), "No such file"},
           {"ssl_ca_certs=" + file("empty.pem"), "ssl_ca_certs"},
           {"ssl_ca_certs=" + file("ca.key"), "ssl_ca_certs"},
           {"ssl_ca_certs=" + file("db"), "no file"},
           {"ssl_ca_certs=/dev/zero", "no file"},
           {"ssl_ca_certs=", "ssl_ca_certs"},
           {"ssl_certfile=" + file("client.pem"), "ssl_certfile"},
           {"ssl_certfile=" + file("client.pem") + "&ssl_keyfile=" + file("ca.key"), "ssl_keyfile"},
           {"ssl_keyfile=" + file("client.key"), "without ssl_certfile"},
           {"ssl_cert_reqs=perhaps", "ssl_cert_reqs"},
           {"ssl_check_hostname=perhaps", "ssl_check_hostname"},
           {"ssl_nonsense=1", "not known"},
       }) {
    SCOPED_TRACE(bad.query);
    const Finished end =
        run_service(health_agent({{"REDIS_URL", url(1, "u:hunter2@localhost", bad.query)}}));
    ASSERT_TRUE(end.status);
    EXPECT_EQ(end.status->code, 78);
    EXPECT_NE(end.errors.find("  REDIS_URL: "), std::string::npos) << end.errors;
    const std::size_t accepted = end.errors.find("accepted: ");
    ASSERT_NE(accepted, std::string::npos) << end.errors;
    EXPECT_NE(end.errors.find(bad.named, accepted), std::string::npos) << end.errors;
    EXPECT_EQ(end.errors.find("hunter2"), std::string::npos) << end.errors;
  }
}

TEST_F(RedisTls, AServerThatSaysAnythingIsDoneWithout) {
  for (const std::string says :
       {"printf '$536870912\\r\\n'; cat /dev/zero", "printf '*1000000000\\r\\n'; yes ':1'",
        "printf +; cat /dev/zero", "yes noise", "tail -f /dev/null --pid $$"}) {
    SCOPED_TRACE(says);
    const std::uint16_t port = free_port();
    Process server{
        {.command = {"bash", "-c",
                     "exec openssl s_server -quiet -accept " + std::to_string(port) + " -cert " +
                         file("elsewhere.pem") + " -key " + file("elsewhere.key") +
                         " -servername localhost -cert2 " + file("server.pem") + " -key2 " +
                         file("server.key") + " < <(" + says + ")"}}};
    ASSERT_TRUE(eventually([&] { return !sockets_of(server.pid()).listening_ports().empty(); }));
    const Service service{health_agent({{"REDIS_URL", url(port)}})};
    EXPECT_TRUE(eventually([&] {
      return service.errors().find("going on without it") != std::string::npos;
    })) << service.errors();
    EXPECT_EQ(service.errors().find("not accepted"), std::string::npos)
        << "the server was not told whom it was taken for\n"
        << service.errors();
    Http client = service.http();
    const auto begun = std::chrono::steady_clock::now();
    create_user(client, "ann");
    EXPECT_EQ(client.get("/api/v1/users/ann").status, 200);
    EXPECT_LT(seconds_since(begun), kOnTime);
    EXPECT_LT(memory_of(service.pid()), std::size_t{kSlowness * 200} << 20U);
  }
}

}  // namespace
}  // namespace integration
