#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/settings.h"

namespace health_agent {

/// How the `variable` of a fault begins that is a line of the `.env` file which cannot be read.
inline constexpr std::string_view kDotenvLine = ".env line ";

/// The text of `path`, empty when there is no such file. Throws std::runtime_error when it is there
/// and is no plain file, cannot be read, or is longer than a mebibyte.
[[nodiscard]] std::string read_dotenv(const std::string& path);

/// A `.env` file's variables: `NAME=value`, `#` comments, optional `export`, single or double
/// quotes. Lines that are none of this are added to `faults` by their number. `unended` gets the
/// variable of the last line where no newline ends it.
[[nodiscard]] std::map<std::string, std::string> parse_dotenv(std::string_view text,
                                                              std::vector<SettingFault>& faults,
                                                              std::string* unended = nullptr);

}  // namespace health_agent
