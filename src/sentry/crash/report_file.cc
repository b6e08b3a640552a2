#include "sentry/crash/report_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

namespace vitals::sentry::detail {

void ReportFile::open(int folder, const char* temporary_name) noexcept {
  folder_ = folder;
  temporary_name_ = temporary_name;
  size_ = 0;
  file_ = openat(folder, temporary_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                 S_IRUSR | S_IWUSR);
  write_all(kReportMagic);
}

void ReportFile::write_part(Part part, std::string_view bytes) noexcept {
  if (file_ < 0 || size_ + sizeof(PartHeader) + bytes.size() > kMaxReport) return;
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
  if (size_ > kReportMagic.size()) {
    renameat(folder_, temporary_name_, folder_, name);
    fsync(folder_);
  } else if (folder_ >= 0) {
    unlinkat(folder_, temporary_name_, 0);
  }
}

}  // namespace vitals::sentry::detail
