#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "otlp/encode/message.h"
#include "privacy/name_kinds.h"
#include "privacy/scrub.h"
#include "vitals/value.h"

namespace vitals::otlp::detail {

/// Writes the fields of an AnyValue. Source: opentelemetry/proto/common/v1/common.proto.
template <class Message>
void write_any(Message& message, const ValueView& value) {
  switch (value.type()) {
    case ValueView::Type::kNull:
    case ValueView::Type::kObject:
    case ValueView::Type::kArray:
      return;  // no value; a record holds an object's JSON
    case ValueView::Type::kBool:
      return message.boolean({2, "boolValue"}, value.as_bool());
    case ValueView::Type::kInt:
      return message.integer({3, "intValue"}, value.as_int());
    case ValueView::Type::kUint:
      if (value.as_uint() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
        return message.integer({3, "intValue"}, static_cast<std::int64_t>(value.as_uint()));
      }
      // There are no larger integers: as a text all digits arrive.
      return message.text({1, "stringValue"}, std::to_string(value.as_uint()));
    case ValueView::Type::kDouble:
      return message.real({4, "doubleValue"}, value.as_double());
    case ValueView::Type::kString:
    case ValueView::Type::kJson:
      return message.text({1, "stringValue"}, value.as_string());
  }
}

/// Appends an attribute to a list of them, as it is.
template <class Message>
void add_attribute(typename Message::List& list, std::string_view name, const ValueView& value) {
  if (value.type() == ValueView::Type::kString) return list.add_text(name, value.as_string());
  list.add([&](Message& pair) {
    pair.text({1, "key"}, name);
    pair.message({2, "value"}, [&](Message& any) { write_any(any, value); });
  });
}

/// How attributes that a user set may leave.
struct Privacy {
  bool send_default_pii = false;
  std::string scratch{};
  privacy::NameKinds names{};
};

/// The same with what is a secret by its name or its look masked.
template <class Message>
void add_scrubbed(typename Message::List& list, std::string_view name, const ValueView& value,
                  Privacy& how) {
  const privacy::NameKind kind = how.names.of(name);
  if (privacy::is_masked(kind, value, how.send_default_pii))
    return add_attribute<Message>(list, name, privacy::kFiltered);
  if (value.type() == ValueView::Type::kString) {
    return add_attribute<Message>(
        list, name, privacy::scrub_as(kind, value.as_string(), how.send_default_pii, how.scratch));
  }
  if (value.type() == ValueView::Type::kJson) {
    return add_attribute<Message>(
        list, name, privacy::scrub_value(value.as_string(), how.send_default_pii, how.scratch));
  }
  add_attribute<Message>(list, name, value);
}

}  // namespace vitals::otlp::detail
