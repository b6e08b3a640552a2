#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vitals/sentry/event.h"
#include "vitals/stack/modules.h"

namespace vitals::sentry::detail {

/// Adds those modules that the frames lie in and that are not there yet.
void add_images(std::span<const FrameRecord> frames, const stack::ModuleMap& modules,
                std::vector<ImageRecord>& images);

/// A build id as Sentry names debug files: its first 16 bytes as a little-endian UUID, in lower
/// case. Empty for an empty one. Source: Sentry developer documentation, "Debug Identifiers".
[[nodiscard]] std::string debug_id_of(std::string_view build_id);

}  // namespace vitals::sentry::detail
