#include "sentry/attachments.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string_view>
#include <utility>

#include "sentry/records.h"
#include "sentry/runtime.h"
#include "sentry/say_line.h"

namespace vitals::sentry::detail {
namespace {

constinit std::atomic<std::size_t> bytes_on_the_way{0};

std::size_t size_of(const HeldAttachment& held) noexcept {
  return held.bytes ? held.bytes->size() : 0;
}

std::size_t size_on_disk(const std::string& path) noexcept {
  struct stat facts {};
  const bool there = stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
  return there ? static_cast<std::size_t>(facts.st_size) : 0;
}

/// Of a file, too: what a report of losses says of it.
std::size_t size_at_loss(const HeldAttachment& held) noexcept {
  return held.bytes ? held.bytes->size() : size_on_disk(held.path);
}

std::size_t size_of(const AttachmentList& list) noexcept {
  std::size_t sum = 0;
  for (const HeldAttachment& held : list)
    sum += size_of(held);
  return sum;
}

std::string_view name_of(const Attachment& given) noexcept {
  if (!given.filename.empty()) return given.filename;
  const std::string_view name = given.path.substr(given.path.rfind('/') + 1);
  return name.empty() ? std::string_view{"attachment"} : name;
}

HeldAttachment held_of(const Attachment& given) {
  HeldAttachment held{.filename = std::string{cut(name_of(given), kMaxKeySize)},
                      .content_type = std::string{cut(given.content_type, kMaxKeySize)}};
  if (given.shared) {
    held.bytes = given.shared;
  } else if (!given.path.empty()) {
    held.path = given.path;
  } else {
    held.bytes = std::make_shared<const std::string>(given.bytes);
  }
  return held;
}

std::size_t size_of(const Attachment& given) noexcept {
  return given.shared ? given.shared->size() : given.bytes.size();
}

std::size_t size_at_loss(const Attachment& given) noexcept {
  const bool is_file = !given.shared && !given.path.empty();
  return is_file ? size_on_disk(std::string{given.path}) : size_of(given);
}

bool fits(const Attachment& given, const AttachmentList& list) noexcept {
  const std::size_t size = size_of(given);
  return list.size() < kMaxAttachments && size <= kMaxAttachmentBytes &&
         size_of(list) + size <= kMaxAttachedBytes;
}

/// A file that is open, for the length of a read.
class OpenFile {
 public:
  // Not blocking, since it may turn out to be a pipe that nobody writes to.
  explicit OpenFile(const std::string& path) noexcept
      : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (file_ >= 0) close(file_);
  }
  [[nodiscard]] int get() const noexcept { return file_; }

 private:
  int file_;
};

constexpr const char* kTooLarge = "larger than 20 MiB";

/// Reads a regular file; what is wrong with it, or null.
const char* read_file(const std::string& path, std::string& bytes) {
  const OpenFile file{path};
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

SharedAttachments joined(const SharedAttachments& first, const SharedAttachments& second) {
  if (!first) return second;
  if (!second) return first;
  auto both = std::make_shared<AttachmentList>(*first);
  std::size_t bytes = size_of(*both);
  for (const HeldAttachment& held : *second) {
    bytes += size_of(held);
    if (both->size() < kMaxAttachments && bytes <= kMaxAttachedBytes) both->push_back(held);
  }
  return both;
}

SharedAttachments with(const SharedAttachments& list, const Attachment& given) noexcept {
  if (list ? !fits(given, *list) : !fits(given, {})) {
    count_attachment(Cause::kTooLarge, size_at_loss(given));
    return list;
  }
  try {
    auto next = list ? std::make_shared<AttachmentList>(*list) : std::make_shared<AttachmentList>();
    next->push_back(held_of(given));
    return next;
  } catch (...) {
    count_attachment(Cause::kQueueOverflow, size_of(given));  // no memory to wait in
    return list;
  }
}

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

void capture_attachments(SharedAttachments scope, std::span<const Attachment> given,
                         CapturedAttachments& captured) {
  if (scope) {
    if (captured.room.take(size_of(*scope))) {
      captured.scope = std::move(scope);
    } else {
      for (const HeldAttachment& held : *scope)
        count_attachment(Cause::kQueueOverflow, size_at_loss(held));
    }
  }
  for (const Attachment& one : given) {
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
