#pragma once

#include <boost/beast/http/message.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "health_agent/api/http_body.h"
#include "health_agent/api/http_connection.h"
#include "health_agent/api/http_engine.h"
#include "vitals/adapters/beast.h"

namespace health_agent::api {

/// One request of a Connection, whose head was taken from `parser`.
class Call final : public HttpCall, public std::enable_shared_from_this<Call> {
 public:
  explicit Call(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  [[nodiscard]] std::string_view method() const noexcept override {
    return vitals::adapters::view_of(head.method_string());
  }
  [[nodiscard]] std::string_view target() const noexcept override {
    return vitals::adapters::view_of(head.target());
  }
  [[nodiscard]] std::string_view field(std::string_view name) const noexcept override {
    return vitals::adapters::field_of(head, name);
  }
  [[nodiscard]] bool has_field(std::string_view name) const noexcept override {
    return head.find(vitals::adapters::beast_view(name)) != head.end();
  }
  [[nodiscard]] std::string joined_field(std::string_view name) const override {
    std::string joined;
    const auto [first, last] = head.equal_range(vitals::adapters::beast_view(name));
    for (auto it = first; it != last; ++it) {
      if (!joined.empty()) joined += ',';
      joined += vitals::adapters::view_of(it->value());
    }
    return joined;
  }
  [[nodiscard]] bool has_body() const noexcept override { return body_follows; }
  [[nodiscard]] std::string_view body() const noexcept override {
    return parser ? std::string_view{parser->get().body().text} : std::string_view{};
  }
  [[nodiscard]] const std::string& remote_address() const noexcept override {
    return connection_->address();
  }
  [[nodiscard]] vitals::monitor::RequestStart start() const noexcept override {
    return vitals::adapters::request_start(head, vitals::monitor::kUnmatchedRoute, {});
  }

  void answer(Response response, const vitals::monitor::RequestScope& scope,
              std::shared_ptr<void> keep) override;
  [[nodiscard]] std::unique_ptr<vitals::console::Viewer> stream(
      const Response& response, const vitals::monitor::RequestScope& scope,
      std::shared_ptr<void> keep) override;
  void give_up() noexcept override { connection_->give_up_soon(); }
  void cut_off() noexcept override;

  boost::beast::http::request_header<> head;
  Share share_of_heads;            // for `head`, where it is long
  std::unique_ptr<Parser> parser;  // holds the body, once it is there
  int minor_version = 1;
  bool keep_alive = true;
  bool body_follows = false;
  bool body_unread = false;  // refused: where the next request begins is not known

 private:
  [[nodiscard]] bool stays_open() const noexcept {
    return keep_alive && !body_unread && !connection_->loop().shared.draining;
  }

  const std::shared_ptr<Connection> connection_;
};

}  // namespace health_agent::api
