#pragma once

#include <string_view>

#include "vitals/base/ascii.h"
#include "vitals/context/headers.h"

namespace vitals::monitor::detail {

/// Takes a header field in that the start of a request, a call or a message wants: the request's id
/// or one of its trace's. False: it is none of these.
template <class Start>
bool read_start_header(Start& start, std::string_view name, std::string_view value) noexcept {
  if (context::detail::read_trace_header(start, name, value)) return true;
  if (!base::equal_ignoring_case(name, "x-request-id")) return false;
  if (start.request_id.empty()) start.request_id = value;
  return true;
}

}  // namespace vitals::monitor::detail
