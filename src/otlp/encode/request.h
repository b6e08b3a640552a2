#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "otlp/encode/message.h"
#include "vitals/otlp/client.h"
#include "vitals/version.h"

namespace vitals::otlp::detail {

/// The semantic conventions that attributes follow.
inline constexpr std::string_view kSchemaUrl = "https://opentelemetry.io/schemas/1.37.0";

/// JSON has braces around the whole, protobuf has not.
template <class Message>
inline constexpr bool kHasBraces = false;
template <>
inline constexpr bool kHasBraces<JsonMessage> = true;

/// The fields of the Resource message, which are the same for all requests of a client but for a
/// random `service.instance.id`, so it is to be made once.
template <class Message>
[[nodiscard]] std::string resource_fields(const Resource& resource);

/// Writes an Export…ServiceRequest of one resource and one scope, whose spans, metrics or log
/// records `write(list)` adds. Source: opentelemetry/proto/collector/*/v1/*_service.proto.
template <class Message, class Write>
void write_request(std::string& out, Signal signal, std::string_view resource, Write write) {
  constexpr std::array<std::string_view, kSignals> kResources{"resourceSpans", "resourceMetrics",
                                                              "resourceLogs"};
  constexpr std::array<std::string_view, kSignals> kScopes{"scopeSpans", "scopeMetrics",
                                                           "scopeLogs"};
  constexpr std::array<std::string_view, kSignals> kItems{"spans", "metrics", "logRecords"};
  const auto which = static_cast<std::size_t>(signal);
  if constexpr (kHasBraces<Message>) out += '{';
  Message request{out};
  request.list({1, kResources[which]}, [&](auto& resources) {
    resources.add([&](Message& of_resource) {
      of_resource.message({1, "resource"}, [&](Message& message) { message.raw(resource); });
      of_resource.list({2, kScopes[which]}, [&](auto& scopes) {
        scopes.add([&](Message& of_scope) {
          of_scope.message({1, "scope"}, [](Message& scope) {
            scope.text({1, "name"}, "vitals");
            scope.text({2, "version"}, VITALS_VERSION);
          });
          of_scope.list({2, kItems[which]}, write);
          of_scope.text({3, "schemaUrl"}, kSchemaUrl);
        });
      });
      of_resource.text({3, "schemaUrl"}, kSchemaUrl);
    });
  });
  if constexpr (kHasBraces<Message>) out += '}';
}

}  // namespace vitals::otlp::detail
