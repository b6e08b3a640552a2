#include "delivery/spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/private_folder.h"
#include "base/random.h"
#include "base/say_line.h"
#include "base/timeout.h"
#include "delivery/spool_file.h"

namespace vitals::delivery::detail {
namespace {

using base::Descriptor;
using base::open_private_folder;

constexpr std::string_view kWaiting = ".unsent";
constexpr std::string_view kSending = ".sending-";
constexpr std::string_view kWriting = ".writing-";
constexpr std::string_view kLock = ".lock";
constexpr const char* kCorrupt = "corrupt";
constexpr std::size_t kMostCorrupt = 32;
constexpr mode_t kFileMode = 0600;

/// The lock of the spool that is open, for a child of fork() to close. One is enough: those of the
/// past have closed theirs.
std::atomic<int> active_lock{-1};

std::uint32_t hash_of(std::string_view text) noexcept {
  std::uint32_t hash = 2166136261U;  // FNV-1a: the name of a file outlives the process
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

std::string hex8(std::uint32_t value) {
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08x", value);
  return text.data();
}

template <class Number>
bool take_hex(std::string_view& text, char end, Number& number) noexcept {
  const std::size_t at = end == '\0' ? text.size() : text.find(end);
  if (at == std::string_view::npos || at == 0) return false;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + at, number, 16);
  if (error != std::errc{} || stop != text.data() + at) return false;
  text.remove_prefix(end == '\0' ? at : at + 1);
  return true;
}

struct CloseFile {
  void operator()(const int* fd) const noexcept { close(*fd); }
};
struct CloseFolder {
  void operator()(DIR* folder) const noexcept { closedir(folder); }
};

/// Nothing when it cannot be read, as without a free file descriptor.
std::optional<std::vector<std::string>> list(int folder) {
  const int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return std::nullopt;
  const std::unique_ptr<DIR, CloseFolder> open{fdopendir(again)};
  if (!open) {
    close(again);
    return std::nullopt;
  }
  std::vector<std::string> names;
  while (const dirent* const entry = readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

bool write_all(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

std::string Spool::Entry::name() const {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%016llx-%08x-%08x-%08x-%llx.unsent",
                static_cast<unsigned long long>(time), address, owner, number,
                static_cast<unsigned long long>(size));
  return text.data();
}

std::optional<Spool::Entry> Spool::parse_name(std::string_view name) noexcept {
  if (!name.ends_with(kWaiting)) return std::nullopt;
  name.remove_suffix(kWaiting.size());
  Entry entry;
  if (!take_hex(name, '-', entry.time) || !take_hex(name, '-', entry.address) ||
      !take_hex(name, '-', entry.owner) || !take_hex(name, '-', entry.number) ||
      !take_hex(name, '\0', entry.size)) {
    return std::nullopt;
  }
  return entry;
}

Spool::Spool(SpoolOptions options, Clocks clocks)
    : options_(std::move(options)),
      address_hash_(hash_of(options_.address)),
      owner_(static_cast<std::uint32_t>(base::Random::next())),
      clocks_(clocks),
      opened_(clocks.wall()),
      opened_running_(clocks.running()) {
  const Result<void> opened = open_folder();
  if (opened) {
    rescan();
    return;
  }
  warn_once("no place for what is not sent, it waits in memory: " + opened.error().message);
  if (folder_ >= 0) close(folder_);
  folder_ = -1;
}

Result<void> Spool::open_folder() {
  const std::string path = options_.cache_dir + '/' + options_.folder + '/';
  Result<Descriptor> folder = open_private_folder(options_.cache_dir, options_.folder.c_str());
  if (!folder) return folder.error();
  folder_ = folder->release();
  // Checked at the start, so that a person hears of it before anything is to be put there.
  if (const Result<Descriptor> corrupt = open_private_folder(folder_, kCorrupt); !corrupt) {
    return Error{path + corrupt.error().message};
  }
  // Another process that finds the file not locked yet takes it for one of the dead and removes it:
  // then once more.
  const std::string name = hex8(owner_) + std::string{kLock};
  constexpr int kTries = 10;
  for (int i = 0; i < kTries; ++i) {
    lock_ = openat(folder_, name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                   kFileMode);
    if (lock_ < 0) break;
    struct stat held {};
    struct stat named {};
    if (flock(lock_, LOCK_EX) == 0 && fstat(lock_, &held) == 0 &&
        fstatat(folder_, name.c_str(), &named, 0) == 0 && held.st_ino == named.st_ino) {
      active_lock.store(lock_, std::memory_order_relaxed);
      return {};
    }
    close(lock_);
    lock_ = -1;
  }
  return Error{path + name + ": " + std::generic_category().message(errno)};
}

Spool::~Spool() {
  if (folder_ >= 0) unlinkat(folder_, (hex8(owner_) + std::string{kLock}).c_str(), 0);
  int mine = lock_;
  active_lock.compare_exchange_strong(mine, -1, std::memory_order_relaxed);
  if (lock_ >= 0) close(lock_);
  if (folder_ >= 0) close(folder_);
}

void Spool::forget_locks() noexcept {
  const int lock = active_lock.exchange(-1, std::memory_order_relaxed);
  if (lock >= 0) close(lock);
}

std::string Spool::in_hand(const std::string& name) const {
  return name + std::string{kSending} + hex8(owner_);
}

bool Spool::rename_file(const std::string& from, const std::string& to) const noexcept {
  return renameat(folder_, from.c_str(), folder_, to.c_str()) == 0;
}

bool Spool::write_file(const std::string& name, std::string_view text) noexcept {
  const int fd = openat(folder_, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode);
  if (fd < 0) return false;
  fchmod(fd, kFileMode);  // a umask may have taken even the owner's rights
  const bool written = write_all(fd, text);
  const int error = errno;
  if (close(fd) == 0 && written) return true;
  if (!written) errno = error;
  return false;
}

std::optional<std::string> Spool::read_file(const std::string& name) const {
  const int fd = openat(folder_, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ELOOP) return std::string{};  // a link is none of ours
  if (fd < 0) return std::nullopt;
  const std::unique_ptr<const int, CloseFile> closing{&fd};
  struct stat about {};
  if (fstat(fd, &about) != 0) return std::nullopt;
  if (!base::is_own_file(fd)) return std::string{};
  std::string text;
  // No more than a parcel may be: a file that grew beyond it is none of ours.
  constexpr off_t kMost = 128 * 1024 * 1024;
  text.resize(static_cast<std::size_t>(std::min(about.st_size, kMost)));
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t count = read(fd, text.data() + have, text.size() - have);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    have += static_cast<std::size_t>(count);
  }
  text.resize(have);
  return text;
}

bool Spool::put(const Parcel& parcel) noexcept {
  if (!usable()) return false;
  try {
    const std::string text = write_spool_file(parcel, options_.address);
    if (text.size() > options_.bytes) return false;
    const Entry entry{static_cast<std::uint64_t>(clocks_.wall() / 1000), address_hash_, owner_,
                      next_number_.fetch_add(1, std::memory_order_relaxed), text.size()};
    const std::string name = entry.name();
    const std::string unfinished = name + std::string{kWriting} + hex8(owner_);
    {
      const std::lock_guard hold{mutex_};
      drop_old(text.size());
    }
    const bool written = write_file(unfinished, text);
    const std::lock_guard hold{mutex_};
    const bool kept = written && rename_file(unfinished, name);
    failing_.store(!kept, std::memory_order_relaxed);
    if (!kept) {
      warn_once("cannot keep on disk what is not sent: " + std::generic_category().message(errno));
      unlinkat(folder_, unfinished.c_str(), 0);
      return false;
    }
    waiting_.push_back(entry);
    bytes_.fetch_add(entry.size, std::memory_order_relaxed);
    own_.fetch_add(1, std::memory_order_relaxed);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

std::optional<Spool::Claim> Spool::take() noexcept {
  if (!usable()) return std::nullopt;
  try {
    const std::lock_guard hold{mutex_};
    drop_old(0);
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      if (at->address != address_hash_) {
        ++at;
        continue;
      }
      const Entry entry = *at;
      forget(at);
      at = waiting_.begin();
      Claim claim;
      claim.name = entry.name();
      claim.size = entry.size;
      const std::string held = in_hand(claim.name);
      if (!rename_file(claim.name, held)) continue;  // another process has it
      const std::optional<std::string> text = read_file(held);
      if (!text) {  // no file descriptor to be had, or the like: it is not the file's fault
        static_cast<void>(rename_file(held, claim.name));
        return std::nullopt;
      }
      const Result<SpooledParcel> spooled = parse_spool_file(*text);
      if (!spooled) {
        count_damaged(*text);
        set_aside(held, spooled.error().message);
        continue;
      }
      if (spooled->address != options_.address) {  // another one with the same hash
        static_cast<void>(rename_file(held, claim.name));
        continue;
      }
      claim.parcel = spooled->parcel;
      claimed_bytes_ += claim.size;
      bytes_.fetch_add(claim.size, std::memory_order_relaxed);
      return claim;
    }
  } catch (const std::bad_alloc&) {
    // What was claimed by now waits for the next start.
  }
  return std::nullopt;
}

void Spool::done(const Claim& claim) noexcept {
  const std::lock_guard hold{mutex_};
  claimed_bytes_ -= claim.size;
  bytes_.fetch_sub(claim.size, std::memory_order_relaxed);
  try {
    unlinkat(folder_, in_hand(claim.name).c_str(), 0);
  } catch (const std::bad_alloc&) {
    // It is sent once more after the next start; the server knows its id.
  }
}

void Spool::give_back(const Claim& claim) noexcept {
  const std::lock_guard hold{mutex_};
  claimed_bytes_ -= claim.size;
  bytes_.fetch_sub(claim.size, std::memory_order_relaxed);
  try {
    const std::optional<Entry> entry = parse_name(claim.name);
    if (!entry || !rename_file(in_hand(claim.name), claim.name)) return;
    waiting_.insert(std::upper_bound(waiting_.begin(), waiting_.end(), *entry), *entry);
    bytes_.fetch_add(entry->size, std::memory_order_relaxed);
    own_.fetch_add(1, std::memory_order_relaxed);
  } catch (const std::bad_alloc&) {
    // The next rescan finds it.
  }
}

void Spool::forget(const std::deque<Entry>::iterator& entry) {
  bytes_.fetch_sub(entry->size, std::memory_order_relaxed);
  if (entry->address == address_hash_) own_.fetch_sub(1, std::memory_order_relaxed);
  waiting_.erase(entry);
}

bool Spool::is_old(const Entry& entry) const noexcept {
  const auto age = std::chrono::microseconds{base::clamp_timeout(options_.age)}.count();
  // By both clocks: one that is set on makes nothing old, nor one that is set back what comes then.
  const std::int64_t passed = clocks_.running() - opened_running_;
  const std::int64_t now = std::min(opened_ + passed, clocks_.wall()) / 1000;
  auto written = static_cast<std::int64_t>(entry.time);
  if (written < base::kClockWasSet / 1000) written = std::max(written, opened_ / 1000);
  return written < now - age;
}

void Spool::drop_old(std::uint64_t needed) {
  while (!waiting_.empty()) {
    const Entry oldest = waiting_.front();
    if (!is_old(oldest) && bytes() + needed <= options_.bytes) break;
    forget(waiting_.begin());
    drop(oldest);
  }
}

void Spool::drop(const Entry& entry) {
  const std::string name = entry.name();
  const std::string held = in_hand(name);
  if (!rename_file(name, held)) return;  // another process has it, and counts it
  const std::optional<std::string> text = read_file(held);
  if (!text) {
    static_cast<void>(rename_file(held, name));  // it waits for a better time
    return;
  }
  const Result<SpooledParcel> spooled = parse_spool_file(*text);
  if (!spooled) {
    count_damaged(*text);
    set_aside(held, spooled.error().message);
    return;
  }
  unlinkat(folder_, held.c_str(), 0);
  options_.count_dropped(&spooled->parcel.contents, DropReason::kDisk);
}

void Spool::rescan() noexcept {
  if (!usable()) return;
  try {
    const std::lock_guard hold{mutex_};
    scan();
    drop_old(0);
  } catch (const std::bad_alloc&) {
    // Then later.
  }
}

void Spool::scan() {
  std::vector<std::uint32_t> alive{owner_};
  std::optional<std::vector<std::string>> names = list(folder_);
  if (!names) return;  // what is known stands until the next look
  for (const std::string& name : *names) {
    if (name.find(kSending) != std::string::npos) {
      take_back_of_the_dead(name, kSending, alive);
    } else if (name.find(kWriting) != std::string::npos) {
      take_back_of_the_dead(name, kWriting, alive);
    } else if (name.ends_with(kLock)) {
      std::string_view text = name;
      std::uint32_t owner = 0;
      if (!take_hex(text, '.', owner)) {
        set_aside(name, "no file of the spool");
      } else if (is_dead(owner, alive)) {
        unlinkat(folder_, name.c_str(), 0);  // its claims are as free without it
      }
    } else if (name != kCorrupt && !parse_name(name)) {
      set_aside(name, "no file of the spool");
    }
  }
  std::deque<Entry> found;
  std::uint64_t bytes = claimed_bytes_;
  std::uint64_t own = 0;
  names = list(folder_);
  if (!names) return;
  for (const std::string& name : *names) {
    const std::optional<Entry> entry = parse_name(name);
    if (!entry) continue;
    found.push_back(*entry);
    bytes += entry->size;
    if (entry->address == address_hash_) ++own;
  }
  std::sort(found.begin(), found.end());
  waiting_ = std::move(found);
  bytes_.store(bytes, std::memory_order_relaxed);
  own_.store(own, std::memory_order_relaxed);
}

void Spool::take_back_of_the_dead(const std::string& name, std::string_view suffix,
                                  std::vector<std::uint32_t>& alive) {
  const std::size_t at = name.find(suffix);
  std::string_view rest = std::string_view{name}.substr(at + suffix.size());
  std::uint32_t owner = 0;
  const std::string before = name.substr(0, at);
  if (!take_hex(rest, '\0', owner) || !parse_name(before)) {
    set_aside(name, "no file of the spool");
    return;
  }
  if (!is_dead(owner, alive)) return;
  if (suffix == kWriting) {
    // The end may have come in the middle of it.
    const std::optional<std::string> text = read_file(name);
    if (!text) return;
    const Result<SpooledParcel> spooled = parse_spool_file(*text);
    if (!spooled) {
      count_damaged(*text);
      set_aside(name, spooled.error().message);
      return;
    }
  }
  static_cast<void>(rename_file(name, before));
}

bool Spool::is_dead(std::uint32_t owner, std::vector<std::uint32_t>& alive) const {
  if (std::find(alive.begin(), alive.end(), owner) != alive.end()) return false;
  const std::string name = hex8(owner) + std::string{kLock};
  const int fd = openat(folder_, name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return errno == ENOENT;
  const std::unique_ptr<const int, CloseFile> closing{&fd};
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    alive.push_back(owner);
    return false;
  }
  return true;
}

void Spool::set_aside(const std::string& name, std::string_view why) {
  say("set aside an unreadable file of what is not sent:", name + ": " + std::string{why});
  const Result<Descriptor> corrupt = open_private_folder(folder_, kCorrupt);
  if (!corrupt) {
    warn_once("cannot set aside " + name + ", " + corrupt.error().message);
    unlinkat(folder_, name.c_str(), 0);
    return;
  }
  std::vector<std::string> held = list(corrupt->get()).value_or(std::vector<std::string>{});
  std::sort(held.begin(), held.end());
  for (std::size_t i = 0; i + kMostCorrupt <= held.size(); ++i) {
    say("the place for unreadable files is full, removed:", held[i]);
    unlinkat(corrupt->get(), held[i].c_str(), 0);
  }
  if (renameat(folder_, name.c_str(), corrupt->get(), name.c_str()) != 0) {
    warn_once("cannot set aside " + name + ": " + std::generic_category().message(errno));
  }
}

/// As far as its first line tells.
void Spool::count_damaged(std::string_view text) noexcept {
  const std::optional<Contents> contents = contents_of_damaged(text);
  options_.count_dropped(contents ? &*contents : nullptr, DropReason::kDamaged);
}

void Spool::say(std::string_view what, std::string_view detail) const noexcept {
  base::say_line(options_.who, what, detail);
}

void Spool::warn_once(std::string_view what) noexcept {
  if (!warned_.exchange(true, std::memory_order_relaxed)) say(what);
}

}  // namespace vitals::delivery::detail
