#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "base/protobuf_writer.h"
#include "vitals/base/utf8.h"

namespace vitals::otlp::detail {

/// A field of a message: its number in protobuf, its name in JSON.
struct Field {
  unsigned number;
  std::string_view name;
};

/// The two ways to write a message down have the same members, so that each message is described
/// once, as a template over them. Source: OpenTelemetry Protocol, "OTLP/HTTP"; Protocol Buffers,
/// "ProtoJSON Format".
///
/// A message in protobuf's wire format. Threads: one.
class ProtobufMessage {
 public:
  /// The elements of a repeated message.
  class List {
   public:
    List(ProtobufMessage& message, unsigned number) noexcept : message_(message), number_(number) {}
    template <class Write>
    void add(Write write) {
      message_.writer_.nested(number_, [&] { write(message_); });
    }
    /// One that was written before, in the same form.
    void add_raw(std::string_view element) { message_.writer_.bytes(number_, element); }
    /// A KeyValue of a string: the commonest of all messages.
    void add_text(std::string_view key, std::string_view value) {
      if (!base::is_utf8(key) || !base::is_utf8(value))
        return add_text(base::mend_utf8(key), base::mend_utf8(value));
      message_.writer_.pair({.pair = number_, .key = 1, .value = 2, .text = 1}, key, value);
    }

   private:
    ProtobufMessage& message_;
    unsigned number_;
  };

  explicit ProtobufMessage(std::string& out) noexcept : out_(out), writer_(out) {}

  /// What is no UTF-8 becomes U+FFFD, or a reader would refuse the whole request.
  void text(Field field, std::string_view value) {
    if (base::is_utf8(value)) return writer_.bytes(field.number, value);
    writer_.bytes(field.number, base::mend_utf8(value));
  }
  void id(Field field, std::span<const std::uint8_t> bytes) {
    writer_.bytes(field.number, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  void boolean(Field field, bool value) { writer_.integer(field.number, value ? 1 : 0); }
  /// uint32 and enum.
  void small(Field field, std::uint32_t value) { writer_.integer(field.number, value); }
  /// int64.
  void integer(Field field, std::int64_t value) {
    writer_.integer(field.number, static_cast<std::uint64_t>(value));
  }
  /// sint32.
  void zigzag(Field field, std::int32_t value) { writer_.zigzag(field.number, value); }
  void fixed32(Field field, std::uint32_t value) { writer_.fixed32(field.number, value); }
  void fixed64(Field field, std::uint64_t value) { writer_.fixed64(field.number, value); }
  /// sfixed64.
  void signed_fixed64(Field field, std::int64_t value) {
    writer_.fixed64(field.number, static_cast<std::uint64_t>(value));
  }
  void real(Field field, double value) { writer_.real(field.number, value); }
  void packed_fixed64(Field field, std::span<const std::uint64_t> values) {
    writer_.nested(field.number, [&] {
      for (const std::uint64_t value : values)
        writer_.raw_fixed64(value);
    });
  }
  /// uint64.
  void packed_integers(Field field, std::span<const std::uint64_t> values) {
    writer_.nested(field.number, [&] {
      for (const std::uint64_t value : values)
        writer_.varint(value);
    });
  }
  void packed_reals(Field field, std::span<const double> values) {
    writer_.nested(field.number, [&] {
      for (const double value : values)
        writer_.raw_fixed64(std::bit_cast<std::uint64_t>(value));
    });
  }
  template <class Write>
  void message(Field field, Write write) {
    writer_.nested(field.number, [&] { write(*this); });
  }
  template <class Write>
  void list(Field field, Write write) {
    List elements{*this, field.number};
    write(elements);
  }
  /// Fields that were written before, in the same form.
  void raw(std::string_view fields) { out_ += fields; }
  /// A repeated message whose elements were written before by a List of the same number.
  void raw_list(Field, std::string_view elements) { out_ += elements; }

 private:
  std::string& out_;
  base::ProtobufWriter writer_;
};

/// A message as JSON: ids in hexadecimal, numbers of 64 bits as strings, enums as numbers.
/// Threads: one.
class JsonMessage {
 public:
  class List {
   public:
    explicit List(JsonMessage& message) noexcept : message_(message) {}
    template <class Write>
    void add(Write write) {
      message_.json_.begin_object();
      write(message_);
      message_.json_.end_object();
    }
    void add_raw(std::string_view element) {
      message_.json_.begin_object();
      message_.raw(element);
      message_.json_.end_object();
    }
    void add_text(std::string_view key, std::string_view value) {
      add([&](JsonMessage& pair) {
        pair.text({1, "key"}, key);
        pair.message({2, "value"}, [&](JsonMessage& any) { any.text({1, "stringValue"}, value); });
      });
    }

   private:
    JsonMessage& message_;
  };

  explicit JsonMessage(std::string& out) noexcept : json_(out) {}

  void text(Field field, std::string_view value) { json_.key(field.name).string(value); }
  void id(Field field, std::span<const std::uint8_t> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<char, 32> hex;
    std::size_t size = 0;
    for (const std::uint8_t byte : bytes.first(std::min(bytes.size(), hex.size() / 2))) {
      hex[size++] = kDigits[byte >> 4];
      hex[size++] = kDigits[byte & 15];
    }
    json_.key(field.name).string({hex.data(), size});
  }
  void boolean(Field field, bool value) { json_.key(field.name).boolean(value); }
  void small(Field field, std::uint32_t value) { json_.key(field.name).unsigned_integer(value); }
  void integer(Field field, std::int64_t value) {
    json_.key(field.name);
    quoted(value);
  }
  void zigzag(Field field, std::int32_t value) { json_.key(field.name).integer(value); }
  void fixed32(Field field, std::uint32_t value) { small(field, value); }
  void fixed64(Field field, std::uint64_t value) {
    json_.key(field.name);
    quoted(value);
  }
  void signed_fixed64(Field field, std::int64_t value) { integer(field, value); }
  void real(Field field, double value) {
    json_.key(field.name);
    number(value);
  }
  void packed_fixed64(Field field, std::span<const std::uint64_t> values) {
    array(field, values, [this](std::uint64_t value) { quoted(value); });
  }
  void packed_integers(Field field, std::span<const std::uint64_t> values) {
    packed_fixed64(field, values);
  }
  void packed_reals(Field field, std::span<const double> values) {
    array(field, values, [this](double value) { number(value); });
  }
  template <class Write>
  void message(Field field, Write write) {
    json_.key(field.name).begin_object();
    write(*this);
    json_.end_object();
  }
  template <class Write>
  void list(Field field, Write write) {
    json_.key(field.name).begin_array();
    List elements{*this};
    write(elements);
    json_.end_array();
  }
  void raw(std::string_view fields) {
    if (!fields.empty()) json_.raw(fields);
  }
  /// With commas between them.
  void raw_list(Field field, std::string_view elements) {
    json_.key(field.name).begin_array();
    raw(elements);
    json_.end_array();
  }

 private:
  template <class Number>
  void quoted(Number value) {
    std::array<char, 24> digits;
    char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    json_.string({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  void number(double value) {
    if (std::isfinite(value)) {
      json_.number(value);
    } else {
      json_.string(std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    }
  }
  template <class Number, class Write>
  void array(Field field, std::span<const Number> values, Write write) {
    json_.key(field.name).begin_array();
    for (const Number value : values)
      write(value);
    json_.end_array();
  }

  base::JsonWriter json_;
};

}  // namespace vitals::otlp::detail
