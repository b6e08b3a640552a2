#pragma once

#include <string>

namespace health_agent::db {

/// `text` as every database can keep it: UTF-8 without NUL. What is neither becomes U+FFFD, byte by
/// byte. For texts that no check has seen, such as a model's. Cost: one pass; no copy where nothing
/// is wrong.
[[nodiscard]] std::string storable(std::string text);

}  // namespace health_agent::db
