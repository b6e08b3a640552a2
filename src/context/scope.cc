#include "vitals/context/scope.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/say_line.h"
#include "context/listeners.h"
#include "context/runtime.h"
#include "context/scope_state.h"

namespace vitals::context {
namespace {

using detail::ScopeState;
using detail::Section;

/// A name that is missing is a mistake of the service's, which it can be told of at its desk alone.
void say_refused(const char* what) noexcept {
  const detail::SettingsLease settings{detail::first_with(&detail::Slot::settings)};
  if (settings && settings->debug) base::say_line("vitals context", what, "is left out");
}

void write_user_id(ScopeState* state, std::string_view id) noexcept {
  state->change_user([&](auto& bytes) {
    bool is_another = false;
    for (std::string_view rest = bytes.view(); !rest.empty();) {
      const detail::Record record = detail::take_record(rest);
      is_another |= record.section == Section::kUser && record.key == "id" &&
                    record.value.as_string() != detail::cut(id, detail::kMaxValueSize);
    }
    erase_records(bytes, Section::kUser,
                  [is_another](std::string_view key) { return is_another || key == "id"; });
    append_text(bytes, Section::kUser, "id", id, detail::kMaxScopeBytes);
  });
}

void write_user(ScopeState* state, const User& user) noexcept {
  state->change_user([&](auto& bytes) {
    erase_records(bytes, Section::kUser, [](std::string_view) { return true; });
    const auto add = [&](std::string_view key, const std::string& value) {
      if (value.empty()) return;
      append_text(bytes, Section::kUser, key, value, detail::kMaxScopeBytes);
    };
    add("id", user.id);
    add("ip_address", user.ip_address);
    add("username", user.username);
    add("email", user.email);
  });
}

void erase_tag(ScopeState* state, std::string_view key) noexcept {
  state->change([&](auto& bytes) {
    const std::string_view name = detail::cut(key, detail::kMaxKeySize);
    erase_records(bytes, Section::kTag, [name](std::string_view held) { return held == name; });
  });
}

void write_context(ScopeState* state, std::string_view name, ListView<FieldView> fields) noexcept {
  const bool odd = std::any_of(name.begin(), name.end(), [](char c) { return c >= 0 && c < ' '; });
  if (name.empty() || odd) return say_refused("a context without a fit name");
  state->change([&](auto& bytes) {
    const std::string_view head = detail::cut(name, detail::kMaxKeySize);
    erase_records(bytes, Section::kContext, [head](std::string_view key) {
      return key.size() > head.size() && key.starts_with(head) &&
             key[head.size()] == detail::kUnitSeparator;
    });
    for (const FieldView& field : fields) {
      if (field.key.empty()) continue;
      append_record(bytes, Section::kContext, head, field.key, field.value, detail::kMaxScopeBytes);
    }
  });
}

void write_extra(ScopeState* state, std::string_view key, ValueView value) noexcept {
  if (key.empty()) return say_refused("an extra without a name");
  state->change([&](auto& bytes) {
    const std::string_view name = detail::cut(key, detail::kMaxKeySize);
    erase_records(bytes, Section::kExtra, [name](std::string_view held) { return held == name; });
    append_record(bytes, Section::kExtra, {}, name, value, detail::kMaxScopeBytes);
  });
}

void write_flag(ScopeState* state, std::string_view key, bool result) noexcept {
  if (key.empty()) return say_refused("a flag without a name");
  state->change([&](auto& bytes) {
    const std::string_view name = detail::cut(key, detail::kMaxKeySize);
    erase_records(bytes, Section::kFlag, [name](std::string_view held) { return held == name; });
    std::size_t count = 0;
    for (std::string_view rest = bytes.view(); !rest.empty();)
      count += detail::take_record(rest).section == Section::kFlag ? 1U : 0U;
    erase_records(bytes, Section::kFlag,
                  [&count](std::string_view) { return count >= detail::kMaxFlags && count-- > 0; });
    append_text(bytes, Section::kFlag, name, result ? "1" : "0", detail::kMaxScopeBytes);
  });
}

void write_attribute(ScopeState* state, std::string_view key, ValueView value) noexcept {
  if (key.empty()) return say_refused("an attribute without a name");
  state->change([&](auto& bytes) {
    const std::string_view name = detail::cut(key, detail::kMaxKeySize);
    erase_records(bytes, Section::kAttribute,
                  [name](std::string_view held) { return held == name; });
    append_record(bytes, Section::kAttribute, {}, name, value, detail::kMaxScopeBytes);
  });
}

void write_transaction(ScopeState* state, std::string_view name) noexcept {
  state->change([&](auto& bytes) {
    erase_records(bytes, Section::kTransaction, [](std::string_view) { return true; });
    append_text(bytes, Section::kTransaction, {}, name, detail::kMaxScopeBytes);
  });
}

/// Lets the user's hook change or refuse the breadcrumb; what is left of it goes to the scope.
void write_hooked_breadcrumb(ScopeState* state, const detail::CrumbView& crumb) noexcept {
  try {
    BreadcrumbRecord record{Timestamp{std::chrono::nanoseconds{crumb.timestamp}},
                            crumb.level,
                            std::string{crumb.type},
                            std::string{crumb.category},
                            std::string{crumb.message},
                            {}};
    for (const FieldView& field : crumb.data)
      detail::put(record.data, field.key, field.value);
    {
      const detail::SettingsLease settings{detail::first_with(&detail::Slot::settings)};
      if (!settings || !settings->before_breadcrumb || !settings->before_breadcrumb(record)) return;
    }
    std::vector<FieldView> data;
    for (const auto& [key, value] : record.data)
      data.push_back({key, detail::view_of(value)});
    state->add_breadcrumb({record.type, record.category, record.message, record.level,
                           record.timestamp.time_since_epoch().count(), data});
  } catch (...) {
    // By contract a hook that throws drops the breadcrumb.
  }
}

void write_breadcrumb(ScopeState* state, const Breadcrumb& breadcrumb) noexcept {
  const detail::CrumbView crumb{breadcrumb.type,
                                breadcrumb.category,
                                breadcrumb.message,
                                breadcrumb.level,
                                breadcrumb.timestamp == Timestamp{}
                                    ? base::coarse_wall_clock()
                                    : breadcrumb.timestamp.time_since_epoch().count(),
                                breadcrumb.data.span()};
  if (detail::runtime.has_breadcrumb_hook.load(std::memory_order_relaxed)) {
    write_hooked_breadcrumb(state, crumb);
  } else {
    state->add_breadcrumb(crumb);
  }
}

}  // namespace

Scope Scope::fork_current() noexcept {
  return Scope{ScopeState::create(ScopeState::current())};
}

Scope Scope::current_or_global() noexcept {
  return Scope{detail::Ref<ScopeState>::share(ScopeState::current())};
}

Scope Scope::process_scope() noexcept {
  return Scope{detail::Ref<ScopeState>::share(ScopeState::global())};
}

void Scope::set_user(const User& user) const noexcept {
  if (state_) write_user(state_.get(), user);
}
void Scope::set_user_id(std::string_view id) const noexcept {
  if (state_) write_user_id(state_.get(), id);
}
void Scope::set_tag(std::string_view key, std::string_view value) const noexcept {
  const TagView tag{key, value};
  if (state_) state_->change([&](auto& records) { detail::write_tags(records, {&tag, 1}); });
}
void Scope::set_tags(ListView<TagView> tags) const noexcept {
  if (state_) state_->change([&](auto& records) { detail::write_tags(records, tags.span()); });
}
void Scope::remove_tag(std::string_view key) const noexcept {
  if (state_) erase_tag(state_.get(), key);
}
void Scope::set_context(std::string_view name, ListView<FieldView> fields) const noexcept {
  if (state_) write_context(state_.get(), name, fields);
}
void Scope::set_flag(std::string_view name, bool result) const noexcept {
  if (state_) write_flag(state_.get(), name, result);
}
void Scope::set_attribute(std::string_view name, ValueView value) const noexcept {
  if (state_) write_attribute(state_.get(), name, value);
}
void Scope::set_extra(std::string_view key, ValueView value) const noexcept {
  if (state_) write_extra(state_.get(), key, value);
}
void Scope::set_fingerprint(ListView<std::string_view> parts) const noexcept {
  if (!state_) return;
  state_->change([&](auto& bytes) {
    erase_records(bytes, Section::kFingerprint, [](std::string_view) { return true; });
    for (const std::string_view part : parts) {
      append_text(bytes, Section::kFingerprint, {}, part, detail::kMaxScopeBytes);
    }
  });
}
void Scope::set_transaction_name(std::string_view name) const noexcept {
  if (state_) write_transaction(state_.get(), name);
}
void Scope::set_request(const RequestData& request) const noexcept {
  if (!state_) return;
  state_->change([&](auto& records) { detail::write_request(records, request); });
}
void Scope::borrow(const Borrowed& from) const noexcept {
  if (state_) state_->borrow(from);
}
void Scope::end_loan() const noexcept {
  if (state_) state_->end_loan();
}
void Scope::add_breadcrumb(const Breadcrumb& breadcrumb) const noexcept {
  if (state_) write_breadcrumb(state_.get(), breadcrumb);
}
void Scope::add_attachment(const Attachment& attachment) const noexcept {
  if (state_) state_->add_attachment(attachment);
}
void Scope::clear_attachments() const noexcept {
  if (state_) state_->clear_attachments();
}
void Scope::end_work(WorkStatus at_least) const noexcept {
  if (!state_) return;
  const WorkStatus status = std::max(at_least, state_->work());
  for (const detail::Slot& slot : detail::slots) {
    if (const Listener::WorkEnded tell = slot.work_ended.load(std::memory_order_acquire))
      tell(status);
  }
}

namespace detail {

void set_user(const User& user) noexcept {
  write_user(ScopeState::current(), user);
}
void set_user_id(std::string_view id) noexcept {
  write_user_id(ScopeState::current(), id);
}
void set_tag(std::string_view key, std::string_view value) noexcept {
  const TagView tag{key, value};
  ScopeState::current()->change([&](auto& records) { write_tags(records, {&tag, 1}); });
}
void remove_tag(std::string_view key) noexcept {
  erase_tag(ScopeState::current(), key);
}
void set_context(std::string_view name, ListView<FieldView> fields) noexcept {
  write_context(ScopeState::current(), name, fields);
}
void set_flag(std::string_view name, bool result) noexcept {
  write_flag(ScopeState::current(), name, result);
}
void set_attribute(std::string_view name, ValueView value) noexcept {
  write_attribute(ScopeState::current(), name, value);
}
void set_extra(std::string_view key, ValueView value) noexcept {
  write_extra(ScopeState::current(), key, value);
}
void set_transaction_name(std::string_view name) noexcept {
  write_transaction(ScopeState::current(), name);
}
void set_request(const RequestData& request) noexcept {
  ScopeState::current()->change([&](auto& records) { write_request(records, request); });
}
void add_breadcrumb(const Breadcrumb& breadcrumb) noexcept {
  write_breadcrumb(ScopeState::current(), breadcrumb);
}

}  // namespace detail
}  // namespace vitals::context
