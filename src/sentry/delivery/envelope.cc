#include "sentry/delivery/envelope.h"

#include <time.h>

#include <array>
#include <cstdio>

#include "base/json_writer.h"
#include "sentry/dsc.h"
#include "vitals/version.h"

namespace vitals::sentry::detail {

namespace {

constexpr std::string_view kBeforeTime = "{\"sent_at\":\"";
constexpr std::string_view kNoTime = "1970-01-01T00:00:00.000000Z";

}  // namespace

void count_contents(const Contents& contents, Cause cause) noexcept {
  for (std::size_t i = 0; i < kCategories; ++i) {
    const auto category = static_cast<Category>(i);
    // The server counts the spans of a transaction that it took by itself.
    const bool unneeded = category == Category::kSpan && cause == Cause::kSent &&
                          contents[place_of(Category::kTransaction)] != 0;
    const std::uint32_t quantity = contents[place_of(category)];
    if (quantity != 0 && !unneeded) count(category, cause, quantity);
  }
  for (std::size_t i = 0; i < kBulks; ++i) {
    const auto bulk = static_cast<Bulk>(i);
    const std::uint32_t bytes = contents[place_of(bulk)];
    if (bytes != 0) count_bytes(bulk, cause, bytes);
  }
}

void begin_envelope(const EnvelopeHead& head, std::string& out) {
  out.clear();
  base::JsonWriter header{out};
  header.begin_object().member("sent_at", kNoTime);
  if (head.event_id) header.member("event_id", head.event_id.hex().view());
  header.member("dsn", head.dsn);
  header.key("sdk").begin_object().member("name", "vitals.cpp");
  header.member("version", VITALS_VERSION).end_object();
  if (!head.dsc.empty()) {
    header.key("trace").begin_object();
    for (const auto& [key, value] : decode_members(head.dsc))
      header.key(key).string(value);
    header.end_object();
  }
  header.end_object();
  out += '\n';
}

void append_item(std::string_view type, std::string_view members, std::string_view payload,
                 std::string& out) {
  std::string header;
  base::JsonWriter writer{header};
  writer.begin_object().member("type", type);
  if (!members.empty()) writer.raw(members);
  writer.key("length").unsigned_integer(payload.size()).end_object();
  out.reserve(out.size() + header.size() + payload.size() + 2);
  out += header;
  out += '\n';
  out += payload;
  out += '\n';
}

void stamp(std::string& envelope, Timestamp sent_at) {
  if (!envelope.starts_with(kBeforeTime)) return;
  const std::string text = rfc3339(sent_at);
  if (text.size() != kNoTime.size()) return;  // past the year 9999
  envelope.replace(kBeforeTime.size(), text.size(), text);
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
