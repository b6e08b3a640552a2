#include "health_agent/api/refusing_socket.h"

#include <gtest/gtest.h>

namespace health_agent::api {
namespace {

TEST(Refusal, HasTheStatusOfWhatTheParserSaid) {
  EXPECT_EQ(refusal_of("[connection:1] parser error HPE_CB_headers_complete: x").status, 413);
  EXPECT_EQ(refusal_of("[connection:1] parser error HPE_CB_body: x").status, 413);
  EXPECT_EQ(refusal_of("[connection:1] parser error HPE_CB_url: x").status, 414);
  EXPECT_EQ(refusal_of("[connection:1] parser error HPE_CB_header_value: x").status, 431);
  EXPECT_EQ(refusal_of("[connection:1] parser error HPE_HEADER_OVERFLOW: x").status, 431);
  EXPECT_EQ(refusal_of("[connection:1] parser error HPE_INVALID_METHOD: x").status, 400);
  EXPECT_EQ(refusal_of("[connection:1] parser error HPE_INVALID_HEADER_TOKEN: x").status, 400);
}

TEST(Refusal, OfAConnectionThatBrokeIsNone) {
  EXPECT_EQ(
      refusal_of("[connection:1] read socket error: Connection reset by peer; parsed bytes: 12")
          .status,
      0);
}

}  // namespace
}  // namespace health_agent::api
