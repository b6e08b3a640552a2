#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "vitals/result.h"

namespace health_agent {

/// The whole text of the plain file at `path`, or nothing when there is no such file. A symbolic
/// link is followed, since secrets are mounted that way; one that leads nowhere is an error.
///
/// Errors: what is no plain file (a folder, a pipe, a device, a socket), what may not be read, and
/// what holds more than `most` bytes. The message says which, without the path. Never waits for a
/// writer at the other end. Threads: any. Cost: reads `most` bytes at most.
[[nodiscard]] vitals::Result<std::optional<std::string>> read_plain_file(const std::string& path,
                                                                         std::size_t most);

}  // namespace health_agent
