#include "privacy/name_kinds.h"

#include <algorithm>
#include <cstring>

#include "privacy/scrub.h"

namespace vitals::privacy {
namespace {

bool is_number(const ValueView& value) noexcept {
  return value.type() == ValueView::Type::kInt || value.type() == ValueView::Type::kUint ||
         value.type() == ValueView::Type::kDouble;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) noexcept {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Names of one service differ in their length or at their ends.
std::size_t place_of(std::string_view name) noexcept {
  std::uint64_t front = 0;
  std::uint64_t back = 0;
  const std::size_t part = std::min(name.size(), sizeof front);
  std::memcpy(&front, name.data(), part);
  std::memcpy(&back, name.data() + name.size() - part, part);
  const std::uint64_t mixed =
      (front ^ (back * 0x9E3779B97F4A7C15U) ^ name.size()) * 0xD6E8FEB86659FD93U;
  return static_cast<std::size_t>(mixed >> 57U);  // seven bits
}

}  // namespace

NameKind name_kind(std::string_view name) noexcept {
  if (must_filter(name, std::string_view{"x"}))
    return must_filter(name, 1) ? NameKind::kSecret : NameKind::kTokens;
  if (is_client_address(name)) return NameKind::kClientAddress;
  if (is_one_of(name, {"url", "http.url", "url.full"})) return NameKind::kUrl;
  if (is_one_of(name, {"query_string", "http.query", "url.query"})) return NameKind::kQuery;
  return NameKind::kPlain;
}

bool is_masked(NameKind kind, const ValueView& value, bool send_default_pii) noexcept {
  switch (kind) {
    case NameKind::kSecret:
      return value.type() != ValueView::Type::kNull;
    case NameKind::kTokens:
      return value.type() != ValueView::Type::kNull && !is_number(value);
    case NameKind::kClientAddress:
      return !send_default_pii;
    case NameKind::kPlain:
    case NameKind::kUrl:
    case NameKind::kQuery:
      break;
  }
  return false;
}

std::string_view scrub_as(NameKind kind, std::string_view text, bool send_default_pii,
                          std::string& scratch) {
  if (is_masked(kind, text, send_default_pii)) return kFiltered;
  if (kind == NameKind::kUrl) {
    scratch = scrub_url(text, send_default_pii);
    return scratch;
  }
  if (kind == NameKind::kQuery) {
    scratch = scrub_query(text, send_default_pii);
    return scratch;
  }
  return scrub_value(text, send_default_pii, scratch);
}

NameKind NameKinds::of(std::string_view name) noexcept {
  if (name.empty() || name.size() > kLongest) return name_kind(name);
  if (const void* const names = further_names(); names != judged_by_) {
    known_ = {};
    judged_by_ = names;
  }
  const std::size_t place = place_of(name);
  Known& first = known_[place];
  if (first.is(name)) return first.kind;
  // Two that meet in one place have another beside it.
  Known& second = known_[place ^ 1U];
  if (second.is(name)) return second.kind;
  Known& known = first.size == 0 ? first : second;
  known.kind = name_kind(name);
  known.size = static_cast<std::uint8_t>(name.size());
  std::memcpy(known.name.data(), name.data(), name.size());
  return known.kind;
}

}  // namespace vitals::privacy
