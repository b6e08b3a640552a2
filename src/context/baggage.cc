#include "context/baggage.h"

#include <algorithm>

#include "vitals/base/percent.h"

namespace vitals::context::detail {

bool is_printable(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

void MemberList::add(std::string_view member) {
  const std::size_t comma = text_.empty() ? 0 : 1;
  if (members_ == max_members_ || text_.size() + comma + member.size() > max_size_) return;
  ++members_;
  if (comma != 0) text_ += ',';
  text_ += member;
}

std::size_t count_members(std::string_view baggage) noexcept {
  std::size_t count = 0;
  for_each_member(baggage, [&count](std::string_view) { ++count; });
  return count;
}

std::string_view key_of(std::string_view member) noexcept {
  return base::trim(member.substr(0, member.find('=')));
}

std::string members_to_pass_on(const HeaderLines& baggage, SentrysMembers sentrys) {
  MemberList list;
  for (std::size_t i = 0; i < baggage.size(); ++i) {
    for_each_member(baggage[i], [&list, sentrys](std::string_view member) {
      if (sentrys == SentrysMembers::kKeep || !member.starts_with(kSentryPrefix)) list.add(member);
    });
  }
  return std::move(list).take();
}

std::string with_passed_on(std::string_view existing, std::string_view came) {
  if (came.empty()) return std::string{existing};
  MemberList list;
  for_each_member(existing, [&list](std::string_view member) { list.add(member); });
  for_each_member(came, [&list, existing](std::string_view member) {
    bool there = false;
    for_each_member(existing, [&there, key = key_of(member)](std::string_view held) {
      there = there || key_of(held) == key;
    });
    if (!there) list.add(member);
  });
  return std::move(list).take();
}

std::optional<std::string> value_in_baggage(std::string_view baggage, std::string_view key) {
  std::optional<std::string_view> found;
  for_each_member(baggage, [&found, key](std::string_view member) {
    if (found || key_of(member) != key) return;
    member = member.substr(0, member.find(';'));
    const std::size_t equals = member.find('=');
    // One in the properties is none of the member's.
    if (equals != std::string_view::npos) found = base::trim(member.substr(equals + 1));
  });
  if (!found) return std::nullopt;
  return base::percent_decoded(*found);
}

}  // namespace vitals::context::detail
