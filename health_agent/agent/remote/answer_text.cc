#include "health_agent/agent/remote/answer_text.h"

#include <algorithm>
#include <array>

namespace health_agent::agent {
namespace {

struct Tag {
  std::string_view opening;
  std::string_view closing;
};
constexpr std::array<Tag, 4> kTags{{{"<think>", "</think>"},
                                    {"<thinking>", "</thinking>"},
                                    {"<thought>", "</thought>"},
                                    {"<reasoning>", "</reasoning>"}}};

constexpr std::size_t kLongestTag = 12;

/// The one of the kind that `begins(tag)`; null when there is none.
template <class Begins>
const Tag* find_tag(Begins begins) {
  const auto found = std::find_if(kTags.begin(), kTags.end(), begins);
  return found == kTags.end() ? nullptr : &*found;
}

}  // namespace

std::string AnswerText::take(std::string_view piece) {
  starts_over_ = false;
  held_ += halves_.take(piece);
  if (waits_) end_wait();
  return waits_ ? std::string{} : visible();
}

std::string AnswerText::end() {
  held_ += halves_.end();
  waits_ = false;
  std::string text = visible();
  if (closing_.empty()) text += held_;
  held_.clear();
  return text;
}

/// Waits no longer when a tag has come, whichever it is.
void AnswerText::end_wait() {
  const std::size_t from = searched_ - std::min(searched_, kLongestTag);
  const std::string_view fresh = std::string_view{held_}.substr(from);
  waits_ = find_tag([fresh](const Tag& tag) {
             return fresh.find(tag.opening) != std::string_view::npos ||
                    fresh.find(tag.closing) != std::string_view::npos;
           }) == nullptr;
  searched_ = held_.size();
}

std::string AnswerText::visible() {
  std::string text;
  const auto show = [&](std::size_t bytes) {
    std::string_view part = std::string_view{held_}.substr(0, bytes);
    if (skip_space_) {
      const std::size_t begin = part.find_first_not_of(" \t\r\n");
      skip_space_ = begin == std::string_view::npos;
      part.remove_prefix(skip_space_ ? part.size() : begin);
    }
    text += part;
    held_.erase(0, bytes);
  };
  for (;;) {
    if (!closing_.empty()) {
      const std::size_t end = held_.find(closing_);
      if (end == std::string::npos) {  // keep what may be the beginning of the tag
        held_.erase(0, held_.size() - std::min(held_.size(), closing_.size() - 1));
        return text;
      }
      held_.erase(0, end + closing_.size());
      closing_ = {};
      skip_space_ = true;
    }
    const std::size_t at = held_.find('<');
    show(std::min(at, held_.size()));
    if (at == std::string::npos) return text;
    const std::string_view rest = held_;
    if (const Tag* tag =
            find_tag([rest](const Tag& known) { return rest.starts_with(known.opening); })) {
      closing_ = tag->closing;
      had_tag_ = true;
      held_.erase(0, tag->opening.size());
      continue;
    }
    const Tag* const closed =
        had_tag_ ? nullptr
                 : find_tag([rest](const Tag& known) { return rest.starts_with(known.closing); });
    if (closed) {
      text.clear();
      had_tag_ = true;
      starts_over_ = true;
      skip_space_ = true;
      held_.erase(0, closed->closing.size());
      continue;
    }
    const bool may_be_tag = find_tag([&](const Tag& known) {
      return known.opening.starts_with(rest) || (!had_tag_ && known.closing.starts_with(rest));
    });
    if (may_be_tag) return text;
    show(1);
  }
}

std::string answer_text_of(std::string_view whole) {
  AnswerText text;
  std::string visible = text.take(whole);
  return visible + text.end();
}

}  // namespace health_agent::agent
