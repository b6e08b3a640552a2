#pragma once

#include <hiredis/hiredis.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "vitals/base/ascii.h"
#include "vitals/monitor/cache.h"
#include "vitals/monitor/job.h"

/// hiredis and vitals::monitor::CacheScope. Header-only.
namespace vitals::adapters {

/// Gives a reply back to hiredis.
struct FreeReply {
  /// Frees the reply with hiredis.
  void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};
/// A reply that frees itself; null: the connection failed.
using Reply = std::unique_ptr<redisReply, FreeReply>;

namespace detail {

/// What a command does to a cache, by its first word; nothing of one that is no such thing.
[[nodiscard]] inline std::optional<monitor::CacheOperation> cache_operation_of(
    std::string_view command) noexcept {
  const auto is = [word = command.substr(0, command.find(' '))](std::string_view name) {
    return base::equal_ignoring_case(word, name);
  };
  for (const std::string_view name : {"get", "hget", "mget", "getex", "hgetall", "exists"})
    if (is(name)) return monitor::CacheOperation::kGet;
  for (const std::string_view name : {"set", "setex", "psetex", "setnx", "hset", "mset", "expire"})
    if (is(name)) return monitor::CacheOperation::kSet;
  for (const std::string_view name : {"del", "unlink", "hdel", "getdel"})
    if (is(name)) return monitor::CacheOperation::kDelete;
  return std::nullopt;
}

[[nodiscard]] inline bool found_nothing(const redisReply& reply) noexcept {
  return reply.type == REDIS_REPLY_NIL ||
         (reply.type == REDIS_REPLY_INTEGER && reply.integer == 0) ||
         (reply.type == REDIS_REPLY_ARRAY &&
          std::all_of(reply.element, reply.element + reply.elements,
                      [](const redisReply* one) { return one->type == REDIS_REPLY_NIL; }));
}

}  // namespace detail

/// Runs a command as redisCommand() does: get, set and delete commands count as calls to the cache
/// `cache`, others as the unit of work `redis`. A get that finds nothing is a miss; no reply, and an
/// error as reply, are errors. The key is not kept.
///
///     const adapters::Reply reply =
///         adapters::command(redis, "sessions", "GET %b", key.data(), key.size());
template <class... Arguments>
Reply command(redisContext* redis, std::string_view cache, const char* format,
              Arguments... arguments) {
  const auto run = [&] {
    return Reply{static_cast<redisReply*>(redisCommand(redis, format, arguments...))};
  };
  const auto failed = [](const Reply& reply) {
    return reply == nullptr || reply->type == REDIS_REPLY_ERROR;
  };
  const std::optional<monitor::CacheOperation> operation = detail::cache_operation_of(format);
  if (!operation) {
    monitor::WorkScope work{"redis"};
    Reply reply = run();
    if (!failed(reply)) work.succeed();
    return reply;
  }
  monitor::CacheScope call{*operation, {}, cache};
  Reply reply = run();
  if (failed(reply)) return reply;
  if (*operation != monitor::CacheOperation::kGet) {
    call.ok();
  } else if (detail::found_nothing(*reply)) {
    call.miss();
  } else {
    call.hit();
  }
  return reply;
}

}  // namespace vitals::adapters
