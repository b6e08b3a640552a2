#pragma once

#include <charconv>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "health_agent/settings.h"

namespace health_agent {

/// More than anybody writes by hand into a file of settings, rules or prices, in bytes.
inline constexpr std::size_t kLongestFile = std::size_t{1} << 20U;

/// Without the white space at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

/// What stands between the commas, without white space around it; nothing empty.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

/// A value for a message: in quotes, cut, and without control characters.
[[nodiscard]] std::string shown(std::string_view value);

/// `scheme://host[:port]…` with one of the schemes.
[[nodiscard]] bool is_url(std::string_view text, std::initializer_list<std::string_view> schemes);

/// How much of a value a fault may show.
enum class Secret { kNo, kYes, kUrl };

/// Reads variables one by one and gathers what is wrong with them. A variable at fault leaves `into`
/// as it is. `environment` and `faults` must outlive it. Threads: one.
class SettingReader {
 public:
  SettingReader(const Environment& environment, std::map<std::string, std::string> dotenv,
                std::vector<SettingFault>& faults)
      : environment_(environment), dotenv_(std::move(dotenv)), faults_(faults) {}

  /// Takes each of the variables `names` from the file that NAME_FILE names, where it does: for
  /// secrets that are mounted. To be called before any of them is read. A fault of NAME_FILE is a
  /// file that cannot be read or holds nothing, and a NAME that is given as well.
  void take_files(std::span<const char* const> names);

  /// What was given, which may be empty; nothing when the variable is not there at all.
  std::optional<std::string> given(const std::string& name) const;

  /// The same, where empty counts as not given: that is how people switch a variable off in a
  /// compose file.
  std::optional<std::string> raw(const std::string& name) const;

  void fault(const std::string& name, std::string_view value, Secret secret, std::string accepted);

  void text(const std::string& name, std::string& into) const;

  void flag(const std::string& name, bool& into);

  template <class Integer>
  void integer(const std::string& name, Integer& into, long long least, long long most) {
    const auto value = raw(name);
    if (!value) return;
    long long number = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (error != std::errc{} || end != value->data() + value->size() || number < least ||
        number > most) {
      fault(name, *value, Secret::kNo,
            "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
      return;
    }
    into = static_cast<Integer>(number);
  }

  void rate(const std::string& name, double& into);

  void choice(const std::string& name, std::string& into,
              std::initializer_list<std::string_view> words);

  void url(const std::string& name, std::string& into,
           std::initializer_list<std::string_view> schemes);

  /// The text of the file that the variable names, and its path for a fault that is found in it.
  std::optional<std::string> file(const std::string& name, std::string& path);

  /// Of what was taken from files: see LoadedSettings::unended.
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& unended_files() const {
    return unended_files_;
  }

 private:
  /// file() for the value of `variable`, which is the one that says so when no newline ends it.
  std::optional<std::string> file(const std::string& name, const std::string& variable,
                                  std::string& path);

  const Environment& environment_;
  std::map<std::string, std::string> dotenv_;
  std::map<std::string, std::string> from_files_;
  std::map<std::string, std::string, std::less<>> unended_files_;
  std::vector<SettingFault>& faults_;
};

}  // namespace health_agent
