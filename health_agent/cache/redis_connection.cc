#include "health_agent/cache/redis_connection.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace health_agent::cache {
namespace {

using Kind = RedisReply::Kind;

timeval timeval_of(std::chrono::milliseconds time) {
  return {time.count() / 1000, (time.count() % 1000) * 1000};
}

std::optional<std::string> text_of(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      return std::string(reply.str, reply.len);
    case REDIS_REPLY_INTEGER:
      return std::to_string(reply.integer);
    default:
      return std::nullopt;
  }
}

RedisReply converted(const redisReply& reply) {
  RedisReply result;
  switch (reply.type) {
    case REDIS_REPLY_ERROR:
      result.kind = Kind::kRefused;
      result.error.assign(reply.str, reply.len);
      break;
    case REDIS_REPLY_INTEGER:
      result.kind = Kind::kInteger;
      result.integer = reply.integer;
      break;
    case REDIS_REPLY_ARRAY:
      result.kind = Kind::kList;
      for (std::size_t i = 0; i < reply.elements; ++i)
        result.items.push_back(text_of(*reply.element[i]));
      break;
    default:
      result.kind = Kind::kValue;
      result.value = text_of(reply);
  }
  return result;
}

std::string why(const redisContext& context, int number) {
  if (context.err == REDIS_ERR_IO && (number == EAGAIN || number == EWOULDBLOCK))
    return "no answer in time";
  return context.errstr;
}

constexpr const char* kClosed = "the server closed the connection";

using Functions = redisReplyObjectFunctions;

/// How hiredis makes replies. It reserves room for as many items as the server says will come, so
/// that is looked at before.
template <class Number>
Functions bounded(const Functions& usual, void* (*)(const redisReadTask*, Number)) {
  static const Functions former = usual;
  Functions result = usual;
  result.createArray = [](const redisReadTask* task, Number number) -> void* {
    auto& items = *static_cast<std::size_t*>(task->privdata);
    const auto more = static_cast<std::size_t>(number);
    if (number < 0 || more > RedisConnection::kMostItems - items) return nullptr;
    items += more;
    return former.createArray(task, number);
  };
  return result;
}

}  // namespace

void RedisConnection::Close::operator()(redisContext* context) const noexcept {
  redisFree(context);
}

std::unique_ptr<RedisConnection> RedisConnection::open(
    const std::string& host, const RedisAddress& address, const RedisTls* tls,
    std::chrono::milliseconds connect, std::chrono::milliseconds command, std::string& error) {
  const Deadline deadline = std::chrono::steady_clock::now() + connect;
  redisContext* context = redisConnectWithTimeout(host.c_str(), address.port, timeval_of(connect));
  if (context == nullptr) {
    error = "out of memory";
    return nullptr;
  }
  std::unique_ptr<RedisConnection> connection{new RedisConnection(context, command)};
  if (context->err != 0) {
    error = why(*context, errno);
    return nullptr;
  }
  redisEnableKeepAlive(context);
  // From here on we wait ourselves: a time-out of the socket's begins anew with each byte.
  if (::fcntl(context->fd, F_SETFL, ::fcntl(context->fd, F_GETFL) | O_NONBLOCK) != 0) {
    error = std::generic_category().message(errno);
    return nullptr;
  }
  context->flags &= ~REDIS_BLOCK;
  static Functions functions = bounded(*context->reader->fn, context->reader->fn->createArray);
  context->reader->fn = &functions;
  context->reader->privdata = &connection->items_;
  if (tls != nullptr && !connection->begin_tls(*tls, address.host, deadline, error)) return nullptr;

  const auto done = [&](std::span<const std::string_view> words) {
    const RedisReply reply = connection->ask(words);
    if (reply.kind == Kind::kValue) return true;
    error = std::string(words[0]) + ": " + reply.error;
    return false;
  };
  if (!address.password.empty()) {
    std::vector<std::string_view> words{"AUTH"};
    if (!address.user.empty()) words.push_back(address.user);
    words.push_back(address.password);
    if (!done(words)) return nullptr;
  }
  if (address.database != 0) {
    const std::string index = std::to_string(address.database);
    if (!done(std::array<std::string_view, 2>{"SELECT", index})) return nullptr;
  }
  connection->used_ = false;
  return connection;
}

RedisReply RedisConnection::ask(std::span<const std::string_view> words) {
  RedisReply result;
  if (ended(result.error)) {
    result.kind = used_ ? Kind::kStale : Kind::kLost;
    return result;
  }
  used_ = true;
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  const Deadline deadline = std::chrono::steady_clock::now() + timeout_;
  items_ = 0;
  char* command = nullptr;
  const int length =
      redisFormatCommandArgv(&command, static_cast<int>(words.size()), texts.data(), sizes.data());
  if (length < 0) {
    result.error = "out of memory";
    return result;
  }
  const std::unique_ptr<char, decltype(&redisFreeCommand)> question{command, &redisFreeCommand};
  void* answer = nullptr;
  if (send({command, static_cast<std::size_t>(length)}, deadline, result.error))
    answer = receive(deadline, result.error);
  if (answer == nullptr) return result;
  const std::unique_ptr<void, decltype(&freeReplyObject)> owner{answer, &freeReplyObject};
  return converted(*static_cast<redisReply*>(answer));
}

bool RedisConnection::ended(std::string& error) {
  // So many that are no data: a server may hand out tickets for its sessions.
  constexpr int kRecords = 16;
  error = kClosed;
  if (context_->reader->pos < context_->reader->len) return true;
  for (int i = 0; i < kRecords; ++i) {
    pollfd readable{context_->fd, POLLIN, 0};
    if (::poll(&readable, 1, 0) <= 0) {
      error.clear();
      return false;
    }
    std::array<char, 1> byte{};
    std::size_t count = 0;
    if (!tls_ || tls_->read(byte, count, error) != Transfer::kWantsToRead) return true;
  }
  return true;
}

bool RedisConnection::wait(Transfer state, Deadline deadline, std::string& error) const {
  if (state == Transfer::kFailed) return false;
  const short events = state == Transfer::kWantsToWrite ? POLLOUT : POLLIN;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd ready{context_->fd, events, 0};
    const int found = left.count() <= 0 ? 0 : ::poll(&ready, 1, static_cast<int>(left.count()));
    if (found > 0) return true;
    if (found < 0 && errno == EINTR) continue;
    error = found == 0 ? "no answer in time" : std::generic_category().message(errno);
    return false;
  }
}

Transfer RedisConnection::write_some(std::string_view text, std::size_t& count,
                                     std::string& error) {
  if (tls_) return tls_->write(text, count, error);
  const ssize_t sent = ::send(context_->fd, text.data(), text.size(), MSG_NOSIGNAL);
  if (sent >= 0) {
    count = static_cast<std::size_t>(sent);
    return Transfer::kDone;
  }
  if (errno == EAGAIN || errno == EINTR) return Transfer::kWantsToWrite;
  error = std::generic_category().message(errno);
  return Transfer::kFailed;
}

Transfer RedisConnection::read_some(std::span<char> room, std::size_t& count, std::string& error) {
  if (tls_) return tls_->read(room, count, error);
  const ssize_t got = ::recv(context_->fd, room.data(), room.size(), 0);
  if (got > 0) {
    count = static_cast<std::size_t>(got);
    return Transfer::kDone;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Transfer::kWantsToRead;
  error = got == 0 ? kClosed : std::generic_category().message(errno);
  return Transfer::kFailed;
}

bool RedisConnection::begin_tls(const RedisTls& tls, const std::string& name, Deadline deadline,
                                std::string& error) {
  tls_ = RedisTlsStream::on(context_->fd, tls, name, error);
  if (!tls_) return false;
  for (;;) {
    const Transfer state = tls_->handshake(error);
    if (state == Transfer::kDone) return true;
    if (wait(state, deadline, error)) continue;
    // A Redis without TLS takes the first message for a line that is still to end.
    if (state != Transfer::kFailed) error += " to the TLS handshake: perhaps it does not speak TLS";
    return false;
  }
}

bool RedisConnection::send(std::string_view text, Deadline deadline, std::string& error) {
  while (!text.empty()) {
    std::size_t count = 0;
    const Transfer state = write_some(text, count, error);
    if (state == Transfer::kDone) {
      text.remove_prefix(count);
    } else if (!wait(state, deadline, error)) {
      return false;
    }
  }
  return true;
}

void* RedisConnection::receive(Deadline deadline, std::string& error) {
  std::size_t bytes = 0;
  std::array<char, 16'384> room;  // what one record of TLS has at most
  for (;;) {
    void* answer = nullptr;
    if (redisGetReplyFromReader(context_.get(), &answer) != REDIS_OK) {
      error = context_->err == REDIS_ERR_OOM ? "the answer is longer than anything asked for"
                                             : context_->errstr;
      return nullptr;
    }
    if (answer != nullptr) return answer;
    if (bytes > kMostBytes) {
      error = "the answer is longer than " + std::to_string(kMostBytes) + " bytes";
      return nullptr;
    }
    std::size_t count = 0;
    const Transfer state = read_some(room, count, error);
    if (state != Transfer::kDone) {
      if (!wait(state, deadline, error)) return nullptr;
      continue;
    }
    if (redisReaderFeed(context_->reader, room.data(), count) != REDIS_OK) {
      error = context_->reader->errstr;
      return nullptr;
    }
    bytes += count;
  }
}

std::vector<std::string> addresses_of(const std::string& host, std::string& error) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0) {
    error = ::gai_strerror(code);
    return {};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{found, &::freeaddrinfo};
  std::vector<std::string> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text.data());
    }
  }
  if (addresses.empty()) error = "no address";
  return addresses;
}

}  // namespace health_agent::cache
