#include "health_agent/setting_reader.h"

#include <algorithm>

#include "health_agent/log_text.h"
#include "health_agent/plain_file.h"
#include "vitals/base/ascii.h"

namespace health_agent {
namespace {

std::string masked(std::string_view value) {
  return value.empty() ? "\"\"" : "\"****\" (" + std::to_string(value.size()) + " characters)";
}

/// A URL with anything between `://` and `@`, or what stands where a port should be and is none,
/// and the parameters masked; a value that is no URL at all may be a pasted secret, so it is masked
/// whole.
std::string masked_url(std::string_view value) {
  const std::size_t scheme = value.find("://");
  if (scheme == std::string_view::npos) {
    return value.find('@') == std::string_view::npos ? shown(value) : masked(value);
  }
  std::string text{value.substr(0, scheme + 3)};
  std::string_view rest = value.substr(scheme + 3);
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    text += "****";
    rest.remove_prefix(at);
  }
  const std::size_t query = rest.find('?');
  const std::string_view place = rest.substr(0, query);
  const std::size_t colon =
      place.find(':', place.rfind(']') == std::string_view::npos ? 0 : place.rfind(']'));
  const bool port =
      colon == std::string_view::npos ||
      place.substr(colon + 1, place.find('/', colon) - colon - 1).find_first_not_of("0123456789") ==
          std::string_view::npos;
  text += port ? std::string{place} : std::string{place.substr(0, colon)} + ":****";
  if (query != std::string_view::npos) text += "?****";
  return shown(text);
}

}  // namespace

std::string_view trim(std::string_view text) {
  const auto space = [](char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
  };
  while (!text.empty() && space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && space(text.back()))
    text.remove_suffix(1);
  return text;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view item = trim(text.substr(0, comma));
    if (!item.empty()) items.emplace_back(item);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return items;
}

std::string shown(std::string_view value) {
  constexpr std::size_t kMost = 80;
  std::string text = printable(value.substr(0, kMost));
  if (value.size() > kMost) text += "…";
  return "\"" + text + "\"";
}

bool is_url(std::string_view text, std::initializer_list<std::string_view> schemes) {
  for (const std::string_view scheme : schemes) {
    if (!text.starts_with(scheme) || !text.substr(scheme.size()).starts_with("://")) continue;
    std::string_view rest = text.substr(scheme.size() + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos)
      rest.remove_prefix(at + 1);
    if (rest.starts_with('[')) {
      const std::size_t close = rest.find(']');
      if (close == std::string_view::npos || close == 1) return false;
      rest.remove_prefix(close + 1);
      if (!rest.empty() && rest.front() != ':') return false;
    } else {
      const std::size_t colon = rest.find(':');
      if (rest.substr(0, colon).empty()) return false;
      rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon);
    }
    if (rest.empty()) return text.find_first_of(" \t\n\"<>") == std::string_view::npos;
    rest.remove_prefix(1);
    int port = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), port);
    return error == std::errc{} && end == rest.data() + rest.size() && port >= 1 && port <= 65535;
  }
  return false;
}

void SettingReader::take_files(std::span<const char* const> names) {
  for (const std::string name : names) {
    const std::string file_name = name + "_FILE";
    if (raw(name) && raw(file_name)) {
      fault(file_name, *raw(file_name), Secret::kNo,
            std::string{"either "}.append(file_name).append(" or ").append(name).append(
                ", not both"));
      continue;
    }
    std::string path;
    auto text = file(file_name, name, path);
    if (!text) continue;
    if (trim(*text).empty()) {
      fault(file_name, path, Secret::kNo,
            "the path of a file that holds " + name + "; it is empty");
      continue;
    }
    from_files_[name] = *std::move(text);
  }
}

std::optional<std::string> SettingReader::given(const std::string& name) const {
  if (const auto found = from_files_.find(name); found != from_files_.end())
    return std::string{trim(found->second)};
  std::optional<std::string> value = environment_(name);
  if (!value) {
    if (const auto found = dotenv_.find(name); found != dotenv_.end()) value = found->second;
  }
  if (value) value = std::string{trim(*value)};
  return value;
}

std::optional<std::string> SettingReader::raw(const std::string& name) const {
  std::optional<std::string> value = given(name);
  if (value && value->empty()) return std::nullopt;
  return value;
}

void SettingReader::fault(const std::string& name, std::string_view value, Secret secret,
                          std::string accepted) {
  faults_.push_back({name,
                     secret == Secret::kNo    ? shown(value)
                     : secret == Secret::kYes ? masked(value)
                                              : masked_url(value),
                     std::move(accepted)});
}

void SettingReader::text(const std::string& name, std::string& into) const {
  if (auto value = raw(name)) into = *value;
}

void SettingReader::flag(const std::string& name, bool& into) {
  const auto value = raw(name);
  if (!value) return;
  const std::string word = vitals::base::lower(*value);
  if (word == "true" || word == "1" || word == "yes" || word == "on") {
    into = true;
  } else if (word == "false" || word == "0" || word == "no" || word == "off") {
    into = false;
  } else {
    fault(name, *value, Secret::kNo, "a boolean: true/false/1/0/yes/no/on/off");
  }
}

void SettingReader::rate(const std::string& name, double& into) {
  const auto value = raw(name);
  if (!value) return;
  double number = -1;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc{} || end != value->data() + value->size() ||
      !(number >= 0 && number <= 1)) {
    fault(name, *value, Secret::kNo, "a number from 0.0 to 1.0");
    return;
  }
  into = number;
}

void SettingReader::choice(const std::string& name, std::string& into,
                           std::initializer_list<std::string_view> words) {
  const auto value = raw(name);
  if (!value) return;
  const std::string word = vitals::base::lower(*value);
  std::string accepted = "one of";
  for (const std::string_view candidate : words) {
    if (word == candidate) {
      into = word;
      return;
    }
    accepted += (accepted.size() > 6 ? ", " : " ") + std::string{candidate};
  }
  fault(name, *value, Secret::kNo, accepted);
}

void SettingReader::url(const std::string& name, std::string& into,
                        std::initializer_list<std::string_view> schemes) {
  const auto value = raw(name);
  if (!value) return;
  if (!is_url(*value, schemes)) {
    std::string accepted = "a URL:";
    for (const std::string_view scheme : schemes)
      accepted += " " + std::string{scheme} + "://host[:port]…";
    fault(name, *value, Secret::kUrl, accepted);
    return;
  }
  into = *value;
  while (into.ends_with('/'))
    into.pop_back();
}

std::optional<std::string> SettingReader::file(const std::string& name, std::string& path) {
  return file(name, name, path);
}

std::optional<std::string> SettingReader::file(const std::string& name, const std::string& variable,
                                               std::string& path) {
  const auto value = raw(name);
  if (!value) return std::nullopt;
  path = *value;
  auto text = read_plain_file(path, kLongestFile);
  if (text && *text) {
    if (!(*text)->empty() && !(*text)->ends_with('\n'))
      unended_files_[variable] = "the file of " + name;
    return std::move(**text);
  }
  fault(name, path, Secret::kNo,
        "the path of a file that can be read; " +
            (text ? std::string{"there is none"} : text.error().message));
  return std::nullopt;
}

}  // namespace health_agent
