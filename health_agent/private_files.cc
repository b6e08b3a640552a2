#include "health_agent/private_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

namespace health_agent {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::size_t kMostNamed = 20;

/// As many as the kernel follows.
constexpr int kMostLinks = 40;

bool is_open_to_others(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  constexpr mode_t kWrite = S_IWGRP | S_IWOTH;
  constexpr mode_t kRead = S_IRGRP | S_IROTH;
  if (S_ISREG(status.st_mode)) return (status.st_mode & (kRead | kWrite)) != 0;
  return S_ISDIR(status.st_mode) && (status.st_mode & kWrite) != 0 &&
         (status.st_mode & S_ISVTX) == 0;
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path{"."};
}

}  // namespace

std::error_code make_private_folder(const std::string& path) {
  std::error_code error;
  const fs::path folder{path};
  if (folder.empty() || fs::is_directory(folder, error)) return {};
  if (folder.has_relative_path() && folder.has_parent_path() && folder.parent_path() != folder) {
    if (const std::error_code above = make_private_folder(folder.parent_path().string()))
      return above;
  }
  if (::mkdir(folder.c_str(), kFolderMode) == 0) {
    // The umask may have taken what its owner needs.
    if (::chmod(folder.c_str(), kFolderMode) == 0) return {};
    return {errno, std::generic_category()};
  }
  const int cause = errno;
  if (cause != EEXIST) return {cause, std::generic_category()};
  // Made by somebody else meanwhile, or something that no folder can be made of.
  return fs::is_directory(folder, error) ? std::error_code{}
                                         : std::make_error_code(std::errc::not_a_directory);
}

std::string behind_links(const std::string& path) {
  fs::path at{path};
  for (int i = 0; i < kMostLinks; ++i) {
    std::error_code error;
    const fs::path next = fs::read_symlink(at, error);
    if (error) return at.string();
    at = at.parent_path() / next;
  }
  return path;
}

void make_private_file(const std::string& path) {
  // The link itself would be in the way of O_EXCL, which sees to it that no file is opened.
  const int file =
      ::open(behind_links(path).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode);
  if (file < 0) return;
  static_cast<void>(::fchmod(file, kFileMode));
  ::close(file);
}

std::vector<std::string> open_to_others(const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  const auto look_at = [&](const fs::path& path) {
    if (found.size() >= kMostNamed || !is_open_to_others(path)) return;
    std::string name = path.string();
    if (std::find(found.begin(), found.end(), name) == found.end())
      found.push_back(std::move(name));
  };
  for (const std::string& path : paths) {
    look_at(folder_of(path));
    look_at(path);
    std::error_code error;
    if (!fs::is_directory(path, error)) continue;
    fs::recursive_directory_iterator inside{path, fs::directory_options::skip_permission_denied,
                                            error};
    for (; !error && inside != fs::recursive_directory_iterator{}; inside.increment(error))
      look_at(inside->path());
  }
  return found;
}

}  // namespace health_agent
