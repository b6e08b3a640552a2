#include "base/private_folder.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace vitals::base {
namespace {

constexpr mode_t kOwnersAlone = 0700;
constexpr mode_t kAllBits = 07777;
constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

Error fault(const std::string& path, const std::string& what) {
  return {path + ": " + what};
}

std::string words_of(int error) {
  return std::generic_category().message(error);
}

/// Whether somebody else may be in that group. Nobody is in root's own, in the private one that has
/// our name, and in one without a name.
bool has_others(gid_t group) {
  if (group == 0) return false;
  std::vector<char> group_text(std::size_t{64} * 1024);
  std::vector<char> user_text(std::size_t{16} * 1024);
  struct group in {};
  struct group* found = nullptr;
  const int error = getgrgid_r(group, &in, group_text.data(), group_text.size(), &found);
  if (found == nullptr) return error == ERANGE;  // too many to be read
  passwd of{};
  passwd* us = nullptr;
  getpwuid_r(geteuid(), &of, user_text.data(), user_text.size(), &us);
  if (us == nullptr || std::string_view{us->pw_name} != in.gr_name) return true;
  for (char** member = in.gr_mem; *member != nullptr; ++member) {
    if (std::string_view{*member} != us->pw_name) return true;
  }
  return false;
}

/// The names in a path, the last first.
std::vector<std::string> steps_of(std::string_view path) {
  std::vector<std::string> steps;
  while (!path.empty()) {
    const std::size_t slash = path.rfind('/');
    const std::size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
    const std::string_view name = path.substr(begin);
    if (!name.empty() && name != ".") steps.emplace_back(name);
    path = path.substr(0, begin == 0 ? 0 : begin - 1);
  }
  return steps;
}

/// Goes down a path name by name, and knows of each who could put another in its place.
class Walk {
 public:
  explicit Walk(const std::string& path) : path_(path) {}

  [[nodiscard]] Result<Descriptor> to_its_end() {
    std::error_code error;
    steps_ = steps_of(std::filesystem::absolute(path_, error).native());
    if (error) return fault(path_, error.message());
    at_ = Descriptor{open("/", kLook)};
    struct stat facts {};
    if (!at_ || fstat(at_.get(), &facts) != 0) return fault("/", words_of(errno));
    // Who has that can do everything below, whatever the number, which is none of ours in a
    // namespace of users without root.
    owner_of_all_ = facts.st_uid;
    while (!steps_.empty()) {
      if (const std::optional<Error> wrong = step()) return *wrong;
    }
    Descriptor folder{openat(at_.get(), ".", kOpenFolder)};
    if (!folder) return fault(path_, words_of(errno));
    return folder;
  }

 private:
  static constexpr int kLook = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  static constexpr int kMostLinks = 40;  // as the kernel follows

  [[nodiscard]] bool is_trusted(uid_t owner) const noexcept {
    return owner == geteuid() || owner == 0 || owner == owner_of_all_;
  }

  [[nodiscard]] std::optional<Error> step() {
    const std::string name = std::move(steps_.back());
    steps_.pop_back();
    const std::string place = where_ + '/' + name;
    struct stat facts {};
    int got = fstatat(at_.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW);
    if (got != 0 && errno == ENOENT) {
      mkdirat(at_.get(), name.c_str(), kOwnersAlone);  // whether it is there shows at once
      got = fstatat(at_.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW);
    }
    if (got != 0) return fault(place, words_of(errno));
    if (S_ISLNK(facts.st_mode)) return follow(name, place, facts);
    Descriptor next{openat(at_.get(), name.c_str(), kLook)};
    if (!next || fstat(next.get(), &facts) != 0) return fault(place, words_of(errno));
    at_ = std::move(next);
    where_ = place;
    return distrust(facts);
  }

  [[nodiscard]] std::optional<Error> follow(const std::string& name, const std::string& place,
                                            const struct stat& facts) {
    if (!is_trusted(facts.st_uid)) return fault(place, "is a link that another user made");
    if (++links_ > kMostLinks) return fault(place, words_of(ELOOP));
    std::array<char, PATH_MAX> target{};
    const ssize_t size = readlinkat(at_.get(), name.c_str(), target.data(), target.size());
    if (size <= 0) return fault(place, words_of(size < 0 ? errno : ENOENT));
    const std::string_view text{target.data(), static_cast<std::size_t>(size)};
    std::ranges::move(steps_of(text), std::back_inserter(steps_));
    if (text.starts_with('/')) {
      at_ = Descriptor{open("/", kLook)};
      where_.clear();
      if (!at_) return fault("/", words_of(errno));
    }
    return std::nullopt;
  }

  /// Why the folder that was come to is not for us; nothing when it is.
  [[nodiscard]] std::optional<Error> distrust(const struct stat& facts) const {
    if (!is_trusted(facts.st_uid)) {
      return fault(where_, "belongs to another user, number " + std::to_string(facts.st_uid));
    }
    // One that root has opened to others is the administrator's choice (a volume of a container):
    // who puts something in place of what lies there is found out by its owner.
    if (facts.st_uid != geteuid() || facts.st_uid == 0 || (facts.st_mode & S_ISVTX) != 0)
      return std::nullopt;
    const bool shared = (facts.st_mode & S_IWGRP) != 0 && has_others(facts.st_gid);
    if ((facts.st_mode & S_IWOTH) == 0 && !shared) return std::nullopt;
    return fault(where_, "may be written to by others; chmod go-w is right");
  }

  const std::string& path_;
  std::vector<std::string> steps_;  // that are left, the next one last
  Descriptor at_;
  std::string where_;  // what at_ is, empty for the root
  uid_t owner_of_all_ = 0;
  int links_ = 0;
};

}  // namespace

Result<Descriptor> open_cache_folder(const std::string& path) {
  return Walk{path}.to_its_end();
}

Result<Descriptor> open_private_folder(int parent, const char* name) {
  const bool made = mkdirat(parent, name, kOwnersAlone) == 0;
  Descriptor folder{openat(parent, name, kOpenFolder | O_NOFOLLOW)};
  const int error = errno;
  struct stat facts {};
  if (!folder) {
    if (fstatat(parent, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(facts.st_mode)) {
      return fault(name, "is a link, and links are not followed here");
    }
    return fault(name, words_of(error));
  }
  if (fstat(folder.get(), &facts) != 0) return fault(name, words_of(errno));
  if (facts.st_uid != geteuid()) {
    return fault(name, "belongs to another user, number " + std::to_string(facts.st_uid));
  }
  if (made || (facts.st_mode & kAllBits) != kOwnersAlone) {
    if (fchmod(folder.get(), kOwnersAlone) != 0) return fault(name, words_of(errno));
  }
  return folder;
}

Result<Descriptor> open_private_folder(const std::string& path, const char* name) {
  const Result<Descriptor> parent = open_cache_folder(path);
  if (!parent) return parent.error();
  Result<Descriptor> folder = open_private_folder(parent->get(), name);
  if (!folder) return Error{path + '/' + folder.error().message};
  return folder;
}

bool is_own_file(int file) noexcept {
  struct stat facts {};
  return fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_uid == geteuid() &&
         facts.st_nlink <= 1;
}

}  // namespace vitals::base
