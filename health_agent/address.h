#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace health_agent {

/// An IP address as a number, so that its spellings compare equal. An IPv4 address and the same one
/// mapped into IPv6 (`::ffff:192.0.2.1`) are one. Threads: any. Cost: 17 bytes, no allocation.
class IpAddress {
 public:
  /// Reads an address as the C library does where it listens: `127.0.0.1`, `127.1`, `::1`, `[::1]`;
  /// nothing for a name, and nothing for an address with a zone (`fe80::1%eth0`). Cost: at most a
  /// few hundred nanoseconds; never asks a name server.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text) noexcept;

  /// 127.0.0.0/8 or ::1: reached from this machine only.
  [[nodiscard]] bool is_loopback() const noexcept;
  /// 0.0.0.0 or ::, which listen on every address of the machine.
  [[nodiscard]] bool is_any() const noexcept;
  [[nodiscard]] bool is_v4() const noexcept { return v4_; }
  /// The usual spelling: `127.0.0.1`, `2001:db8::1`, without brackets.
  [[nodiscard]] std::string str() const;
  /// The network of that many leading bits; IPv4 has 32 of them.
  [[nodiscard]] IpAddress network(int bits) const noexcept;

  friend bool operator==(const IpAddress&, const IpAddress&) noexcept = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};  // IPv4 in the last four
  bool v4_ = false;
};

/// Addresses and networks: `192.0.2.1`, `10.0.0.0/8`, `fd00::/8`. Threads: any, once built.
class AddressList {
 public:
  /// Adds one. False, and nothing is added, when it is neither an address nor a network, or a
  /// network with bits set behind its prefix.
  [[nodiscard]] bool add(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
  [[nodiscard]] bool empty() const noexcept { return networks_.empty(); }

 private:
  struct Network {
    IpAddress address;
    int bits;
  };
  std::vector<Network> networks_;
};

/// Whether only this machine can reach what listens on `host`: a loopback address in any spelling,
/// or `localhost`. Any other name is not, whatever it resolves to now.
[[nodiscard]] bool is_loopback(std::string_view host) noexcept;

/// A part of a URL (a name, a password, a parameter) with its %XX decoded; nothing where it holds
/// what no such part may: half an escape, NUL, a blank, a control character.
[[nodiscard]] std::optional<std::string> decoded_part(std::string_view text);

/// `127.0.0.1:8080`, `[::1]:8080`: as it stands in a URL.
[[nodiscard]] std::string authority_of(std::string_view host, int port);

/// Where a request comes from. That is `peer`, unless `peer` is one of the `trusted` proxies: then
/// it is the last address in `forwarded_for` (X-Forwarded-For, all its lines joined by commas) that
/// none of them wrote for another of them. What is left of an entry that is no address is not
/// believed. Cost: nothing but a copy while `trusted` is empty.
[[nodiscard]] std::string source_of(std::string_view peer, std::string_view forwarded_for,
                                    const AddressList& trusted);

}  // namespace health_agent
