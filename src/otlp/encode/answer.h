#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vitals/otlp/options.h"

namespace vitals::otlp::detail {

/// What a receiver says that it has not taken of a request.
struct PartialSuccess {
  std::uint64_t rejected = 0;
  std::string message{};  // for people, at most 300 bytes
};

/// Reads an Export…ServiceResponse, as far as it can be read: what is malformed says nothing.
/// Throws std::bad_alloc. Source: opentelemetry/proto/collector/*/v1/*_service.proto.
[[nodiscard]] PartialSuccess read_answer(std::string_view body, Protocol protocol);

/// The message of a Status, which an answer that refuses a request should hold; empty: there is
/// none, or none that can be read. Source: google/rpc/status.proto.
[[nodiscard]] std::string read_status(std::string_view body, Protocol protocol);

}  // namespace vitals::otlp::detail
