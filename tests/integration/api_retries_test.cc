#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/raw_socket.h"

namespace integration {
namespace {

/// A POST as bytes; its connection may be cut behind it.
std::string post_bytes(const std::string& path, const std::string& key, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: " + key +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct Post {
  std::string path;
  std::string key;
  Json body;
};

/// Meals of one user, told by both routes; each differs from the others.
std::vector<Post> meals(int count) {
  std::vector<Post> posts;
  for (int i = 0; i < count; ++i) {
    const std::string key = "meal-" + std::to_string(i);
    if (i % 2 == 0) {
      const Json egg{{"name", "egg"}, {"quantity", 1 + i}, {"calories", 70}};
      posts.push_back({"/api/v1/users/ann/food", key, {{"foods", {egg}}, {"meal_type", "lunch"}}});
    } else {
      posts.push_back({"/api/v1/chat",
                       key,
                       {{"user_id", "ann"},
                        {"message", std::to_string(2 + i % 9) + " eggs and " +
                                        std::to_string(2 + i / 9) + " apples for lunch"}}});
    }
  }
  return posts;
}

/// Sends until there is an answer that says that it is done, as a client with a good retry would.
Response done(Http& client, const Post& post) {
  Response response;
  EXPECT_TRUE(eventually([&] {
    response = client.post(post.path, post.body, {{"Idempotency-Key", post.key}});
    return response.status == 200 || response.status == 201;
  })) << response.status
      << response.body;
  return response;
}

std::size_t logged(const Service& service) {
  return service.http().get("/api/v1/users/ann/food").json()["entries"].size();
}

TEST(Retries, InAStormThatCutsConnectionsEveryMealIsLoggedOnce) {
  const Service service{health_agent()};
  Http client = service.http();
  create_user(client, "ann");
  const std::vector<Post> posts = meals(40);
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      for (std::size_t at = next++; at < posts.size(); at = next++) {
        const Post& post = posts[at];
        for (int time = 0; time < 3; ++time) {
          RawSocket socket{service.api_port()};
          socket.send(post_bytes(post.path, post.key, post.body.dump()));
          time % 2 == 0 ? socket.reset() : socket.close();
        }
      }
    });
  }
  for (std::thread& thread : clients)
    thread.join();
  std::map<std::string, std::string> answers;
  for (const Post& post : posts)
    answers[post.key] = done(client, post).body;
  EXPECT_EQ(logged(service), posts.size());
  for (const Post& post : posts) {
    const Response again = done(client, post);
    EXPECT_EQ(again.body, answers[post.key]);
    EXPECT_EQ(again.header("idempotency-replayed"), "true");
  }
  EXPECT_EQ(logged(service), posts.size());
}

TEST(Retries, AKillInTheMiddleLosesAndDoublesNoMeal) {
  const TempDir folder;
  ServiceOptions options = health_agent();
  options.directory = folder.path();
  const std::vector<Post> posts = meals(60);
  {
    Service service{options};
    Http client = service.http();
    create_user(client, "ann");
    std::atomic<int> answered{0};
    std::vector<std::thread> clients;
    for (std::size_t from : {0U, 1U, 2U}) {
      clients.emplace_back([&, from] {
        Http own = service.http();
        for (std::size_t at = from; at < posts.size(); at += 3) {
          const Response response =
              own.post(posts[at].path, posts[at].body, {{"Idempotency-Key", posts[at].key}});
          if (response.status == 0) return;
          ++answered;
        }
      });
    }
    EXPECT_TRUE(eventually([&] { return answered > 20; }));
    service.kill_at_once();
    for (std::thread& thread : clients)
      thread.join();
  }
  const Service service{options};
  Http client = service.http();
  for (const Post& post : posts)
    (void)done(client, post);
  EXPECT_EQ(logged(service), posts.size());
}

TEST(Retries, AreKeptApartByTheHoldersOfKeys) {
  const Service service{
      health_agent({{"API_KEYS", "the-first-holders-long-key,the-other-holders-long-key"}})};
  Http first = service.http();
  Http other = service.http();
  first.set_bearer("the-first-holders-long-key");
  other.set_bearer("the-other-holders-long-key");
  create_user(first, "ann");
  const Post post = meals(1).front();
  EXPECT_EQ(done(first, post).header("idempotency-replayed"), "");
  EXPECT_EQ(done(other, post).header("idempotency-replayed"), "");
  EXPECT_EQ(done(first, post).header("idempotency-replayed"), "true");
  EXPECT_EQ(first.get("/api/v1/users/ann/food").json()["entries"].size(), 2U);
  expect_error(first.post(post.path, post.body, {{"Idempotency-Key", ""}}), 400, "ValidationError");
  Post changed = post;
  changed.body["meal_type"] = "dinner";
  expect_error(first.post(changed.path, changed.body, {{"Idempotency-Key", post.key}}), 422,
               "ValidationError");
}

TEST(Export, IsWholeForAClientThatReadsSlowlyAndHasAHeadOfItsOwn) {
  const Service service{health_agent()};
  Http client = service.http();
  create_user(client, "ann");
  const Json food{{"name", std::string(200, 'x')}, {"quantity", 1}, {"calories", 1}};
  const Json meal{{"foods", Json::array()}, {"meal_type", "lunch"}, {"notes", "the end"}};
  Json large = meal;
  for (int i = 0; i < 100; ++i)
    large["foods"].push_back(food);
  constexpr std::size_t kEntries =
      120;  // some 3 MB: more than kernel and service hold for a client
  for (std::size_t i = 0; i < kEntries; ++i) {
    large["timestamp"] = "2026-01-0" + std::to_string(1 + i % 9) + "T12:00:00Z";
    ASSERT_EQ(client.post("/api/v1/users/ann/food", large).status, 201);
  }

  RawSocket slow{service.api_port(), RawSocket::kSmallReceiveBuffer};
  slow.send("HEAD /api/v1/users/ann/export HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto head = slow.read_head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("content-length"), "");
  slow.send("GET /api/v1/users/ann/export HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto whole = slow.read_response(60s);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->status, 200);
  EXPECT_EQ(whole->header("content-disposition"), "attachment; filename=\"ann.json\"");
  EXPECT_TRUE(whole->header("content-type").starts_with("application/json"));
  const Json all = whole->json();
  ASSERT_EQ(all["food"].size(), kEntries);
  EXPECT_EQ(all["food"][kEntries - 1]["notes"], "the end");
  EXPECT_EQ(service.metrics().sum("http_errors_total", {}), 0);
}

/// A model's server that takes connections and never says a word.
class SilentModel {
 public:
  SilentModel() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_, 512), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~SilentModel() { ::close(fd_); }
  SilentModel(const SilentModel&) = delete;
  SilentModel& operator=(const SilentModel&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  int fd_;
  std::string url_;
};

TEST(Chat, TwoHundredThatWaitForTheModelHoldUpNobodyElse) {
  const SilentModel model;
  Service service{health_agent({{"AGENT_MODEL", "openai:gpt-5.4"},
                                {"OPENAI_API_KEY", "sk-test"},
                                {"OPENAI_BASE_URL", model.url()},
                                {"AGENT_TIMEOUT_SECONDS", "120"}})};
  Http client = service.http();
  create_user(client, "ann");
  std::vector<RawSocket> chats;
  const std::string body = Json{{"user_id", "ann"}, {"message", "an egg"}}.dump();
  for (int i = 0; i < 200; ++i) {
    chats.emplace_back(service.api_port());
    ASSERT_TRUE(chats.back().send(post_bytes("/api/v1/chat", "k" + std::to_string(i), body)));
  }
  // The last chats are behind what they would be behind if all took the same workers.
  EXPECT_TRUE(
      eventually([&] { return service.metrics().sum("http_connections_open", {}) >= 200; }));
  for (int i = 0; i < 20; ++i) {
    for (const char* path : {"/api/v1/users/ann", "/api/v1/users/ann/food", "/api/health"}) {
      const Response response = client.send({.path = path, .timeout = 5s});
      EXPECT_EQ(response.status, 200) << path << response.error;
    }
  }
  service.kill_at_once();  // an orderly end would wait for the chats
}

}  // namespace
}  // namespace integration
