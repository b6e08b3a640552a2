// A cache in Redis by hiredis.
#include "vitals/adapters/hiredis.h"

#include "program.h"
#include "vitals/monitor/job.h"

int main() {
  const Program program{"hiredis"};
  redisContext* const redis = redisConnect("127.0.0.1", std::stoi(setting("REDIS_PORT")));
  const auto run = [&](const char* format, auto... arguments) {
    auto reply = vitals::adapters::command(redis, "nest", format, arguments...);
    if (reply == nullptr || reply->type == REDIS_REPLY_ERROR)
      throw std::runtime_error(reply != nullptr ? reply->str : redis->errstr);
    return reply;
  };
  try {
    vitals::monitor::track_job("lay", [&] {
      run("GET egg:%d", 7);
      run("SETEX egg:%d 60 %s", 7, "brown");
      run("GET egg:%d", 7);
      run("SETEX egg:%d 60", 7);  // breaks: the value is missing
    });
  } catch (const std::exception&) {
    // The event is on its way.
  }
  redisFree(redis);
}
