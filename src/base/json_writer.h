#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vitals/value.h"

namespace vitals::base {

/// Writes JSON at the end of a string. Commas come by themselves; that brackets match is up to the
/// caller. Whatever is no valid UTF-8 becomes U+FFFD, so that the result always is.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) noexcept : out_(out), start_(out.size()) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  JsonWriter& boolean(bool value);
  JsonWriter& integer(std::int64_t value);
  JsonWriter& unsigned_integer(std::uint64_t value);
  /// What is no number becomes null.
  JsonWriter& number(double value);
  /// Seconds since the epoch with microseconds.
  JsonWriter& timestamp(Timestamp time);
  /// A JSON text as it is. Fields and items of an object or array are not looked at: it is null.
  JsonWriter& value(const ValueView& value);
  /// JSON that was made before.
  JsonWriter& raw(std::string_view json);

  /// A key with a text, left out when the text is empty.
  JsonWriter& member(std::string_view name, std::string_view text);

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string& out_;
  std::size_t start_;
};

}  // namespace vitals::base
