#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vitals/context/span.h"

namespace vitals::otlp::detail {

/// What a span says of itself, as far as its name and status follow from it.
struct SpanFacts {
  std::string_view op{};            ///< `http.server`, `db`
  std::string_view description{};   ///< of a transaction its name
  std::string_view method{};        ///< `http.request.method`
  std::string_view url_template{};  ///< `url.template`
  std::string_view operation{};     ///< `db.operation.name`
  std::string_view collection{};    ///< `db.collection.name`
};

/// The span's name as OpenTelemetry has it, of few values: `GET`, `SELECT users`, `publish orders`.
/// Sentry's description may hold a whole URL, statement or key. In `scratch` where it is put
/// together. Source: OpenTelemetry, "Semantic conventions", the span names of each kind.
[[nodiscard]] std::string_view span_name(const SpanFacts& facts, std::string& scratch);

/// The attribute that the description goes to where it is not the name: `db.query.summary`,
/// `cache.key`; empty: none.
[[nodiscard]] std::string_view description_attribute(std::string_view op) noexcept;

/// Whether the status says that the span failed. A server's does not where its caller was at fault.
/// Source: OpenTelemetry, "Semantic conventions for HTTP spans", and for gRPC.
[[nodiscard]] bool is_failure(context::SpanStatus status, context::SpanKind kind) noexcept;

}  // namespace vitals::otlp::detail
