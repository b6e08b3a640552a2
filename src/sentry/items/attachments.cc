#include "sentry/items/attachments.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "sentry/runtime.h"
#include "sentry/say_line.h"

namespace vitals::sentry::detail {
namespace {

using context::detail::fits;
using context::detail::held_of;
using context::detail::size_at_loss;
using context::detail::size_of;
using context::detail::size_on_disk;

constinit std::atomic<std::size_t> bytes_on_the_way{0};

constexpr const char* kTooLarge = "larger than 20 MiB";

/// Reads a regular file; what is wrong with it, or null.
const char* read_file(const std::string& path, std::string& bytes) {
  // Not blocking, since it may turn out to be a pipe that nobody writes to.
  const base::Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  struct stat facts {};
  if (file.get() < 0 || fstat(file.get(), &facts) != 0) return std::strerror(errno);
  if (!S_ISREG(facts.st_mode)) return "no regular file";
  if (std::cmp_greater(facts.st_size, kMaxAttachmentBytes)) return kTooLarge;
  // It may grow or shrink meanwhile, and some of the kernel's files say a size of 0.
  constexpr std::size_t kAtLeast = 4096;
  bytes.resize(std::max(kAtLeast, static_cast<std::size_t>(facts.st_size) + 1));
  std::size_t have = 0;
  for (;;) {
    if (have == bytes.size()) bytes.resize(bytes.size() * 2);
    const ssize_t got = read(file.get(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::strerror(errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
    if (have > kMaxAttachmentBytes) return kTooLarge;
  }
  bytes.resize(have);
  return nullptr;
}

/// Appends those that fit to the event's; `sum` is what they hold.
void load(const AttachmentList& list, const Options& options, std::size_t& sum, Event& event) {
  for (const HeldAttachment& held : list) {
    AttachmentRecord record{held.filename, held.content_type, {}};
    if (!held.bytes) {
      if (const char* const fault = read_file(held.path, record.bytes)) {
        if (fault == kTooLarge) count_attachment(Cause::kTooLarge, size_on_disk(held.path));
        if (options.debug) say_line("an attachment is left out:", held.path + ": " + fault);
        continue;
      }
    }
    const std::size_t size = held.bytes ? held.bytes->size() : record.bytes.size();
    if (event.attachments.size() >= kMaxAttachments || sum + size > kMaxAttachedBytes) {
      count_attachment(Cause::kTooLarge, size);
      continue;
    }
    sum += size;
    if (held.bytes) record.bytes = *held.bytes;
    event.attachments.push_back(std::move(record));
  }
}

}  // namespace

AttachmentRoom::~AttachmentRoom() {
  if (taken_ > 0) bytes_on_the_way.fetch_sub(taken_, std::memory_order_relaxed);
}

bool AttachmentRoom::take(std::size_t bytes) noexcept {
  if (bytes == 0) return true;
  if (bytes_on_the_way.fetch_add(bytes, std::memory_order_relaxed) + bytes <= kMaxAttachedBytes) {
    taken_ += bytes;
    return true;
  }
  bytes_on_the_way.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

std::size_t CapturedAttachments::bytes() const noexcept {
  std::size_t sum = 0;
  for (const AttachmentList* const list : {&own, scope.get()}) {
    if (list == nullptr) continue;
    for (const HeldAttachment& held : *list)
      sum += size_at_loss(held);
  }
  return sum;
}

void capture_attachments(SharedAttachments scope, std::span<const context::Attachment> given,
                         CapturedAttachments& captured) {
  if (scope) {
    if (captured.room.take(size_of(*scope))) {
      captured.scope = std::move(scope);
    } else {
      for (const HeldAttachment& held : *scope)
        count_attachment(Cause::kQueueOverflow, size_at_loss(held));
    }
  }
  for (const context::Attachment& one : given) {
    // Room before the copy, so that a burst of captures does not hold them all for a moment.
    const std::size_t size = size_of(one);
    if (!fits(one, captured.own)) {
      count_attachment(Cause::kTooLarge, size_at_loss(one));
    } else if (!captured.room.take(size)) {
      count_attachment(Cause::kQueueOverflow, size);
    } else {
      captured.own.push_back(held_of(one));
    }
  }
}

void load_attachments(const CapturedAttachments& captured, const Options& options, Event& event) {
  std::size_t sum = 0;
  // A capture's own are the closer ones: they come first where both are too many.
  load(captured.own, options, sum, event);
  if (captured.scope) load(*captured.scope, options, sum, event);
}

}  // namespace vitals::sentry::detail
