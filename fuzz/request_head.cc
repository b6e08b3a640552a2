// A request of any bytes: a head or a refusal, within what there is, and the same one whether it is
// looked at early or late.

#include "vitals/exporting/request_head.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vitals::exporting;
  std::string_view received(reinterpret_cast<const char*>(data), size);
  received.remove_prefix(blank_lines(received));
  const auto early = fault_so_far(received);
  const auto length = request_head_length(received);
  if (length && *length > received.size()) std::abort();
  const auto read = read_request_head(received.substr(0, length.value_or(received.size())));
  const auto* const fault = std::get_if<HeadFault>(&read);
  if (fault != nullptr && (fault->status < 400 || fault->status > 505 || fault->why.empty())) {
    std::abort();
  }
  // What was refused early cannot be taken late.
  if (early && length && fault == nullptr) std::abort();
  const auto* const head = std::get_if<RequestHead>(&read);
  if (head == nullptr) return 0;
  if (head->target.path != "*" && !head->target.path.starts_with('/')) std::abort();
  if (head->chunked && head->content_length) std::abort();
  static_cast<void>(head->field("Accept"));
  return 0;
}
