#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sentry/context_names.h"
#include "vitals/sentry/event.h"
#include "vitals/sentry/options.h"

namespace vitals::sentry::detail {

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
void capture_attachments(SharedAttachments scope, std::span<const context::Attachment> given,
                         CapturedAttachments& captured);

/// Reads what is to be read, and appends all to `event`. Says on stderr what cannot be read when
/// Options::debug is set.
void load_attachments(const CapturedAttachments& captured, const Options& options, Event& event);

}  // namespace vitals::sentry::detail
