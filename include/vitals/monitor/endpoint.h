#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "vitals/lifetimebound.h"
#include "vitals/monitor/method.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

namespace detail {
struct Families;
}  // namespace detail

/// A route of the service with its names and its metrics at hand, so that its requests look nothing
/// up: make one for each method and template beside the routing table, and name it in
/// RequestStart. Must outlive every RequestScope that names it.
///
/// Threads: any, once made. Cost: its first request, and the first of each status, look the metrics
/// up as a request without it does each time. Memory: about 400 bytes.
class Endpoint {
 public:
  /// `operation` is the handler's name, for the tag; the route when empty. The texts are copied.
  Endpoint(Method method, std::string_view route, std::string_view operation = {});
  /// The other may only be destroyed or assigned to.
  Endpoint(Endpoint&&) noexcept;
  /// The same.
  Endpoint& operator=(Endpoint&&) noexcept;
  ~Endpoint();

  /// The method that it is of.
  [[nodiscard]] Method method() const noexcept { return method_; }
  /// `/api/v1/users/{user_id}`.
  [[nodiscard]] std::string_view route() const noexcept VITALS_LIFETIMEBOUND {
    return std::string_view{name_}.substr(route_at_);
  }
  /// The handler's name, or the route.
  [[nodiscard]] std::string_view operation() const noexcept VITALS_LIFETIMEBOUND {
    return operation_;
  }
  /// `GET /api/v1/users/{user_id}`: the transaction's name.
  [[nodiscard]] std::string_view name() const noexcept VITALS_LIFETIMEBOUND { return name_; }

 private:
  friend class RequestScope;
  struct Metrics;

  /// Counts one answer.
  void count(detail::Families& families, int status, double seconds) const noexcept;

  Method method_;
  std::string name_;
  std::size_t route_at_;
  std::string operation_;
  std::unique_ptr<Metrics> metrics_;
};

}  // namespace vitals::monitor

#pragma GCC visibility pop
