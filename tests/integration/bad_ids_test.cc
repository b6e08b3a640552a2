#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "integration/fixture.h"

namespace integration {
namespace {

const std::vector<std::string>& absurd_ids() {
  static const std::vector<std::string> kIds{
      std::string(65, 'x'),       std::string(10'000, 'x'), std::string{"\x01"},
      std::string{"a\nb"},        std::string{"a\0b", 3},   std::string{"\0", 1},
      std::string{"../etc"},      std::string{"a/b"},       std::string{"a b"},
      std::string{"a?b"},         std::string{"a#b"},       std::string{"a'b"},
      std::string{"a\"b"},        std::string{"a\\b"},      std::string{"{user_id}"},
      std::string{"Ann\xC3\xA9"}, std::string{"\x7f"},      std::string{"a+b"},
      std::string{"a%b"},         std::string{" ann"},
  };
  return kIds;
}

TEST(BadIds, InAPathAreRefusedOnEveryRoute) {
  const Service service{health_agent({{"LOG_LEVEL", "error"}})};
  Http client = service.http();
  for (const std::string& id : absurd_ids()) {
    const std::string path = "/api/v1/users/" + percent_encode(id);
    const std::vector<std::pair<std::string, std::string>> requests{
        {"GET", ""},      {"GET", "/profile"}, {"GET", "/preferences"},
        {"GET", "/food"}, {"DELETE", ""},      {"DELETE", "/conversation"}};
    for (const auto& [method, rest] : requests) {
      SCOPED_TRACE(method + " " + path.substr(0, 80) + rest);
      const Response response = client.send({.method = method, .path = path + rest});
      EXPECT_TRUE(response.status == 400 || (response.status == 414 && id.size() > 1000))
          << response.status << response.error;
      if (response.status == 400) expect_error(response, 400, "ValidationError");
    }
  }
  EXPECT_TRUE(service.healthy());
}

TEST(BadIds, InABodyAreRefusedAndNameTheField) {
  const Service service{health_agent({{"LOG_LEVEL", "error"}})};
  Http client = service.http();
  std::vector<std::string> ids = absurd_ids();
  ids.emplace_back("");
  for (const std::string& id : ids) {
    SCOPED_TRACE(percent_encode(id).substr(0, 80));
    for (const Response& response :
         {client.post("/api/v1/users", {{"user_id", id}}),
          client.post("/api/v1/chat", {{"user_id", id}, {"message", "an egg"}})}) {
      expect_error(response, 400, "ValidationError");
      EXPECT_NE(response.body.find("user_id"), std::string::npos) << response.body.substr(0, 300);
      EXPECT_LT(response.body.size(), 2000U) << "the answer repeats all of it";
    }
  }
  EXPECT_TRUE(service.healthy());
}

TEST(BadIds, AnEmptyOneOrAPathOutOfTheTreeFindsNothing) {
  const Service service{health_agent()};
  Http client = service.http();
  for (const char* path :
       {"/api/v1/users/", "/api/v1/users//profile", "/api/v1/users/../../../etc/passwd",
        "/api/v1/users/../users/ann", "//api/v1/users/ann", "/api/v1/users/ann/",
        "/%2e%2e/%2e%2e/etc/passwd"}) {
    SCOPED_TRACE(path);
    const Response response = client.get(path);
    EXPECT_TRUE(response.status == 404 || response.status == 400) << response.status;
    EXPECT_TRUE(response.json().contains("request_id")) << response.body;
  }
}

TEST(BadIds, BrokenPercentEncodingIsRefused) {
  const Service service{health_agent()};
  Http client = service.http();
  for (const char* path :
       {"/api/v1/users/%", "/api/v1/users/%4", "/api/v1/users/%zz", "/api/v1/users/ann%"})
    EXPECT_EQ(client.get(path).status, 400) << path;
}

}  // namespace
}  // namespace integration
