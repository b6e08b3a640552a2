#include "health_agent/api/http_call.h"

#include <array>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdio>
#include <thread>

#include "health_agent/api/http_answer.h"

namespace health_agent::api {
namespace {

namespace asio = boost::asio;

/// Of a stream, in bytes: a client that is further behind is let go of.
constexpr std::size_t kMostUnsent = std::size_t{256} * 1024;

std::string head_of(const Response& response, const vitals::monitor::RequestScope& scope,
                    bool stays, AnswerEnd end) {
  return answer_head(response, {.keep_alive = stays,
                                .end = end,
                                .request_id = scope.request_id(),
                                .trace_id = scope.trace_id()});
}

/// A client that is behind may take so long for that much, of a body that is wanted whole.
constexpr std::chrono::seconds kPatience{60};
/// While the service ends, for all of the body.
constexpr std::chrono::seconds kLastPatience{5};
constexpr std::chrono::milliseconds kLook{2};

void close_soon(const std::shared_ptr<Connection>& connection) noexcept {
  try {
    asio::post(connection->loop().context, [connection] { connection->close(); });
  } catch (...) {
    connection->give_up_soon();
  }
}

/// How a stream's writer treats its client.
enum class Manner {
  kEvents,  ///< lets go of one that is behind
  kWhole,   ///< waits for it, and never lets a part pass for the whole
  kHead     ///< sends no body
};

/// Writes a streamed body from any thread.
class Stream final : public vitals::console::Viewer {
 public:
  Stream(std::shared_ptr<Connection> connection, AnswerEnd end, Manner manner)
      : connection_(std::move(connection)), end_(end), manner_(manner) {}
  ~Stream() override {
    if (cut_) {
      close_soon(connection_);
      return;
    }
    const bool chunks = end_ == AnswerEnd::kChunks && manner_ != Manner::kHead;
    try {
      asio::post(connection_->loop().context,
                 [connection = connection_, last = chunks ? "0\r\n\r\n" : ""] {
                   connection->unsent() += std::string_view{last}.size();
                   connection->end_stream(last);
                 });
    } catch (...) {
      connection_->give_up_soon();
    }
  }

  bool write(std::string_view piece) override {
    if (manner_ == Manner::kHead || connection_->gone()) return false;
    if (connection_->unsent() > kMostUnsent && !(manner_ == Manner::kWhole && wait())) {
      cut_ = manner_ == Manner::kWhole;
      return false;
    }
    if (piece.empty()) return true;
    try {
      std::string framed;
      if (end_ == AnswerEnd::kChunks) {
        std::array<char, 24> size{};
        const int written = std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
        framed.reserve(piece.size() + 32);
        framed.append(size.data(), static_cast<std::size_t>(written)).append(piece).append("\r\n");
      } else {
        framed = piece;
      }
      connection_->unsent() += framed.size();
      asio::post(
          connection_->loop().context,
          [connection = connection_, framed = std::move(framed)] { connection->append(framed); });
      return true;
    } catch (...) {
      cut_ = manner_ == Manner::kWhole;
      return false;
    }
  }

 private:
  /// Until the client has taken some of what waits. A look at a count now and then: to be woken
  /// would cost every other stream a lock for each piece.
  bool wait() {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (connection_->unsent() > kMostUnsent) {
      if (connection_->gone() || std::chrono::steady_clock::now() > end) return false;
      if (connection_->loop().shared.draining && (last_waits_ += kLook) > kLastPatience)
        return false;
      std::this_thread::sleep_for(kLook);
    }
    return true;
  }

  const std::shared_ptr<Connection> connection_;
  const AnswerEnd end_;
  const Manner manner_;
  bool cut_ = false;
  std::chrono::milliseconds last_waits_{0};
};

}  // namespace

void Call::answer(Response response, const vitals::monitor::RequestScope& scope,
                  std::shared_ptr<void> keep) {
  const bool stays = stays_open();
  std::string text = head_of(response, scope, stays, AnswerEnd::kLength);
  if (method() == "HEAD") response.body.clear();
  asio::post(connection_->loop().context,
             [self = shared_from_this(), text = std::move(text), body = std::move(response.body),
              stays, keep = std::move(keep)]() mutable {
               self->connection_->write(std::move(text), std::move(body), stays, std::move(keep));
             });
}

std::unique_ptr<vitals::console::Viewer> Call::stream(const Response& response,
                                                      const vitals::monitor::RequestScope& scope,
                                                      std::shared_ptr<void> keep) {
  const AnswerEnd end = minor_version == 0 ? AnswerEnd::kClose : AnswerEnd::kChunks;
  const bool stays = end == AnswerEnd::kChunks && stays_open();
  std::string text = head_of(response, scope, stays, end);
  const Manner manner = method() == "HEAD"          ? Manner::kHead
                        : is_event_stream(response) ? Manner::kEvents
                                                    : Manner::kWhole;
  auto made = std::make_unique<Stream>(connection_, end, manner);
  asio::post(connection_->loop().context, [self = shared_from_this(), text = std::move(text), stays,
                                           keep = std::move(keep)]() mutable {
    self->connection_->begin_stream(text, stays, std::move(keep));
  });
  return made;
}

void Call::cut_off() noexcept {
  close_soon(connection_);
}

}  // namespace health_agent::api
