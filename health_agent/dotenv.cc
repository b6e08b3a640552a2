#include "health_agent/dotenv.h"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <utility>

#include "health_agent/plain_file.h"
#include "health_agent/setting_reader.h"

namespace health_agent {

std::string read_dotenv(const std::string& path) {
  auto text = read_plain_file(path, kLongestFile);
  if (!text)
    throw std::runtime_error("the file " + path + " cannot be used: " + text.error().message);
  return std::move(*text).value_or(std::string{});
}

std::map<std::string, std::string> parse_dotenv(std::string_view text,
                                                std::vector<SettingFault>& faults,
                                                std::string* unended) {
  std::map<std::string, std::string> variables;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ")) line = trim(line.substr(7));

    const std::size_t equals = line.find('=');
    const std::string_view name = trim(line.substr(0, equals));
    const bool named = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : trim(line.substr(equals + 1));
    bool closed = true;
    if (!value.empty() && (value.front() == '"' || value.front() == '\'')) {
      const std::size_t close = value.find(value.front(), 1);
      closed = close != std::string_view::npos;
      if (closed) value = value.substr(1, close - 1);
    } else if (const std::size_t comment = value.find(" #"); comment != std::string_view::npos) {
      value = trim(value.substr(0, comment));
    }
    // A file of which not all has reached the disk is filled up with zeros.
    const bool text_only = std::none_of(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
    if (equals == std::string_view::npos || !named || !closed || !text_only) {
      // The line's own text is not shown: it may hold a secret.
      faults.push_back({std::string{kDotenvLine} + std::to_string(number),
                        "a line of " + std::to_string(line.size()) + " characters",
                        "NAME=value, with quotes closed and without control characters"});
      continue;
    }
    variables[std::string{name}] = std::string{value};
    if (end == std::string_view::npos && unended != nullptr) *unended = name;
  }
  return variables;
}

}  // namespace health_agent
