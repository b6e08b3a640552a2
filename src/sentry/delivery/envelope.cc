#include "sentry/delivery/envelope.h"

#include <time.h>

#include <array>
#include <cstdio>

#include "sentry/json_writer.h"
#include "sentry/trace/propagation.h"

namespace vitals::sentry::detail {

void write_envelope(const EnvelopeParts& parts, std::string& out) {
  out.clear();
  {
    JsonWriter header{out};
    header.begin_object();
    if (parts.event_id) header.member("event_id", parts.event_id.hex().view());
    header.member("dsn", parts.dsn).member("sent_at", rfc3339(parts.sent_at));
    header.key("sdk").begin_object().member("name", "vitals.cpp");
    header.member("version", VITALS_VERSION).end_object();
    if (!parts.dsc.empty()) {
      header.key("trace").begin_object();
      for (const auto& [key, value] : decode_members(parts.dsc))
        header.key(key).string(value);
      header.end_object();
    }
    header.end_object();
  }
  out += '\n';
  {
    std::string item;
    JsonWriter header{item};
    header.begin_object().member("type", parts.item_type);
    if (!parts.item_members.empty()) header.raw(parts.item_members);
    header.key("length").unsigned_integer(parts.payload.size()).end_object();
    out += item;
  }
  out += '\n';
  out += parts.payload;
  out += '\n';
}

std::string auth_header(std::string_view public_key) {
  std::string text = "Sentry sentry_version=7, sentry_client=";
  text += client_name();
  text += ", sentry_key=";
  return text += public_key;
}

std::string_view client_name() noexcept {
  return "vitals.cpp/" VITALS_VERSION;
}

std::string rfc3339(Timestamp time) {
  const auto micros =
      std::chrono::floor<std::chrono::microseconds>(time).time_since_epoch().count();
  const time_t seconds = micros / 1'000'000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 80> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
                    parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                    parts.tm_min, parts.tm_sec, static_cast<int>(micros % 1'000'000));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace vitals::sentry::detail
