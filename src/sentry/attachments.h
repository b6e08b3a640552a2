#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vitals/sentry/attachment.h"
#include "vitals/sentry/event.h"
#include "vitals/sentry/options.h"

namespace vitals::sentry::detail {

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

/// What the events on their way hold in attachments, all together no more than kMaxAttachedBytes:
/// the queue's own limit is far below what one of them may have.
class AttachmentRoom {
 public:
  AttachmentRoom() noexcept = default;
  AttachmentRoom(const AttachmentRoom&) = delete;
  AttachmentRoom& operator=(const AttachmentRoom&) = delete;
  ~AttachmentRoom();
  /// False when there is no room left.
  [[nodiscard]] bool take(std::size_t bytes) noexcept;

 private:
  std::size_t taken_ = 0;
};

/// What an error holds of attachments until it is sent: its scope's and its own.
struct CapturedAttachments {
  SharedAttachments scope;
  AttachmentList own;
  AttachmentRoom room;

  [[nodiscard]] std::size_t files() const noexcept {
    return own.size() + (scope ? scope->size() : 0);
  }
  /// What is lost with them; of a file, what it holds now.
  [[nodiscard]] std::size_t bytes() const noexcept;
};

/// Takes the scope's list and `given` along. Without room left for them the event goes without, and
/// they are counted as `queue_full`. Throws std::bad_alloc.
void capture_attachments(SharedAttachments scope, std::span<const Attachment> given,
                         CapturedAttachments& captured);

/// Reads what is to be read, and appends all to `event`. Says on stderr what cannot be read when
/// Options::debug is set.
void load_attachments(const CapturedAttachments& captured, const Options& options, Event& event);

}  // namespace vitals::sentry::detail
