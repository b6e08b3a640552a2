#include "crash/report_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "base/random.h"

namespace vitals::crash::detail {

namespace {

constexpr mode_t kFileMode = S_IRUSR | S_IWUSR;

/// Whether `name` still is the file that is open at `file`.
bool is_named(int folder, const char* name, int file) noexcept {
  struct stat named {};
  struct stat held {};
  return fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(file, &held) == 0 &&
         named.st_ino == held.st_ino && named.st_dev == held.st_dev;
}

}  // namespace

void PreparedReport::prepare(int folder) noexcept {
  if (folder < 0 || is_there()) return;
  folder_ = folder;
  // A start of another process that finds the file before it is locked takes it for a left one and
  // removes it: then once more.
  constexpr int kTries = 10;
  for (int i = 0; i < kTries; ++i) {
    std::snprintf(name_.data(), name_.size(), "%016llx.open",
                  static_cast<unsigned long long>(base::Random::next()));
    const int file =
        openat(folder, name_.data(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode);
    if (file < 0) return;
    fchmod(file, kFileMode);
    if (flock(file, LOCK_EX | LOCK_NB) == 0 && is_named(folder, name_.data(), file)) {
      file_.store(file, std::memory_order_release);  // pairs with take()
      return;
    }
    close(file);
  }
}

void PreparedReport::remove() noexcept {
  const int file = take();
  if (file < 0) return;
  if (is_named(folder_, name_.data(), file)) unlinkat(folder_, name_.data(), 0);
  close(file);
}

void PreparedReport::forget() noexcept {
  if (const int file = take(); file >= 0) close(file);
}

void ReportFile::open(int folder, const char* temporary_name, PreparedReport& prepared) noexcept {
  folder_ = folder;
  place_ = folder;
  temporary_name_ = temporary_name;
  size_ = 0;
  file_ = prepared.take();
  if (file_ >= 0) {
    // It may be written where it may not be renamed, as after setuid(): then it keeps its name.
    if (renameat(prepared.folder(), prepared.name(), folder, temporary_name) != 0) {
      place_ = prepared.folder();
      temporary_name_ = prepared.name();
    }
  } else if (folder >= 0) {
    file_ = openat(folder, temporary_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                   kFileMode);
  }
  write_all(kReportMagic);
}

void ReportFile::write_part(Part part, std::string_view bytes, std::size_t limit) noexcept {
  if (file_ < 0 || size_ + sizeof(PartHeader) + bytes.size() > limit) return;
  const PartHeader header{part, static_cast<std::uint32_t>(bytes.size()), part_check(part, bytes)};
  write_all({reinterpret_cast<const char*>(&header), sizeof header});
  write_all(bytes);
}

void ReportFile::write_all(std::string_view bytes) noexcept {
  while (file_ >= 0 && !bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      // Full or broken: what is written so far is still a report, and more would tear it.
      close(file_);
      file_ = -1;
      break;
    }
    size_ += static_cast<std::size_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void ReportFile::finish(const char* name) noexcept {
  if (file_ >= 0) {
    fsync(file_);
    close(file_);
    file_ = -1;
  }
  if (place_ < 0) return;
  if (size_ <= kReportMagic.size()) {
    unlinkat(place_, temporary_name_, 0);
  } else if (renameat(place_, temporary_name_, folder_, name) == 0) {
    fsync(folder_);
  }
}

void ReportFile::discard(const char* name) noexcept {
  if (place_ < 0) return;
  unlinkat(folder_, name, 0);
  unlinkat(place_, temporary_name_, 0);
}

}  // namespace vitals::crash::detail
