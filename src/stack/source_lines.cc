#include "stack/source_lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "base/descriptor.h"

namespace vitals::stack::detail {
namespace {

constexpr std::size_t kMaxSourceFiles = 64;
constexpr std::size_t kMaxFileSize = 4 * 1024 * 1024;
constexpr std::size_t kMaxBytes = 32 * 1024 * 1024;
constexpr std::size_t kMaxLine = 256;
constexpr std::size_t kAround = 5;

/// Empty when it is no regular file, or a large one.
std::string read_file(const std::string& path) {
  std::string text;
  const base::Descriptor descriptor{
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (!descriptor) return text;
  struct stat status {};
  if (fstat(descriptor.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
      static_cast<std::size_t>(status.st_size) <= kMaxFileSize) {
    text.resize(static_cast<std::size_t>(status.st_size));
    std::size_t size = 0;
    while (size < text.size()) {
      const ssize_t count = read(descriptor.get(), text.data() + size, text.size() - size);
      if (count <= 0) break;
      size += static_cast<std::size_t>(count);
    }
    text.resize(size);
  }
  return text;
}

}  // namespace

const SourceLines::File& SourceLines::file(const std::string& path) {
  const auto known = files_.find(path);
  if (known != files_.end()) return known->second;
  File made;
  made.text = read_file(path);
  if (!made.text.empty()) made.starts.push_back(0);
  for (std::size_t at = made.text.find('\n'); at != std::string::npos && at + 1 < made.text.size();
       at = made.text.find('\n', at + 1)) {
    made.starts.push_back(at + 1);
  }
  const std::size_t size = made.text.size() + made.starts.size() * sizeof(std::size_t);
  if (files_.size() >= kMaxSourceFiles || bytes_ + size > kMaxBytes) {
    files_.clear();
    bytes_ = 0;
  }
  const File& kept = files_.emplace(path, std::move(made)).first->second;
  bytes_ += size;
  return kept;
}

void SourceLines::add_context(Frame& frame) {
  if (frame.line <= 0 || !frame.abs_path.starts_with('/')) return;
  const File& source = file(frame.abs_path);
  const auto line = static_cast<std::size_t>(frame.line) - 1;
  if (line >= source.starts.size()) return;
  const auto text = [&source](std::size_t index) {
    std::string_view rest = std::string_view{source.text}.substr(source.starts[index]);
    rest = rest.substr(0, rest.find('\n'));
    if (rest.ends_with('\r')) rest.remove_suffix(1);
    return std::string{rest.substr(0, kMaxLine)};
  };
  for (std::size_t i = line - std::min(line, kAround); i < line; ++i) {
    frame.pre_context.push_back(text(i));
  }
  frame.context_line = text(line);
  for (std::size_t i = line + 1; i < std::min(source.starts.size(), line + 1 + kAround); ++i) {
    frame.post_context.push_back(text(i));
  }
}

}  // namespace vitals::stack::detail
