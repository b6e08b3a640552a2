#include "context/scope_state.h"

#include <array>
#include <cstddef>
#include <new>

#include "base/spin_lock.h"
#include "context/new_id.h"
#include "context/runtime.h"
#include "context/sampling.h"
#include "context/thread_context.h"

namespace vitals::context::detail {
namespace {

struct CrumbHeader {
  std::int64_t timestamp;
  std::uint32_t total_size;
  std::uint16_t category_size;
  std::uint16_t message_size;
  std::uint8_t type_size;
  Level level;
};

}  // namespace

void add_ref(ScopeState* state) noexcept {
  state->refs_.fetch_add(1, std::memory_order_relaxed);
}
void release(ScopeState* state) noexcept {
  if (state->refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete state;
}

void CrumbLog::add(const CrumbView& breadcrumb, std::uint32_t max_count) noexcept {
  if (max_count == 0) return;
  const std::uint32_t start = bytes_.size();
  const std::string_view type = cut(breadcrumb.type, kMaxKeySize);
  const std::string_view category = cut(breadcrumb.category, kMaxKeySize);
  const std::string_view message = cut(breadcrumb.message, kMaxValueSize);
  CrumbHeader header{.timestamp = breadcrumb.timestamp,
                     .total_size = static_cast<std::uint32_t>(sizeof header + type.size() +
                                                              category.size() + message.size()),
                     .category_size = static_cast<std::uint16_t>(category.size()),
                     .message_size = static_cast<std::uint16_t>(message.size()),
                     .type_size = static_cast<std::uint8_t>(type.size()),
                     .level = breadcrumb.level};
  char* place = bytes_.extend(header.total_size);
  if (place == nullptr) return;
  std::memcpy(place, &header, sizeof header);
  place = copy_bytes(place + sizeof header, type.data(), type.size());
  place = copy_bytes(place, category.data(), category.size());
  copy_bytes(place, message.data(), message.size());
  if (!breadcrumb.data.empty()) {
    for (const FieldView& field : breadcrumb.data) {
      append_record(bytes_, Section::kData, {}, field.key, field.value, start + kMaxCrumbBytes / 2);
    }
    header.total_size = bytes_.size() - start;
    std::memcpy(bytes_.data() + start, &header, sizeof header);
  }
  ++count_;

  while (count_ > max_count || bytes_.size() - head_ > kMaxCrumbBytes)
    drop_oldest();
  // Moving the rest to the front only when the waste is as large as the rest: each byte is moved
  // once or twice in its life, however long the scope lives.
  if (head_ > bytes_.size() / 2) {
    bytes_.erase(0, head_);
    head_ = 0;
  }
}

void CrumbLog::drop_oldest() noexcept {
  CrumbHeader header;
  std::memcpy(&header, bytes_.data() + head_, sizeof header);
  head_ += header.total_size;
  --count_;
}

void CrumbLog::copy_from(const CrumbLog& other) noexcept {
  clear();
  const std::string_view theirs = other.view();
  if (theirs.empty()) return;
  bytes_.append(theirs);
  if (bytes_.size() == theirs.size()) count_ = other.count_;
}

void CrumbLog::clear() noexcept {
  bytes_.clear();
  head_ = 0;
  count_ = 0;
}

BreadcrumbRecord take_breadcrumb(std::string_view& bytes) {
  CrumbHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::string_view rest = bytes.substr(sizeof header, header.total_size - sizeof header);
  bytes.remove_prefix(header.total_size);
  const auto take = [&rest](std::size_t size) {
    std::string text{rest.substr(0, size)};
    rest.remove_prefix(size);
    return text;
  };
  BreadcrumbRecord record;
  record.timestamp = Timestamp{std::chrono::nanoseconds{header.timestamp}};
  record.level = header.level;
  record.type = take(header.type_size);
  record.category = take(header.category_size);
  record.message = take(header.message_size);
  while (!rest.empty()) {
    const Record field = take_record(rest);
    put(record.data, field.key, field.value);
  }
  return record;
}

std::string_view whole_breadcrumbs(std::string_view bytes) noexcept {
  std::size_t end = 0;
  while (bytes.size() - end >= sizeof(CrumbHeader)) {
    CrumbHeader header;
    std::memcpy(&header, bytes.data() + end, sizeof header);
    const std::size_t texts =
        sizeof header + header.type_size + std::size_t{header.category_size} + header.message_size;
    if (header.total_size < texts || header.total_size > bytes.size() - end) break;
    if (header.level > Level::kFatal) break;
    const std::string_view data = bytes.substr(end + texts, header.total_size - texts);
    if (whole_records(data) != data) break;
    end += header.total_size;
  }
  return bytes.substr(0, end);
}

// Within malloc's per-thread lists, which end at 1032 bytes: a scope is made and freed with each
// request.
static_assert(sizeof(ScopeState) <= 1024);

Ref<ScopeState> ScopeState::create(ScopeState* parent) noexcept {
  auto* const state = new (std::nothrow) ScopeState;
  if (state != nullptr && parent != nullptr) state->inherit(*parent);
  return Ref<ScopeState>::adopt(state);
}

ScopeState* ScopeState::global() noexcept {
  // Never destroyed: statics may capture while the process ends.
  alignas(ScopeState) static std::array<std::byte, sizeof(ScopeState)> storage;
  static ScopeState* const state = [] {
    auto* const made = new (storage.data()) ScopeState;
    made->is_global_ = true;
    return made;
  }();
  return state;
}

ScopeState* ScopeState::active() noexcept {
  return here.scope;
}

ScopeState* ScopeState::current() noexcept {
  return here.scope != nullptr ? here.scope : global();
}

void ScopeState::inherit(ScopeState& parent) noexcept {
  // What the global scope has is put under this one's data when an event needs it, since it may
  // change until then.
  if (parent.is_global_) return;
  const base::SpinLock::Hold hold{parent.lock_};
  if (!hold) return;
  parent.copy_borrowed();
  parent.make_propagation();
  propagation_ = parent.propagation_;
  if (parent.records_.size() > 0) {
    records_.append(parent.records_.view());
    has_records_.store(true, std::memory_order_relaxed);
  }
  if (parent.attachments_) {
    attachments_ = parent.attachments_;
    has_records_.store(true, std::memory_order_relaxed);
  }
  breadcrumbs_.copy_from(parent.breadcrumbs_);
}

void ScopeState::make_propagation() noexcept {
  if (propagation_.trace_id) return;
  propagation_.trace_id = new_id<TraceId>();
  propagation_.span_id = new_id<SpanId>();
  propagation_.sample_rand = sample_rand_of(propagation_.trace_id);
}

ScopeState::Propagation ScopeState::propagation() noexcept {
  const base::SpinLock::Hold hold{lock_};
  if (!hold) return {};
  make_propagation();
  return propagation_;
}

std::string merge_scopes(std::string_view global, std::string_view own) {
  if (global.empty()) return std::string{own};
  const auto name_of = [](std::string_view context) {
    return context.substr(0, context.find(kUnitSeparator));
  };
  const auto is_in_own = [own, name_of](Section section, std::string_view context) {
    for (std::string_view rest = own; !rest.empty();) {
      const Record record = take_record(rest);
      if (record.section == section && (context.empty() || name_of(record.key) == context))
        return true;
    }
    return false;
  };
  const bool has_request = is_in_own(Section::kRequest, {}) || is_in_own(Section::kHeader, {});
  const bool has_fingerprint = is_in_own(Section::kFingerprint, {});
  const bool has_user = is_in_own(Section::kUser, {});
  std::string merged;
  merged.reserve(global.size() + own.size());
  for (std::string_view rest = global; !rest.empty();) {
    const std::string_view before = rest;
    const Record record = take_record(rest);
    const bool of_request =
        record.section == Section::kRequest || record.section == Section::kHeader;
    if ((of_request && has_request) || (record.section == Section::kUser && has_user) ||
        (record.section == Section::kFingerprint && has_fingerprint) ||
        (record.section == Section::kContext &&
         is_in_own(Section::kContext, name_of(record.key)))) {
      continue;
    }
    merged += before.substr(0, before.size() - rest.size());
  }
  return merged += own;
}

void ScopeState::borrow(const Borrowed& from) noexcept {
  const base::SpinLock::Hold hold{lock_};
  if (!hold) return;
  copy_borrowed();
  borrowed_ = &from;
}

void ScopeState::end_loan() noexcept {
  const base::SpinLock::Hold hold{lock_};
  if (!hold) return;
  // With one handle left, the caller's own, there is nobody who could still ask.
  if (refs_.load(std::memory_order_acquire) > 1) copy_borrowed();  // pairs with release()
  borrowed_ = nullptr;
}

void ScopeState::add_attachment(const Attachment& given) noexcept {
  SharedAttachments before;
  {
    const base::SpinLock::Hold hold{lock_};
    if (!hold) return;
    before = attachments_;
  }
  // The copy may be of megabytes, and is made outside of the lock. Who adds one at the same moment
  // makes this one try again.
  for (;;) {
    SharedAttachments next = with(before, given);
    if (next == before) return;
    const base::SpinLock::Hold hold{lock_};
    if (attachments_ == before) {
      attachments_.swap(next);
      note_records();
      return;
    }
    before = attachments_;
  }
}

void ScopeState::clear_attachments() noexcept {
  SharedAttachments gone;
  const base::SpinLock::Hold hold{lock_};
  if (hold) attachments_.swap(gone);
}

void ScopeState::write_borrowed() noexcept {
  const Borrowed& from = *std::exchange(borrowed_, nullptr);
  write_tags(records_, from.tags);
  write_request(records_, from.request);
  note_records();
}

void ScopeState::add_breadcrumb(const CrumbView& breadcrumb) noexcept {
  const std::uint32_t max_count = runtime.max_breadcrumbs.load(std::memory_order_relaxed);
  const base::SpinLock::Hold hold{lock_};
  if (hold) breadcrumbs_.add(breadcrumb, max_count);
}

std::string ScopeState::records() {
  return snapshot().records;
}

ScopeSnapshot ScopeState::snapshot() {
  ScopeSnapshot own;
  {
    const base::SpinLock::Hold hold{lock_};
    if (!hold) return own;
    copy_borrowed();
    own = {std::string{records_.view()}, std::string{breadcrumbs_.view()}, attachments_};
  }
  if (!is_global_) add_global(own);
  return own;
}

void ScopeState::add_global(ScopeSnapshot& own) {
  ScopeState& process = *global();
  if (!process.has_records_.load(std::memory_order_acquire)) return;  // pairs with note_records()
  std::string records;
  SharedAttachments attachments;
  {
    const base::SpinLock::Hold hold{process.lock_};
    if (!hold) return;
    process.copy_borrowed();
    records = process.records_.view();
    attachments = process.attachments_;
  }
  own.records = merge_scopes(records, own.records);
  own.attachments = joined(attachments, own.attachments);
}

void ScopeState::clear() noexcept {
  const base::SpinLock::Hold hold{lock_};
  if (!hold) return;
  borrowed_ = nullptr;
  records_.clear();
  has_records_.store(false, std::memory_order_release);
  breadcrumbs_.clear();
  attachments_.reset();
  propagation_ = {};
}

}  // namespace vitals::context::detail
