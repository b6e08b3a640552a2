// What a receiver of OTLP answers: never more than was sent is taken as rejected by who reads it, and
// what it says for people is one short line of UTF-8.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/require.h"
#include "otlp/encode/answer.h"
#include "vitals/base/utf8.h"

using vitals::fuzz::require;
using vitals::otlp::Protocol;

namespace {

void require_line(std::string_view text) {
  require(text.size() <= 1000);
  require(vitals::base::is_utf8(text));
  for (const char c : text)
    require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body{reinterpret_cast<const char*>(data), size};
  for (const Protocol protocol : {Protocol::kProtobuf, Protocol::kJson}) {
    const auto answer = vitals::otlp::detail::read_answer(body, protocol);
    require(answer.rejected <= std::uint64_t{1} << 63U);
    require_line(answer.message);
    require_line(vitals::otlp::detail::read_status(body, protocol));
  }
  return 0;
}
