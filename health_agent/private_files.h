#pragma once

#include <string>
#include <system_error>
#include <vector>

namespace health_agent {

/// Makes the folder and those above it that are missing, for this user alone (0700), whatever the
/// umask is. What is there already stays as it is. Threads: any.
[[nodiscard]] std::error_code make_private_folder(const std::string& path);

/// Makes an empty file for this user alone (0600), whatever the umask is. Leaves one that is there
/// as it is, and does not even open it; what goes wrong shows when the file is used. Threads: any.
void make_private_file(const std::string& path);

/// Those of `paths`, and of the plain files in those of them that are folders, that every user of
/// this machine may read or write. Folders within folders are looked into too, links are not
/// followed. Names 20 files at most.
[[nodiscard]] std::vector<std::string> open_to_others(const std::vector<std::string>& paths);

}  // namespace health_agent
