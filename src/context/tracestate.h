#pragma once

#include <cstddef>
#include <string>

#include "vitals/context/headers.h"

namespace vitals::context::detail {

inline constexpr std::size_t kMaxTracestateMembers = 32;
inline constexpr std::size_t kMaxTracestateSize = 512;

/// The members of all lines as one list, in their order, without the blanks around them and without
/// those that are empty. Nothing where one of them is malformed, or where there are more than 32. Of
/// a list of more than 512 bytes members are left out as the source says: first those of more than
/// 128 bytes, then others, each time from the end. Source: W3C Trace Context, level 2, 3.3.
[[nodiscard]] std::string read_tracestate(const HeaderLines& lines);

}  // namespace vitals::context::detail
