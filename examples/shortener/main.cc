// A URL shortener on cpp-httplib, PostgreSQL (libpq) and Redis (hiredis); it asks a target once
// whether it is there (libcurl).
//   POST /links   body: the URL         201 and the code
//   GET  /CODE                          302 to the URL
//   GET  /links/CODE/hits               how often
#include <curl/curl.h>
#include <hiredis/hiredis.h>
#include <httplib.h>
#include <libpq-fe.h>

#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "vitals/adapters/curl.h"
#include "vitals/adapters/hiredis.h"
#include "vitals/adapters/httplib.h"
#include "vitals/adapters/libpq.h"

namespace {

std::string setting(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

class Database {
 public:
  explicit Database(const std::string& url, std::size_t connections = 4) {
    for (std::size_t i = 0; i < connections; ++i) {
      free_.push_back(PQconnectdb(url.c_str()));
      if (PQstatus(free_.back()) != CONNECTION_OK)
        throw std::runtime_error(PQerrorMessage(free_.back()));
    }
    PQclear(PQexec(free_.front(),
                   "CREATE TABLE IF NOT EXISTS links (id bigserial PRIMARY KEY, url text NOT NULL, "
                   "hits bigint NOT NULL DEFAULT 0)"));
  }
  ~Database() {
    for (PGconn* const connection : free_)
      PQfinish(connection);
  }

  // The first column of the first row; empty when there is no row.
  std::string query(const char* sql, const std::string& argument) {
    PGconn* const connection = take();
    const char* const values[] = {argument.c_str()};
    const auto result = vitals::adapters::pg_query(
        vitals::monitor::query_type_of(sql), "links",
        [&] { return PQexecParams(connection, sql, 1, nullptr, values, nullptr, nullptr, 0); });
    PGresult* const rows = result.get();
    give(connection);
    if (PQresultStatus(rows) != PGRES_TUPLES_OK)
      throw std::runtime_error(PQresultErrorMessage(rows));
    return PQntuples(rows) > 0 ? PQgetvalue(rows, 0, 0) : "";
  }

  vitals::monitor::PoolCounts counts() {
    const std::lock_guard lock{mutex_};
    return {4, static_cast<int>(free_.size())};
  }

 private:
  PGconn* take() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return !free_.empty(); });
    PGconn* const connection = free_.back();
    free_.pop_back();
    return connection;
  }
  void give(PGconn* connection) {
    const std::lock_guard lock{mutex_};
    free_.push_back(connection);
    changed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<PGconn*> free_;
};

// One connection a thread; without Redis the service works, slower.
redisContext* redis() {
  struct Close {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  thread_local std::unique_ptr<redisContext, Close> context;
  if (!context || context->err != 0) {
    const timeval patience{0, 200'000};
    context.reset(redisConnectWithTimeout(setting("REDIS_HOST", "127.0.0.1").c_str(),
                                          std::stoi(setting("REDIS_PORT", "6379")), patience));
  }
  return context.get();
}

std::string cached(const std::string& code) {
  const auto reply = vitals::adapters::command(redis(), "links", "GET link:%s", code.c_str());
  std::string url = reply != nullptr && reply->type == REDIS_REPLY_STRING
                        ? std::string{reply->str, reply->len}
                        : std::string{};
  return url;
}

void cache(const std::string& code, const std::string& url) {
  vitals::adapters::command(redis(), "links", "SETEX link:%s 3600 %s", code.c_str(), url.c_str());
}

bool is_there(const std::string& url) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{curl_easy_init(),
                                                                 &curl_easy_cleanup};
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_NOBODY, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, 2000L);
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  return vitals::adapters::perform(curl.get(), "HEAD", url) == CURLE_OK;
}

}  // namespace

int main() {
  curl_global_init(CURL_GLOBAL_ALL);
  Database database{setting("DATABASE_URL", "postgresql:///shortener")};
  const vitals::monitor::PoolObservation pool{"links", [&] { return database.counts(); }};
  const vitals::console::Monitoring monitoring{{.name = "shortener"}};
  vitals::adapters::Monitored<httplib::Server> server;
  server.mount(monitoring);

  server.Post("/links", [&](const httplib::Request& request, httplib::Response& answer) {
    if (!is_there(request.body)) {
      answer.status = 422;
      return;
    }
    const std::string code =
        database.query("INSERT INTO links (url) VALUES ($1) RETURNING id", request.body);
    cache(code, request.body);
    answer.status = 201;
    answer.set_content(code + "\n", "text/plain");
  });
  server.Get("/(\\d+)", [&](const httplib::Request& request, httplib::Response& answer) {
    const std::string code = request.matches[1];
    std::string url = cached(code);
    if (url.empty()) url = database.query("SELECT url FROM links WHERE id = $1", code);
    if (url.empty()) {
      answer.status = 404;
      return;
    }
    cache(code, url);
    database.query("UPDATE links SET hits = hits + 1 WHERE id = $1 RETURNING hits", code);
    answer.set_redirect(url);
  });
  server.Get("/links/(\\d+)/hits", [&](const httplib::Request& request, httplib::Response& answer) {
    answer.set_content(
        database.query("SELECT hits FROM links WHERE id = $1", request.matches[1]) + "\n",
        "text/plain");
  });

  const int port = server.bind_to_any_port("127.0.0.1");
  std::cout << "listening on " << port << std::endl;
  server.listen_after_bind();
}
