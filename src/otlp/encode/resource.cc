#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/host_name.h"
#include "base/random.h"
#include "otlp/encode/attributes.h"
#include "otlp/encode/request.h"

namespace vitals::otlp::detail {
namespace {

using Attributes = std::vector<std::pair<std::string, Value>>;

std::string executable_path() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

/// `host.arch` by the names of the conventions.
std::string architecture(std::string_view machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return std::string{machine};
}

Attributes attributes_of(const Resource& resource) {
  const std::string path = executable_path();
  const std::string name = std::filesystem::path{path}.filename().string();
  utsname machine{};
  const bool known = uname(&machine) == 0;
  Attributes all;
  const auto add = [&all](std::string_view key, Value value) {
    for (auto& [held, held_value] : all) {
      if (held == key) {
        held_value = std::move(value);
        return;
      }
    }
    all.emplace_back(key, std::move(value));
  };
  const auto add_text = [&add](std::string_view key, std::string value) {
    if (!value.empty()) add(key, std::move(value));
  };
  add_text("service.name", resource.service_name.empty()
                               ? "unknown_service" + (name.empty() ? "" : ":" + name)
                               : resource.service_name);
  add_text("service.version", resource.service_version);
  add_text("service.instance.id",
           resource.service_instance_id.empty() ? random_uuid() : resource.service_instance_id);
  add_text("deployment.environment.name", resource.environment);
  add_text("host.name", base::host_name());
  add_text("host.arch", known ? architecture(machine.machine) : "");
  add("process.pid", std::int64_t{getpid()});
  add_text("process.executable.name", name);
  add_text("process.executable.path", path);
  add_text("os.type", "linux");
  add_text("os.version", known ? machine.release : "");
  add_text("telemetry.sdk.name", "vitals");
  add_text("telemetry.sdk.language", "cpp");
  add_text("telemetry.sdk.version", VITALS_VERSION);
  for (const auto& [key, value] : resource.attributes) {
    if (!key.empty()) add(key, value);
  }
  return all;
}

ValueView view_of_attribute(const Value& value) {
  if (const auto* const number = std::get_if<std::int64_t>(&value)) return ValueView{*number};
  return ValueView{std::get<std::string>(value)};
}

template <class Message>
std::string fields_of(const Resource& resource) {
  std::string text;
  Message message{text};
  message.list({1, "attributes"}, [&](auto& list) {
    for (const auto& [key, value] : attributes_of(resource))
      add_attribute<Message>(list, key, view_of_attribute(value));
  });
  return text;
}

}  // namespace

std::string random_uuid() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  std::string text{kForm};
  for (char& c : text) {
    const std::uint64_t random = base::Random::next() >> 32;
    if (c == 'x') c = kDigits[random & 15];
    if (c == 'y') c = kDigits[8 + (random & 3)];
  }
  return text;
}

std::string resource_text(Protocol protocol, const Resource& resource) {
  return protocol == Protocol::kJson ? fields_of<JsonMessage>(resource)
                                     : fields_of<ProtobufMessage>(resource);
}

}  // namespace vitals::otlp::detail
