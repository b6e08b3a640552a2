#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "vitals/sentry/options.h"
#include "vitals/value.h"

/// Attributes with their types, as log lines, metrics and streamed spans have them.
/// Source: Sentry developer documentation, "Attributes".
namespace vitals::sentry::detail {

inline constexpr std::string_view kEnvironmentAttribute = "sentry.environment";
inline constexpr std::string_view kReleaseAttribute = "sentry.release";
inline constexpr std::string_view kSdkNameAttribute = "sentry.sdk.name";
inline constexpr std::string_view kSdkVersionAttribute = "sentry.sdk.version";
inline constexpr std::string_view kServerAttribute = "server.address";

/// Writes a value as it is, with the name of its type.
void write_typed(base::JsonWriter& json, std::string_view name, const ValueView& value,
                 std::string_view type);

/// Writes a value with the type that it has, masked where it is a secret by its name or its look;
/// null is left out. `scratch` is the caller's, for its capacity. `unit` may be empty.
void write_attribute(base::JsonWriter& json, std::string_view name, const ValueView& value,
                     bool pii, std::string& scratch, std::string_view unit = {});

/// Members of an object of attributes that everything of this process has: environment, release,
/// SDK and server. Without braces; never empty.
[[nodiscard]] std::string common_attributes(const Options& options);
/// Whether common_attributes() may write this name, which nobody else may then write.
[[nodiscard]] bool is_common_attribute(std::string_view name) noexcept;

/// About how many bytes fields hold, for what is counted as lost before it was copied.
[[nodiscard]] std::size_t size_of_fields(std::span<const FieldView> fields) noexcept;

}  // namespace vitals::sentry::detail
