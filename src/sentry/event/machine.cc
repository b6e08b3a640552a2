#include "sentry/event/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <utility>

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

MachineContexts machine_contexts() {
  utsname machine{};
  const bool known = uname(&machine) == 0;
  MachineContexts all;
  const auto text = [](Fields& fields, const char* name, std::string value) {
    if (!value.empty()) fields.emplace_back(name, std::move(value));
  };
  Fields os;
  text(os, "name", known ? machine.sysname : "");
  text(os, "version", known ? machine.release : "");
  text(os, "build", known ? machine.version : "");
  text(os, "distribution_name", os_release("ID"));
  text(os, "distribution_version", os_release("VERSION_ID"));
  text(os, "distribution_pretty_name", os_release("PRETTY_NAME"));
  all.emplace_back("os", std::move(os));
  Fields language;
  text(language, "name", "c++");
  text(language, "version", compiler());
  all.emplace_back("runtime", std::move(language));
  Fields device;
  text(device, "arch", known ? machine.machine : "");
  const long processors = sysconf(_SC_NPROCESSORS_ONLN);
  if (processors > 0) device.emplace_back("processor_count", std::int64_t{processors});
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_size = sysconf(_SC_PAGESIZE);
  if (pages > 0 && page_size > 0) {
    device.emplace_back("memory_size", std::int64_t{pages} * page_size);
  }
  all.emplace_back("device", std::move(device));
  return all;
}

}  // namespace vitals::sentry::detail
