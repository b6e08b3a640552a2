// Texts and numbers of any bytes as JSON: another parser reads it, and reads the same.

#include "base/json_writer.h"

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using vitals::base::is_utf8;
  using vitals::fuzz::require;
  std::string_view input = vitals::fuzz::text_of(data, size);
  double number = 0;
  std::int64_t whole = 0;
  std::memcpy(&number, data, std::min(size, sizeof number));
  std::memcpy(&whole, data, std::min(size, sizeof whole));
  const std::string_view key = vitals::fuzz::take_part(input);
  std::string out{"before"};
  vitals::base::JsonWriter json{out};
  json.begin_object().key(key).string(input).key("\x01number").number(number);
  json.key("\x01whole").integer(whole).key("\x01list").begin_array();
  json.string(key).unsigned_integer(static_cast<std::uint64_t>(whole)).boolean(true).raw("null");
  json.begin_object().member("", input).end_object().end_array();
  json.key("\x01time").timestamp(vitals::Timestamp{std::chrono::nanoseconds{whole}});
  json.end_object();
  require(out.starts_with("before{"));
  require(is_utf8(out));
  const nlohmann::json read = nlohmann::json::parse(out.substr(6));
  require(read["\x01whole"] == whole);
  require(read["\x01list"][1] == static_cast<std::uint64_t>(whole));
  if (std::isfinite(number)) {
    require(read["\x01number"].get<double>() == number);
  } else {
    require(read["\x01number"].is_null());
  }
  if (is_utf8(key) && is_utf8(input) && !key.starts_with('\x01')) {
    require(read[std::string{key}] == std::string{input});
    require(read["\x01list"][0] == std::string{key});
  }
  return 0;
}
