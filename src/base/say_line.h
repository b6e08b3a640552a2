#pragma once

#include <string_view>

namespace vitals::base {

/// Writes `who: what detail` to stderr as one line. What ends a line, moves the cursor, colours, or
/// turns the order of letters around is written as an escape, since others have their say in `what`
/// and `detail`: servers, a transport, names of files. Threads: any. Cost: a lock of stderr, no
/// memory of its own, for that there is none is said here too.
void say_line(std::string_view who, std::string_view what, std::string_view detail) noexcept;

}  // namespace vitals::base
