#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "integration/fixture.h"

namespace integration {
namespace {

Json fingerprint_after_failure(EnvelopeReceiver& receiver, Service& service, std::size_t events) {
  EXPECT_EQ(service.http().get("/api/v1/users/ann").status, 500);
  EXPECT_TRUE(receiver.wait_for_events(events));
  return receiver.events().back().value("fingerprint", Json{});
}

TEST(Grouping, TheRulesOfTheFileHoldAndSighupReadsThemAgain) {
  const TempDir folder;
  const std::string file = folder.file("rules.txt");
  write_file(file, "# first\ntype:std::runtime_error value:\"*injected*\" -> injected\n");
  EnvelopeReceiver receiver;
  Service service{health_agent(
      with_sentry(receiver, {{"FAULTS", "handler:1.0"}, {"SENTRY_FINGERPRINT_RULES", file}}))};
  EXPECT_EQ(fingerprint_after_failure(receiver, service, 1), Json::array({"injected"}));

  write_file(file, "type:std::runtime_error -> again-{{ level }}\n");
  service.process().send_signal(SIGHUP);
  EXPECT_TRUE(eventually([&] {
    return service.errors().find("took SENTRY_FINGERPRINT_RULES, 1 rules") != std::string::npos;
  })) << service.errors();
  EXPECT_EQ(fingerprint_after_failure(receiver, service, 2), Json::array({"again-error"}));

  write_file(file, "type:std::runtime_error ->\n");
  service.process().send_signal(SIGHUP);
  EXPECT_TRUE(eventually([&] {
    return service.errors().find("SENTRY_FINGERPRINT_RULES was not taken") != std::string::npos;
  })) << service.errors();
  EXPECT_EQ(fingerprint_after_failure(receiver, service, 3), Json::array({"again-error"}))
      << "faulty rules took the place of good ones";
}

}  // namespace
}  // namespace integration
