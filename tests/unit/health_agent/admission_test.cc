#include "health_agent/api/admission.h"

#include <gmock/gmock.h>

#include "health_agent/errors.h"

namespace health_agent::api {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Pair;

Request request_with(std::string_view authorization, std::string_view address = "10.0.0.1") {
  Request request;
  request.remote_address = address;
  request.header = [authorization](std::string_view name) {
    return name == "Authorization" ? authorization : std::string_view{};
  };
  return request;
}

TEST(Admission, WithoutKeysLetsEverybodyIn) {
  Admission admission{{}, {}, 0};
  EXPECT_NO_THROW(admission.check(request_with("")));
}

TEST(Admission, WantsOneOfTheKeysExactly) {
  Admission admission{{"alpha", "beta"}, {}, 0};
  EXPECT_NO_THROW(admission.check(request_with("Bearer alpha")));
  EXPECT_NO_THROW(admission.check(request_with("bearer beta")));
  for (const char* bad : {"", "Bearer", "Bearer ", "Bearer alph", "Bearer alphaa", "Bearer ALPHA",
                          "Basic alpha", "alpha", "Bearer alpha ", "Bearer  alpha"}) {
    EXPECT_THROW(admission.check(request_with(bad)), AuthenticationError) << bad;
  }
}

TEST(Admission, NewKeysReplaceTheOldOnes) {
  Admission admission{{"old"}, {}, 0};
  admission.set_keys({"new"});
  EXPECT_THROW(admission.check(request_with("Bearer old")), AuthenticationError);
  EXPECT_NO_THROW(admission.check(request_with("Bearer new")));
}

TEST(Admission, GuessingKeysIsLimitedByAddressAndLeavesHoldersAlone) {
  Admission admission{{"key"}, {}, 2};
  EXPECT_THROW(admission.check(request_with("Bearer guess1")), AuthenticationError);
  EXPECT_THROW(admission.check(request_with("Bearer guess2")), AuthenticationError);
  EXPECT_THROW(admission.check(request_with("Bearer guess3")), RateLimitError);
  EXPECT_NO_THROW(admission.check(request_with("Bearer key")));
}

TEST(Admission, OnlyListedOriginsMayRead) {
  const Admission admission{{}, {"https://app.example"}, 0};
  EXPECT_THAT(admission.cors_headers(""), IsEmpty());
  EXPECT_THAT(admission.cors_headers("https://app.example"),
              Contains(Pair("Access-Control-Allow-Origin", "https://app.example")));
  EXPECT_THAT(admission.cors_headers("https://evil.example"),
              ::testing::Not(Contains(Pair("Access-Control-Allow-Origin", ::testing::_))));
}

}  // namespace
}  // namespace health_agent::api
