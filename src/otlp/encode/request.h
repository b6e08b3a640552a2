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

/// The fields of the Resource message, as requests of the protocol have them.
[[nodiscard]] std::string resource_text(Protocol protocol, const Resource& resource);

/// A random UUID for `service.instance.id`, which all signals of a client share.
/// Source: RFC 9562, version 4.
[[nodiscard]] std::string random_uuid();

/// Writes an Export…ServiceRequest of one resource and one scope. `write(of_scope, field)` adds its
/// spans, metrics or log records. Source: opentelemetry/proto/collector/*/v1/*_service.proto.
template <class Message, class Write>
void write_request_around(std::string& out, Signal signal, std::string_view resource, Write write) {
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
          write(of_scope, Field{2, kItems[which]});
          of_scope.text({3, "schemaUrl"}, kSchemaUrl);
        });
      });
      of_resource.text({3, "schemaUrl"}, kSchemaUrl);
    });
  });
  if constexpr (kHasBraces<Message>) out += '}';
}

/// The same with items that `write(list)` adds.
template <class Message, class Write>
void write_request(std::string& out, Signal signal, std::string_view resource, Write write) {
  write_request_around<Message>(
      out, signal, resource, [&](Message& of_scope, Field field) { of_scope.list(field, write); });
}

/// The same with items that were written before: see Message::raw_list().
template <class Message>
void write_request_of(std::string& out, Signal signal, std::string_view resource,
                      std::string_view items) {
  write_request_around<Message>(out, signal, resource, [&](Message& of_scope, Field field) {
    of_scope.raw_list(field, items);
  });
}

}  // namespace vitals::otlp::detail
