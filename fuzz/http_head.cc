// A request of any bytes: a head or a refusal, found within what there is, and the same one whether
// it is looked at early or late.

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "export/http_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vitals::exporting;
  const std::string_view received(reinterpret_cast<const char*>(data), size);
  const auto early = fault_so_far(received);
  const auto length = head_length(received);
  if (length && *length > size) std::abort();
  const auto parsed = parse_head(received.substr(0, length.value_or(size)));
  const auto* const fault = std::get_if<HeadFault>(&parsed);
  if (fault != nullptr && (fault->status < 400 || fault->status > 505 || fault->why.empty())) {
    std::abort();
  }
  // What was refused early cannot be taken late.
  if (early && length && fault == nullptr) std::abort();
  const auto* const head = std::get_if<HttpHead>(&parsed);
  if (head != nullptr && head->path != "*" && !head->path.starts_with('/')) std::abort();
  return 0;
}
