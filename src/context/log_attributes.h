#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "context/records.h"
#include "context/runtime.h"
#include "context/scope_state.h"
#include "vitals/value.h"

/// The attributes of a line of a log as a listener packs them on the thread that writes the line,
/// and as its own thread reads them.
namespace vitals::context::detail {

/// Appends what every line of a scope says. Its user only where no other scope has said one, which
/// `has_user` keeps.
template <std::uint32_t kLimit, std::uint32_t N>
void append_scope_attributes(InlineBytes<N>& bytes, ScopeState& scope, bool& has_user) noexcept {
  const bool of_another = has_user;
  scope.for_each_record([&](const Record& record) {
    if (record.section == Section::kAttribute) {
      append_record(bytes, Section::kAttribute, {}, record.key, record.value, kLimit);
    }
    if (record.section != Section::kUser || of_another) return;
    has_user = true;
    const auto add = [&](std::string_view name) {
      append_text(bytes, Section::kAttribute, name, record.value.as_string(), kLimit);
    };
    if (record.key == "id") add("user.id");
    // Without Settings::keep_private_data a line names nobody.
    if (!runtime.keep_private_data.load(std::memory_order_relaxed)) return;
    if (record.key == "username") add("user.name");
    if (record.key == "email") add("user.email");
  });
}

/// Appends the attributes of a line that this thread writes, as records: its own, then its scope's,
/// then the process'; a scope's user is among them. In this order they stand, and have the room up
/// to `kLimit` bytes; what is past it is left out. Cost: a copy of their bytes, and the short lock of
/// a scope that has any.
template <std::uint32_t kLimit, std::uint32_t N>
void append_log_attributes(InlineBytes<N>& bytes, std::span<const FieldView> own) noexcept {
  for (const FieldView& field : own)
    append_record(bytes, Section::kData, {}, field.key, field.value, kLimit);
  ScopeState* const scope = ScopeState::current();
  bool has_user = false;
  append_scope_attributes<kLimit>(bytes, *scope, has_user);
  if (scope != ScopeState::global())
    append_scope_attributes<kLimit>(bytes, *ScopeState::global(), has_user);
}

/// Reads them back, each name once: the last of the line's own stands, else its scope's, else the
/// process'. Throws std::bad_alloc.
[[nodiscard]] inline Fields log_attributes(std::string_view packed) {
  Fields attributes;
  while (!packed.empty()) {
    const Record attribute = take_record(packed);
    const bool own = attribute.section == Section::kData;
    if (!own && attribute.section != Section::kAttribute) continue;
    const bool known = std::ranges::any_of(
        attributes, [&attribute](const auto& held) { return held.first == attribute.key; });
    if (own || !known) put(attributes, attribute.key, attribute.value);
  }
  return attributes;
}

}  // namespace vitals::context::detail
