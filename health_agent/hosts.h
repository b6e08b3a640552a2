#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace health_agent {

/// A Host field or an authority, taken apart.
struct HostName {
  std::string name;  ///< in lower case, an address in its usual spelling without brackets
  int port = 0;      ///< 0: none was given
  bool address = false;
  bool loopback = false;  ///< `localhost`, or an address that only this machine reaches
};

/// Reads `name`, `name:port`, `192.0.2.1:port`, `[::1]:port`; nothing when it is none of these.
[[nodiscard]] std::optional<HostName> parse_host(std::string_view text);

/// The names that the service answers to. A browser that was led to this address by a name of
/// somebody else's (DNS rebinding) sends that name, and the page of that name could read the
/// answers: so a request for any other name is refused.
///
/// Without a list: what a loopback API_HOST is reached by (`localhost`, every loopback address,
/// API_HOST itself), on any port, since a tunnel or a container may lead there from another one;
/// for any other API_HOST every name, since those cannot be known here, and a key is wanted there
/// anyway. Threads: any, once made. Cost: a few comparisons.
class AllowedHosts {
 public:
  AllowedHosts(const std::vector<std::string>& listed, std::string_view api_host);

  enum class Answer {
    kYes,
    /// Not on the list, but no page can have it: an address, or a name without a dot, as balancers
    /// and containers call each other.
    kNoPagesName,
    kNo,
    kMalformed
  };
  [[nodiscard]] Answer ask(std::string_view host) const;

 private:
  std::vector<HostName> names_;
  bool any_ = false;
  bool loopback_ = false;
};

/// Whether `item` may stand in ALLOWED_HOSTS: a host with or without a port, or `*`.
[[nodiscard]] bool is_allowed_host(std::string_view item);

/// A web origin as browsers write it (`https://app.example`, `http://localhost:3000`): lower case,
/// and without the scheme's own port. Nothing when `text` is none: another scheme, a path, even
/// `/`, a user's name, a pattern, `null`. Source: WHATWG URL, "origin"; RFC 6454.
[[nodiscard]] std::optional<std::string> parse_origin(std::string_view text);

}  // namespace health_agent
