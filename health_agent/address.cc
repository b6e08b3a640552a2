#include "health_agent/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "vitals/base/ascii.h"
#include "vitals/base/percent.h"

namespace health_agent {
namespace {

constexpr std::string_view kMapped{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};

/// One entry of X-Forwarded-For; some proxies write the port too.
std::optional<IpAddress> forwarded_address(std::string_view entry) noexcept {
  if (entry.starts_with('[')) {
    const std::size_t close = entry.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    return IpAddress::parse(entry.substr(0, close + 1));
  }
  if (std::count(entry.begin(), entry.end(), ':') == 1) entry = entry.substr(0, entry.find(':'));
  return IpAddress::parse(entry);
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
    if (text.find(':') == std::string_view::npos) return std::nullopt;
  }
  std::array<char, 64> copy{};
  if (text.empty() || text.size() >= copy.size()) return std::nullopt;
  std::copy(text.begin(), text.end(), copy.begin());
  if (std::strlen(copy.data()) != text.size()) return std::nullopt;  // a NUL inside
  IpAddress address;
  if (text.find(':') != std::string_view::npos) {
    if (::inet_pton(AF_INET6, copy.data(), address.bytes_.data()) != 1) return std::nullopt;
    address.v4_ = std::memcmp(address.bytes_.data(), kMapped.data(), kMapped.size()) == 0;
    if (address.v4_) std::fill_n(address.bytes_.begin(), kMapped.size(), std::uint8_t{0});
    return address;
  }
  // inet_aton() takes what follows a blank for a comment.
  if (text.find_first_not_of("0123456789abcdefABCDEFxX.") != std::string_view::npos)
    return std::nullopt;
  in_addr v4{};
  if (::inet_aton(copy.data(), &v4) == 0) return std::nullopt;
  std::memcpy(address.bytes_.data() + kMapped.size(), &v4, sizeof v4);
  address.v4_ = true;
  return address;
}

bool IpAddress::is_loopback() const noexcept {
  if (v4_) return bytes_[12] == 127;
  return std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t b) { return b == 0; }) &&
         bytes_.back() == 1;
}

bool IpAddress::is_any() const noexcept {
  return std::all_of(bytes_.begin(), bytes_.end(), [](std::uint8_t b) { return b == 0; });
}

std::string IpAddress::str() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (!v4_) {
    ::inet_ntop(AF_INET6, bytes_.data(), text.data(), text.size());
    return text.data();
  }
  // inet_ntop() goes through sprintf(), and the Host of each request comes here.
  char* end = text.data();
  for (std::size_t i = kMapped.size(); i < bytes_.size(); ++i) {
    end = std::to_chars(end, text.data() + text.size(), bytes_[i]).ptr;
    if (i + 1 < bytes_.size()) *end++ = '.';
  }
  return {text.data(), end};
}

IpAddress IpAddress::network(int bits) const noexcept {
  IpAddress masked = *this;
  const int first = v4_ ? 96 : 0;
  for (int bit = first + bits; bit < 128; ++bit) {
    std::uint8_t& byte = masked.bytes_[static_cast<std::size_t>(bit / 8)];
    byte = static_cast<std::uint8_t>(byte & ~(0x80U >> (bit % 8)));
  }
  return masked;
}

bool AddressList::add(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return false;
  const int most = address->is_v4() ? 32 : 128;
  int bits = most;
  if (slash != std::string_view::npos) {
    const std::string_view prefix = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(prefix.data(), prefix.data() + prefix.size(), bits);
    if (error != std::errc{} || end != prefix.data() + prefix.size() || bits < 0 || bits > most)
      return false;
  }
  if (address->network(bits) != *address) return false;
  networks_.push_back({*address, bits});
  return true;
}

bool AddressList::contains(const IpAddress& address) const noexcept {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return network.address.is_v4() == address.is_v4() &&
           address.network(network.bits) == network.address;
  });
}

bool is_loopback(std::string_view host) noexcept {
  if (const auto address = IpAddress::parse(host)) return address->is_loopback();
  return vitals::base::equal_ignoring_case(host, "localhost");
}

std::optional<std::string> decoded_part(std::string_view text) {
  const bool odd = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
  });
  if (odd) return std::nullopt;
  std::optional<std::string> decoded = vitals::base::strictly_percent_decoded(text);
  if (decoded && decoded->find('\0') != std::string::npos) return std::nullopt;
  return decoded;
}

std::string authority_of(std::string_view host, int port) {
  const bool bare_v6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
  std::string text{host};
  return (bare_v6 ? "[" + text + "]" : text) + ":" + std::to_string(port);
}

std::string source_of(std::string_view peer, std::string_view forwarded_for,
                      const AddressList& trusted) {
  // A listener on `::` sees the callers of IPv4 by their mapped addresses.
  if (trusted.empty() && !peer.starts_with("::ffff:")) return std::string{peer};
  const auto last = IpAddress::parse(peer);
  if (!last) return std::string{peer};
  IpAddress source = *last;
  std::string_view rest = forwarded_for;
  while (!rest.empty() && trusted.contains(source)) {
    const std::size_t comma = rest.rfind(',');
    const std::string_view entry =
        vitals::base::trim(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(0, comma);
    const auto next = forwarded_address(entry);
    if (!next) break;
    source = *next;
  }
  return source.str();
}

}  // namespace health_agent
