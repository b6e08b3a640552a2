#include "health_agent/api/http_call.h"

#include <array>
#include <boost/asio/post.hpp>
#include <cstdio>

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

/// Writes a streamed body from any thread.
class Stream final : public vitals::console::Viewer {
 public:
  Stream(std::shared_ptr<Connection> connection, AnswerEnd end)
      : connection_(std::move(connection)), end_(end) {}
  ~Stream() override {
    try {
      asio::post(connection_->loop().context,
                 [connection = connection_, last = end_ == AnswerEnd::kChunks ? "0\r\n\r\n" : ""] {
                   connection->unsent() += std::string_view{last}.size();
                   connection->end_stream(last);
                 });
    } catch (...) {
      connection_->give_up_soon();
    }
  }

  bool write(std::string_view piece) override {
    if (connection_->gone() || connection_->unsent() > kMostUnsent) return false;
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
      return false;
    }
  }

 private:
  const std::shared_ptr<Connection> connection_;
  const AnswerEnd end_;
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
  auto made = std::make_unique<Stream>(connection_, end);
  asio::post(connection_->loop().context, [self = shared_from_this(), text = std::move(text), stays,
                                           keep = std::move(keep)]() mutable {
    self->connection_->begin_stream(std::move(text), stays, std::move(keep));
  });
  return made;
}

}  // namespace health_agent::api
