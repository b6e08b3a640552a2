#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "vitals/exporting/exposer.h"
#include "vitals/result.h"

namespace vitals::exporting {

using Fd = base::Descriptor;

/// A descriptor of nothing, to be given up for one that is needed; none when there is none left.
[[nodiscard]] Fd spare_descriptor() noexcept;

/// What could not be done, and why, of the listener with those options.
[[nodiscard]] Error failure(const ExposerOptions& options, std::string_view what,
                            std::string_view why);

/// A socket that listens on the host and port of the options and does not block.
[[nodiscard]] Result<Fd> listen_on(const ExposerOptions& options);

/// Whether a socket is bound to an address that only this machine reaches.
[[nodiscard]] bool is_loopback(int fd) noexcept;

/// The address at the other end of a connection, without its port; empty when it is none of IP.
[[nodiscard]] std::string peer_of(int fd);

/// The port that a socket is bound to; 0 when it is not.
[[nodiscard]] std::uint16_t port_of(int fd) noexcept;

}  // namespace vitals::exporting
