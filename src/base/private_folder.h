#pragma once

#include <sys/stat.h>

#include <filesystem>

namespace vitals::base {

/// Makes the folder and those above it that are missing, for this user alone (0700 less what the
/// umask takes). What is there already stays as it is. Whether it worked shows when it is opened.
inline void make_private_folder(const std::filesystem::path& folder) {
  constexpr mode_t kMode = 0700;
  std::error_code ignored;
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return;
  if (folder.has_relative_path() && folder.parent_path() != folder)
    make_private_folder(folder.parent_path());
  ::mkdir(folder.c_str(), kMode);
}

}  // namespace vitals::base
