#include "sentry/items/attributes.h"

#include <cmath>
#include <limits>

#include "context/records.h"
#include "privacy/scrub.h"
#include "vitals/version.h"

namespace vitals::sentry::detail {
namespace {

void write_with_unit(base::JsonWriter& json, std::string_view name, const ValueView& value,
                     std::string_view type, std::string_view unit) {
  json.key(name).begin_object().key("value").value(value).member("type", type);
  json.member("unit", unit).end_object();
}

}  // namespace

void write_typed(base::JsonWriter& json, std::string_view name, const ValueView& value,
                 std::string_view type) {
  write_with_unit(json, name, value, type, {});
}

void write_attribute(base::JsonWriter& json, std::string_view name, const ValueView& value,
                     bool pii, std::string& scratch, std::string_view unit) {
  if (value.type() != ValueView::Type::kString &&
      (privacy::must_filter(name, value) || (!pii && privacy::is_client_address(name)))) {
    return write_typed(json, name, privacy::kFiltered, "string");
  }
  const auto write = [&](const ValueView& shown, std::string_view type) {
    write_with_unit(json, name, shown, type, unit);
  };
  switch (value.type()) {
    case ValueView::Type::kNull:
      return;
    case ValueView::Type::kBool:
      return write(value, "boolean");
    case ValueView::Type::kInt:
      return write(value, "integer");
    case ValueView::Type::kUint:
      if (value.as_uint() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
        return write(value, "integer");
      }
      // The server's integers have a sign: as a text all digits arrive.
      return write(std::to_string(value.as_uint()), "string");
    case ValueView::Type::kDouble:
      if (std::isfinite(value.as_double())) return write(value, "double");
      return write(std::to_string(value.as_double()), "string");
    case ValueView::Type::kString:
      return write(privacy::scrub_named(name, value.as_string(), pii, scratch), "string");
    case ValueView::Type::kJson:  // Sentry has no type for objects here, so it goes as a text
      return write(privacy::scrub_value(value.as_string(), pii, scratch), "string");
    case ValueView::Type::kObject:
    case ValueView::Type::kArray:
      return;  // a record holds their JSON
  }
}

std::string common_attributes(const Options& options) {
  std::string text;
  base::JsonWriter json{text};
  json.begin_object();
  const auto add = [&json](std::string_view name, std::string_view value) {
    if (!value.empty()) write_typed(json, name, value, "string");
  };
  add(kEnvironmentAttribute, options.environment);
  add(kReleaseAttribute, options.release);
  add(kSdkNameAttribute, "vitals.cpp");
  add(kSdkVersionAttribute, VITALS_VERSION);
  add(kServerAttribute, options.server_name);
  return text.substr(1);
}

bool is_common_attribute(std::string_view name) noexcept {
  return name == kEnvironmentAttribute || name == kReleaseAttribute || name == kSdkNameAttribute ||
         name == kSdkVersionAttribute || name == kServerAttribute;
}

std::size_t size_of_fields(std::span<const FieldView> fields) noexcept {
  std::size_t size = 0;
  for (const FieldView& field : fields) {
    const bool has_text = context::detail::is_text(field.value.type());
    size += field.key.size() + (has_text ? field.value.as_string().size() : sizeof(double));
  }
  return size;
}

}  // namespace vitals::sentry::detail
