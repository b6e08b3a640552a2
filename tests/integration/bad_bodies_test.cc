#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/proc.h"
#include "integration/support/raw_socket.h"

namespace integration {
namespace {

struct Route {
  const char* method;
  const char* path;
};

const std::vector<Route>& routes_with_bodies() {
  static const std::vector<Route> kRoutes{{"POST", "/api/v1/chat"},
                                          {"POST", "/api/v1/users"},
                                          {"PATCH", "/api/v1/users/ann/profile"},
                                          {"PATCH", "/api/v1/users/ann/preferences"},
                                          {"POST", "/api/v1/users/ann/food"}};
  return kRoutes;
}

class BadBodies : public testing::Test {
 protected:
  void SetUp() override { create_user(client_, "ann"); }
  void TearDown() override {
    EXPECT_TRUE(service_.healthy());
    EXPECT_EQ(client_.get("/api/v1/users/ann").status, 200);
  }

  // Every route with a body says 400 to this one.
  void expect_refused(const std::string& body) {
    for (const Route& route : routes_with_bodies()) {
      SCOPED_TRACE(std::string{route.method} + " " + route.path + " " + body.substr(0, 60));
      expect_error(client_.send({.method = route.method,
                                 .path = route.path,
                                 .headers = {{"Content-Type", "application/json"}},
                                 .body = body}),
                   400, "ValidationError");
    }
  }

  Service service_{health_agent({{"LOG_LEVEL", "error"}})};
  Http client_ = service_.http();
};

TEST_F(BadBodies, NoBodyIsRefused) {
  expect_refused("");
}

TEST_F(BadBodies, MalformedJsonIsRefused) {
  for (const char* body : {"{", "}", "nonsense", "{\"user_id\":}", "{\"user_id\":\"ann\",}",
                           "{\"user_id\":\"ann\"} more", "{'user_id':'ann'}",
                           "{\"user_id\":\"an\nn\"}", "\"\\ud800\"", "{\"a\":1e999}", "NaN"}) {
    expect_refused(body);
  }
}

TEST_F(BadBodies, JsonThatIsNoObjectIsRefused) {
  for (const char* body : {"null", "1", "\"text\"", "[]", "[{\"user_id\":\"ann\"}]", "true"})
    expect_refused(body);
}

TEST_F(BadBodies, InvalidUtf8IsRefused) {
  for (const char* bytes : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    expect_refused(std::string{"{\"user_id\":\"ann\",\"message\":\""} + bytes + "\"}");
    expect_refused(std::string{"{\""} + bytes + "\":\"ann\"}");
  }
}

TEST_F(BadBodies, DeeplyNestedJsonIsRefused) {
  expect_refused(std::string(200'000, '['));
  std::string value;
  for (int i = 0; i < 50'000; ++i)
    value += "[";
  for (int i = 0; i < 50'000; ++i)
    value += "]";
  const Response response =
      client_.post_text("/api/v1/chat", "{\"user_id\":\"ann\",\"message\":" + value + "}");
  expect_error(response, 400, "ValidationError");
  const Response profile = client_.send({.method = "PATCH",
                                         .path = "/api/v1/users/ann/profile",
                                         .headers = {{"Content-Type", "application/json"}},
                                         .body = "{\"field\":\"x\",\"value\":" + value + "}"});
  expect_error(profile, 400, "ValidationError");
}

TEST_F(BadBodies, TenMegabytesAreRefusedWith413) {
  const std::string body =
      "{\"user_id\":\"ann\",\"message\":\"" + std::string(10U << 20U, 'x') + "\"}";
  for (const Route& route : routes_with_bodies()) {
    SCOPED_TRACE(route.path);
    const Response response =
        service_.http().send({.method = route.method,
                              .path = route.path,
                              .headers = {{"Content-Type", "application/json"}},
                              .body = body});
    EXPECT_EQ(response.status, 413) << response.error;
    EXPECT_TRUE(response.json().contains("request_id")) << response.body;
  }
}

TEST_F(BadBodies, ABodyThatIsSaidToBeHugeIsRefusedBeforeItIsSent) {
  const std::size_t before = memory_of(service_.pid());
  RawSocket client{service_.api_port()};
  ASSERT_TRUE(client.send(
      "POST /api/v1/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n{"));
  const auto response = client.read_response(60s);
  ASSERT_TRUE(response) << "no answer";
  EXPECT_EQ(response->status, 413);
  EXPECT_LT(memory_of(service_.pid()), before + (64U << 20U));
}

TEST_F(BadBodies, ChunkedBodiesHaveTheSameLimit) {
  RawSocket client{service_.api_port()};
  ASSERT_TRUE(client.send(
      "POST /api/v1/chat HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
  bool open = true;
  for (int i = 0; i < 160 && open; ++i)
    open = client.send(chunk);
  if (open) client.send("0\r\n\r\n");
  const auto response = client.read_response(60s);
  if (response) {
    EXPECT_EQ(response->status, 413);
  }
  EXPECT_TRUE(response || !open) << "ten megabytes were taken and not answered";
}

TEST_F(BadBodies, WrongTypesAndUnknownFieldsNameTheField) {
  const auto refuse = [this](const Route& route, const Json& body, const std::string& field) {
    SCOPED_TRACE(std::string{route.path} + " " + body.dump());
    const Response response =
        client_.send({.method = route.method, .path = route.path, .body = body.dump()});
    expect_error(response, 400, "ValidationError");
    EXPECT_NE(response.body.find(field), std::string::npos) << response.body;
  };
  const Route users{"POST", "/api/v1/users"};
  refuse(users, Json::object(), "user_id");
  for (const Json& wrong : {Json(1), Json(true), Json(), Json::array(), Json::object()})
    refuse(users, {{"user_id", wrong}}, "user_id");
  refuse(users, {{"user_id", "bob"}, {"profile", "vegan"}}, "profile");
  refuse(users, {{"user_id", "bob"}, {"admin", true}}, "admin");
  const Route profile{"PATCH", "/api/v1/users/ann/profile"};
  refuse(profile, {{"value", 1}}, "field");
  refuse(profile, {{"field", "diet"}}, "value");
  refuse(profile, {{"field", 1}, {"value", 1}}, "field");
  refuse(profile, {{"field", ""}, {"value", 1}}, "field");
  refuse(profile, {{"field", "diet"}, {"value", 1}, {"force", true}}, "force");
  const Route preferences{"PATCH", "/api/v1/users/ann/preferences"};
  refuse(preferences, {{"value", 1}}, "preference");
  refuse(preferences, {{"preference", "units"}}, "value");
  refuse(preferences, {{"preference", "units"}, {"value", 1}, {"field", "units"}}, "field");
  EXPECT_EQ(client_.get("/api/v1/users/bob").status, 404) << "a refused request did something";
}

TEST_F(BadBodies, TextThatLooksLikeCodeIsOnlyText) {
  for (const std::string& text :
       {std::string{"'; DROP TABLE users; --"}, std::string{"<script>alert(1)</script>"},
        std::string{"%s%n{}"}, std::string{"line\nfeed\ttab \"quote\" \\ back"},
        std::string{"\xF0\x9F\xA5\x9A egg"}}) {
    const Response patched =
        client_.patch("/api/v1/users/ann/profile", {{"field", "note"}, {"value", text}});
    ASSERT_EQ(patched.status, 200) << patched.body;
    EXPECT_EQ(find_field(client_.get("/api/v1/users/ann/profile").json(), "note"), Json(text));
    const Response chat = client_.post("/api/v1/chat", {{"user_id", "ann"}, {"message", text}});
    EXPECT_EQ(chat.status, 200) << chat.body;
  }
}

TEST_F(BadBodies, ANulInATextIsStoredOrRefusedButNeverCutsIt) {
  const std::string text{"an egg \0 and more", 17};
  const Response chat = client_.post("/api/v1/chat", {{"user_id", "ann"}, {"message", text}});
  if (chat.status != 200) expect_error(chat, 400, "ValidationError");
  const Response patched =
      client_.patch("/api/v1/users/ann/profile", {{"field", "note"}, {"value", text}});
  if (patched.status == 200) {
    EXPECT_EQ(find_field(client_.get("/api/v1/users/ann/profile").json(), "note"), Json(text));
  } else {
    expect_error(patched, 400, "ValidationError");
  }
}

}  // namespace
}  // namespace integration
