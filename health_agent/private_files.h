#pragma once

#include <string>
#include <system_error>
#include <vector>

namespace health_agent {

/// Makes the folder and those above it that are missing, for this user alone (0700), whatever the
/// umask is. What is there already stays as it is. Threads: any.
[[nodiscard]] std::error_code make_private_folder(const std::string& path);

/// What the path leads to when it is a symbolic link, whether that is there or not; else the path
/// itself, and so it is for links that lead in a circle. Links among the folders stay. Threads: any.
[[nodiscard]] std::string behind_links(const std::string& path);

/// Makes an empty file for this user alone (0600), whatever the umask is; where the path is a
/// symbolic link, the file that this leads to. Leaves one that is there as it is, and does not even
/// open it; what goes wrong shows when the file is used. Threads: any.
void make_private_file(const std::string& path);

/// What others than the owner may touch of `paths` and of what is in those of them that are folders:
/// plain files that the group or everybody may read or write, and folders that these may write to
/// (those with the sticky bit are no harm), which may also be the folder that one of `paths` is in.
/// Folders within folders are looked into; a link is judged by what it leads to. Names 20 at most.
[[nodiscard]] std::vector<std::string> open_to_others(const std::vector<std::string>& paths);

}  // namespace health_agent
