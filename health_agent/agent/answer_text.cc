#include "health_agent/agent/answer_text.h"

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

}  // namespace

std::string AnswerText::take(std::string_view piece) {
  held_ += halves_.take(piece);
  return visible();
}

std::string AnswerText::end() {
  held_ += halves_.end();
  std::string text = visible();
  if (closing_.empty()) text += held_;
  held_.clear();
  return text;
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
    const auto opens = std::find_if(kTags.begin(), kTags.end(), [rest](const Tag& tag) {
      return rest.starts_with(tag.opening);
    });
    if (opens != kTags.end()) {
      closing_ = opens->closing;
      held_.erase(0, opens->opening.size());
      continue;
    }
    const bool may_open = std::any_of(kTags.begin(), kTags.end(), [rest](const Tag& tag) {
      return tag.opening.starts_with(rest);
    });
    if (may_open) return text;
    show(1);
  }
}

std::string answer_text_of(std::string_view whole) {
  for (const Tag& tag : kTags) {
    const std::size_t end = whole.find(tag.closing);
    if (end == std::string_view::npos || whole.find(tag.opening) < end) continue;
    whole.remove_prefix(end + tag.closing.size());
    whole.remove_prefix(std::min(whole.find_first_not_of(" \t\r\n"), whole.size()));
  }
  AnswerText text;
  std::string visible = text.take(whole);
  return visible + text.end();
}

}  // namespace health_agent::agent
