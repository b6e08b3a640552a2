#pragma once

#include <cstddef>
#include <string>

#include "vitals/value.h"

namespace vitals::context::detail {

/// A JSON text, or words in its place.
struct NestedText {
  ValueView::Type type = ValueView::Type::kJson;  ///< or kString
  std::string text{};
};

/// What stands for more JSON than there is room for. A part of it would not be valid JSON, and its
/// secrets would be harder to find.
[[nodiscard]] std::string left_out(std::size_t bytes);

/// The JSON of a kObject, kArray or kJson: at most 16 levels deep, and words in its place where it
/// would be longer than `limit`. A JSON text inside an object that is malformed is a text there.
/// Cost: that of writing `limit` bytes, however much there is.
[[nodiscard]] NestedText nested_text(const ValueView& value, std::size_t limit);

}  // namespace vitals::context::detail
