#include "sentry/private_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace vitals::sentry::detail {
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

bool is_trusted(uid_t owner) noexcept {
  return owner == geteuid() || owner == 0;
}

void make_folders(const std::string& path) {
  for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    mkdir(path.substr(0, at).c_str(), kOwnersAlone);  // whether it is there shows at the end
  }
  mkdir(path.c_str(), kOwnersAlone);
}

}  // namespace

Result<Descriptor> open_cache_folder(const std::string& path) {
  make_folders(path);
  std::string plain = path;
  while (plain.size() > 1 && plain.back() == '/')
    plain.pop_back();  // with it a link would be followed unseen
  struct stat link {};
  if (lstat(plain.c_str(), &link) == 0 && S_ISLNK(link.st_mode) && !is_trusted(link.st_uid)) {
    return fault(path, "is a link that another user made");
  }
  Descriptor folder{open(plain.c_str(), kOpenFolder)};
  struct stat facts {};
  if (!folder || fstat(folder.get(), &facts) != 0) return fault(path, words_of(errno));
  if (!is_trusted(facts.st_uid)) {
    return fault(path, "belongs to another user, number " + std::to_string(facts.st_uid));
  }
  // One that root has opened to all is the administrator's choice (a volume of a container).
  const bool sticky = (facts.st_mode & S_ISVTX) != 0;
  if (facts.st_uid != 0 && (facts.st_mode & S_IWOTH) != 0 && !sticky) {
    return fault(path, "may be written to by everybody; chmod 0700 is right");
  }
  return folder;
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

}  // namespace vitals::sentry::detail
