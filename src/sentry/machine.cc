#include "sentry/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <fstream>

#include "sentry/json_writer.h"

namespace vitals::sentry::detail {
namespace {

/// A value of /etc/os-release, without its quotes.
std::string os_release(std::string_view name) {
  std::ifstream file{"/etc/os-release"};
  for (std::string line; std::getline(file, line);) {
    std::string_view text = line;
    if (!text.starts_with(name) || text.substr(name.size(), 1) != "=") continue;
    text.remove_prefix(name.size() + 1);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
      text = text.substr(1, text.size() - 2);
    }
    return std::string{text};
  }
  return {};
}

std::string compiler() {
#if defined(__clang__)
  return "clang " + std::to_string(__clang_major__) + '.' + std::to_string(__clang_minor__) + '.' +
         std::to_string(__clang_patchlevel__);
#elif defined(__GNUC__)
  return "g++ " + std::to_string(__GNUC__) + '.' + std::to_string(__GNUC_MINOR__) + '.' +
         std::to_string(__GNUC_PATCHLEVEL__);
#else
  return {};
#endif
}

}  // namespace

std::string machine_contexts() {
  utsname machine{};
  const bool known = uname(&machine) == 0;
  std::string json;
  JsonWriter writer{json};
  writer.begin_object();
  writer.key("os").begin_object();
  writer.member("name", known ? machine.sysname : "");
  writer.member("version", known ? machine.release : "");
  writer.member("build", known ? machine.version : "");
  writer.member("distribution_name", os_release("ID"));
  writer.member("distribution_version", os_release("VERSION_ID"));
  writer.member("distribution_pretty_name", os_release("PRETTY_NAME"));
  writer.end_object();
  writer.key("runtime").begin_object();
  writer.member("name", "c++").member("version", compiler()).end_object();
  writer.key("device").begin_object();
  writer.member("arch", known ? machine.machine : "");
  const long processors = sysconf(_SC_NPROCESSORS_ONLN);
  if (processors > 0) writer.key("processor_count").integer(processors);
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_size = sysconf(_SC_PAGESIZE);
  if (pages > 0 && page_size > 0) {
    writer.key("memory_size").integer(std::int64_t{pages} * page_size);
  }
  writer.end_object();
  writer.end_object();
  return json.substr(1, json.size() - 2);
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

}  // namespace vitals::sentry::detail
