#include "context/attachments.h"

#include <sys/stat.h>

#include <string_view>

#include "context/records.h"
#include "context/runtime.h"

namespace vitals::context::detail {
namespace {

std::size_t size_of(const HeldAttachment& held) noexcept {
  return held.bytes ? held.bytes->size() : 0;
}

std::string_view name_of(const Attachment& given) noexcept {
  if (!given.filename.empty()) return given.filename;
  const std::string_view name = given.path.substr(given.path.rfind('/') + 1);
  return name.empty() ? std::string_view{"attachment"} : name;
}

}  // namespace

std::size_t size_on_disk(const std::string& path) noexcept {
  struct stat facts {};
  const bool there = stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
  return there ? static_cast<std::size_t>(facts.st_size) : 0;
}

std::size_t size_of(const Attachment& given) noexcept {
  return given.shared ? given.shared->size() : given.bytes.size();
}

std::size_t size_of(const AttachmentList& list) noexcept {
  std::size_t sum = 0;
  for (const HeldAttachment& held : list)
    sum += size_of(held);
  return sum;
}

std::size_t size_at_loss(const Attachment& given) noexcept {
  const bool is_file = !given.shared && !given.path.empty();
  return is_file ? size_on_disk(std::string{given.path}) : size_of(given);
}

std::size_t size_at_loss(const HeldAttachment& held) noexcept {
  return held.bytes ? held.bytes->size() : size_on_disk(held.path);
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

bool fits(const Attachment& given, const AttachmentList& list) noexcept {
  const std::size_t size = size_of(given);
  return list.size() < kMaxAttachments && size <= kMaxAttachmentBytes &&
         size_of(list) + size <= kMaxAttachedBytes;
}

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
    count_loss(Loss::kAttachmentTooLarge, size_at_loss(given));
    return list;
  }
  try {
    auto next = list ? std::make_shared<AttachmentList>(*list) : std::make_shared<AttachmentList>();
    next->push_back(held_of(given));
    return next;
  } catch (...) {
    count_loss(Loss::kAttachmentNoMemory, size_of(given));  // no memory to wait in
    return list;
  }
}

}  // namespace vitals::context::detail
