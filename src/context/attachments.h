#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "vitals/context/attachment.h"

namespace vitals::context::detail {

inline constexpr std::size_t kMaxAttachments = 16;
inline constexpr std::size_t kMaxAttachmentBytes = std::size_t{20} * 1024 * 1024;
inline constexpr std::size_t kMaxAttachedBytes = std::size_t{40} * 1024 * 1024;

/// An attachment that owns what it was given.
struct HeldAttachment {
  std::string filename;
  std::string content_type;
  std::shared_ptr<const std::string> bytes{};  // null: `path` is to be read
  std::string path{};
};
using AttachmentList = std::vector<HeldAttachment>;
/// A scope's list: never changed, only replaced, so that forks and captures share it.
using SharedAttachments = std::shared_ptr<const AttachmentList>;

/// `list` and one more. The same list where it is past the bounds or there is no memory.
[[nodiscard]] SharedAttachments with(const SharedAttachments& list,
                                     const Attachment& given) noexcept;

/// Both lists, up to the bounds. Throws std::bad_alloc.
[[nodiscard]] SharedAttachments joined(const SharedAttachments& first,
                                       const SharedAttachments& second);

/// Takes the attachment as one that is held, without looking at the bounds. Throws std::bad_alloc.
[[nodiscard]] HeldAttachment held_of(const Attachment& given);
/// Whether there is room for it beside the list.
[[nodiscard]] bool fits(const Attachment& given, const AttachmentList& list) noexcept;

/// What it holds in memory.
[[nodiscard]] std::size_t size_of(const Attachment& given) noexcept;
[[nodiscard]] std::size_t size_of(const AttachmentList& list) noexcept;
/// What a regular file holds now; 0 where there is none.
[[nodiscard]] std::size_t size_on_disk(const std::string& path) noexcept;
/// As size_of(), of a file what it holds now: what a report of losses says of it.
[[nodiscard]] std::size_t size_at_loss(const Attachment& given) noexcept;
[[nodiscard]] std::size_t size_at_loss(const HeldAttachment& held) noexcept;

}  // namespace vitals::context::detail
