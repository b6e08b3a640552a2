#pragma once

#include <map>
#include <string>
#include <vector>

#include "vitals/stack/frame.h"

namespace vitals::stack::detail {

/// The source around a frame, from the files that the debug information names. A file is read once;
/// at most 64 of them, of 4 MiB each and 32 MiB together, are kept. Threads: one at a time.
class SourceLines {
 public:
  /// Sets the frame's line and up to five before and after it, each cut to 256 bytes; nothing when
  /// the file is not there, is no regular file, or has no such line.
  void add_context(Frame& frame);

 private:
  struct File {
    std::string text;
    std::vector<std::size_t> starts;  // of the lines
  };
  [[nodiscard]] const File& file(const std::string& path);

  std::map<std::string, File> files_;
  std::size_t bytes_ = 0;
};

}  // namespace vitals::stack::detail
