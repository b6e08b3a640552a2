#include "sentry/scope_state.h"

#include <array>
#include <cstddef>
#include <new>

#include "sentry/runtime.h"

namespace vitals::sentry::detail {
namespace {

constinit thread_local ScopeState* active_scope = nullptr;

struct CrumbHeader {
  std::int64_t timestamp;
  std::uint32_t total_size;
  std::uint16_t category_size;
  std::uint16_t message_size;
  std::uint8_t type_size;
  Level level;
};

}  // namespace

void add_ref(ScopeData* data) noexcept {
  data->refs.fetch_add(1, std::memory_order_relaxed);
}
void release(ScopeData* data) noexcept {
  if (data->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete data;
}
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
  CrumbHeader header{};
  header.timestamp = breadcrumb.timestamp;
  header.level = breadcrumb.level;
  header.type_size = static_cast<std::uint8_t>(type.size());
  header.category_size = static_cast<std::uint16_t>(category.size());
  header.message_size = static_cast<std::uint16_t>(message.size());
  char* place = bytes_.extend(
      static_cast<std::uint32_t>(sizeof header + type.size() + category.size() + message.size()));
  if (place == nullptr) return;
  place += sizeof header;
  for (const std::string_view text : {type, category, message}) {
    place = copy_bytes(place, text.data(), text.size());
  }
  for (const FieldView& field : breadcrumb.data) {
    append_record(bytes_, Section::kData, {}, field.key, field.value, start + kMaxCrumbBytes / 2);
  }
  header.total_size = bytes_.size() - start;
  std::memcpy(bytes_.data() + start, &header, sizeof header);
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
  return active_scope;
}

ScopeState* ScopeState::current() noexcept {
  return active_scope != nullptr ? active_scope : global();
}

ScopeState* ScopeState::exchange_active(ScopeState* next) noexcept {
  return std::exchange(active_scope, next);
}

void ScopeState::inherit(ScopeState& parent) noexcept {
  const bool with_data = parent.has_data_.load(std::memory_order_acquire);  // pairs with own_data()
  if (parent.is_global_ && !with_data) return;
  // Copied at once and not shared until the first change: that change always comes, and a count
  // shared by every request would be one more line for all of them to fight over.
  if (with_data) data_ = Ref<ScopeData>::adopt(new (std::nothrow) ScopeData);
  const std::lock_guard hold{parent.lock_};
  if (data_ && parent.data_) {
    data_->bytes.append(parent.data_->bytes.view());
    has_data_.store(true, std::memory_order_relaxed);
  }
  if (!parent.is_global_) breadcrumbs_.copy_from(parent.breadcrumbs_);
}

ScopeData* ScopeState::own_data() noexcept {
  if (!data_) {
    data_ = Ref<ScopeData>::adopt(new (std::nothrow) ScopeData);
    has_data_.store(static_cast<bool>(data_), std::memory_order_release);  // pairs with inherit()
  } else if (data_->refs.load(std::memory_order_acquire) != 1) {           // pairs with release()
    auto copy = Ref<ScopeData>::adopt(new (std::nothrow) ScopeData);
    if (!copy) return nullptr;
    copy->bytes.append(data_->bytes.view());
    data_ = std::move(copy);
  }
  return data_.get();
}

void ScopeState::add_breadcrumb(const CrumbView& breadcrumb) noexcept {
  const std::uint32_t max_count = runtime.max_breadcrumbs.load(std::memory_order_relaxed);
  const std::lock_guard hold{lock_};
  breadcrumbs_.add(breadcrumb, max_count);
}

Ref<ScopeData> ScopeState::data() noexcept {
  const std::lock_guard hold{lock_};
  return data_;
}

ScopeSnapshot ScopeState::snapshot() {
  const std::lock_guard hold{lock_};
  return {data_, std::string{breadcrumbs_.view()}};
}

void ScopeState::clear() noexcept {
  const std::lock_guard hold{lock_};
  data_ = {};
  has_data_.store(false, std::memory_order_release);
  breadcrumbs_.clear();
}

}  // namespace vitals::sentry::detail
