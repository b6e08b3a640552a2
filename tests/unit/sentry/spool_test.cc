#include "sentry/delivery/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "sentry/delivery/spool_file.h"
#include "sentry/private_folder.h"
#include "sentry/runtime.h"
#include "temp_folder.h"

namespace vitals::sentry::detail {
namespace {

using ::testing::SizeIs;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kDsn = "https://k@host/1";

Envelope some_envelope(int number, std::size_t size = 100) {
  Envelope envelope;
  envelope.text = std::to_string(number) + ':' + std::string(size, 'x');
  envelope.event_id.bytes[0] = static_cast<std::uint8_t>(number);
  envelope.event_id.bytes[15] = 1;
  envelope.contents[static_cast<std::size_t>(Category::kError)] = 1;
  return envelope;
}

std::string number_of(const Spool::Claim& claim) {
  return claim.envelope.text.substr(0, claim.envelope.text.find(':'));
}

std::uint64_t overflowed() {
  return counted(Category::kError, Cause::kCacheOverflow);
}

class SpoolTest : public ::testing::Test {
 protected:
  [[nodiscard]] Spool open(std::uint64_t bytes = 1'000'000, std::chrono::hours age = 72h,
                           std::string dsn = kDsn) const {
    return {folder.path(), {bytes, age}, std::move(dsn)};
  }
  [[nodiscard]] std::vector<std::string> files(const std::string& under = "envelopes") const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{folder.path() + '/' + under}) {
      if (entry.path().extension() != ".lock" && entry.path().filename() != "corrupt") {
        names.push_back(entry.path().filename());
      }
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  [[nodiscard]] static std::vector<std::string> drain(Spool& spool) {
    std::vector<std::string> numbers;
    while (const auto claim = spool.take()) {
      numbers.push_back(number_of(*claim));
      spool.done(*claim);
    }
    return numbers;
  }

  TempFolder folder;
};

TEST_F(SpoolTest, GivesBackWhatWasPutTheOldestFirst) {
  Spool spool = open();
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(spool.put(some_envelope(i)));
  EXPECT_GT(spool.bytes(), 300U);
  EXPECT_THAT(drain(spool), ::testing::ElementsAre("0", "1", "2"));
  EXPECT_EQ(spool.bytes(), 0U);
  EXPECT_FALSE(spool.any());
  EXPECT_THAT(files(), SizeIs(0));
}

/// While it lives no file can be opened.
struct NoDescriptors {
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{0, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before); }
  rlimit before{};
};

TEST_F(SpoolTest, WithoutFileDescriptorsNothingIsForgotten) {
  Spool spool = open();
  EXPECT_TRUE(spool.put(some_envelope(1)));
  const std::uint64_t bytes = spool.bytes();
  {
    const NoDescriptors none;
    spool.rescan();
  }
  EXPECT_EQ(spool.bytes(), bytes);
  EXPECT_TRUE(spool.any());
  EXPECT_THAT(drain(spool), ::testing::ElementsAre("1"));
}

TEST_F(SpoolTest, KeepsAllThatAnEnvelopeIs) {
  Spool spool = open();
  Envelope given = some_envelope(7);
  given.text = std::string{"line\n\0\xff", 7};
  given.category = Category::kTransaction;
  given.contents = {0, 1, 12, 0, 0, 0, 3};
  ASSERT_TRUE(spool.put(given));
  const auto claim = spool.take();
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->envelope.text, given.text);
  EXPECT_EQ(claim->envelope.event_id, given.event_id);
  EXPECT_EQ(claim->envelope.category, given.category);
  EXPECT_EQ(claim->envelope.contents, given.contents);
}

TEST_F(SpoolTest, IsThereForTheNextClient) {
  { EXPECT_TRUE(open().put(some_envelope(1))); }
  Spool next = open();
  EXPECT_TRUE(next.any());
  EXPECT_GT(next.bytes(), 0U);
  EXPECT_THAT(drain(next), ::testing::ElementsAre("1"));
}

TEST_F(SpoolTest, IsReadableByItsOwnerAlone) {
  Spool spool = open();
  ASSERT_TRUE(spool.put(some_envelope(1)));
  struct stat about {};
  ASSERT_EQ(stat((folder.path() + "/envelopes").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0700U);
  ASSERT_EQ(stat((folder.path() + "/envelopes/" + files().front()).c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST_F(SpoolTest, KeepsTheNewestWhenFullAndCountsTheRest) {
  Spool spool = open(5000);
  const std::uint64_t before = overflowed();
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(spool.put(some_envelope(i, 1000)));
  EXPECT_LE(spool.bytes(), 5000U);
  const std::vector<std::string> kept = drain(spool);
  EXPECT_THAT(kept, ::testing::ElementsAre("6", "7", "8", "9"));
  EXPECT_EQ(overflowed() - before, 6U);
}

TEST_F(SpoolTest, RefusesWhatIsLargerThanAllItsRoom) {
  Spool spool = open(5000);
  ASSERT_TRUE(spool.put(some_envelope(1)));
  EXPECT_FALSE(spool.put(some_envelope(2, 6000)));
  EXPECT_THAT(drain(spool), ::testing::ElementsAre("1"));
}

TEST_F(SpoolTest, DropsAndCountsWhatIsTooOld) {
  { EXPECT_TRUE(open().put(some_envelope(1))); }
  const std::uint64_t before = overflowed();
  Spool spool = open(1'000'000, 0h);
  EXPECT_FALSE(spool.take());
  EXPECT_EQ(overflowed() - before, 1U);
  EXPECT_THAT(files(), SizeIs(0));
}

TEST_F(SpoolTest, LeavesWhatIsForAnotherServer) {
  { EXPECT_TRUE(open(1'000'000, 72h, "https://k@other/1").put(some_envelope(1))); }
  {
    Spool spool = open();
    EXPECT_FALSE(spool.any());
    EXPECT_FALSE(spool.take());
  }
  Spool other = open(1'000'000, 72h, "https://k@other/1");
  EXPECT_THAT(drain(other), ::testing::ElementsAre("1"));
}

TEST_F(SpoolTest, WhatIsGivenBackIsInItsOldPlace) {
  Spool spool = open();
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(spool.put(some_envelope(i)));
  const auto claim = spool.take();
  const std::uint64_t bytes = spool.bytes();
  spool.give_back(*claim);
  EXPECT_EQ(spool.bytes(), bytes);
  EXPECT_THAT(drain(spool), ::testing::ElementsAre("0", "1", "2"));
}

TEST_F(SpoolTest, TwoNeverTakeTheSame) {
  Spool first = open();
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(first.put(some_envelope(i)));
  Spool second = open();
  std::vector<std::string> a;
  std::vector<std::string> b;
  std::thread other{[&] { b = drain(second); }};
  a = drain(first);
  other.join();
  EXPECT_EQ(a.size() + b.size(), 100U);
  a.insert(a.end(), b.begin(), b.end());
  EXPECT_EQ(std::set<std::string>(a.begin(), a.end()).size(), 100U);
}

TEST_F(SpoolTest, AClaimOfTheLivingIsLeftAlone) {
  Spool living = open();
  ASSERT_TRUE(living.put(some_envelope(1)));
  const auto claim = living.take();
  Spool other = open();
  EXPECT_FALSE(other.any());
  living.give_back(*claim);
  other.rescan();
  EXPECT_TRUE(other.any());
}

TEST_F(SpoolTest, AClaimOfTheDeadIsTakenBack) {
  {
    Spool dying = open();
    ASSERT_TRUE(dying.put(some_envelope(1)));
    ASSERT_TRUE(dying.take());
  }
  Spool next = open();
  EXPECT_THAT(drain(next), ::testing::ElementsAre("1"));
}

TEST_F(SpoolTest, SetsAsideWhatItCannotRead) {
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(open().put(some_envelope(i, 1000)));
  const std::vector<std::string> names = files();
  const std::string under = folder.path() + "/envelopes/";
  fs::resize_file(under + names[0], 500);
  {
    std::fstream damaged{under + names[1], std::ios::in | std::ios::out | std::ios::binary};
    damaged.seekp(700);
    damaged.put('y');
  }
  std::ofstream{under + "README"} << "not ours";
  std::ofstream{under + "0005b00000000000-00000000-00000000-00000000-0.envelope"};
  fs::create_directory(under + "folder.envelope");
  fs::create_symlink("/etc/passwd", under + "link");
  Spool spool = open();
  EXPECT_THAT(drain(spool), ::testing::ElementsAre("2"));
  EXPECT_THAT(files("envelopes/corrupt"), SizeIs(6));
}

TEST_F(SpoolTest, WhatWasHalfWrittenIsSetAsideOrFinished) {
  ASSERT_TRUE(open().put(some_envelope(1, 1000)));
  ASSERT_TRUE(open().put(some_envelope(2, 1000)));
  const std::vector<std::string> names = files();
  const std::string under = folder.path() + "/envelopes/";
  fs::rename(under + names[0], under + names[0] + ".writing-00000001");
  fs::rename(under + names[1], under + names[1] + ".writing-00000001");
  fs::resize_file(under + names[0] + ".writing-00000001", 500);
  Spool spool = open();
  EXPECT_THAT(drain(spool), ::testing::ElementsAre("2"));
  EXPECT_THAT(files("envelopes/corrupt"), SizeIs(1));
}

TEST_F(SpoolTest, KeepsFewOfWhatItCannotRead) {
  { const Spool spool = open(); }
  for (int i = 0; i < 100; ++i)
    std::ofstream{folder.path() + "/envelopes/junk" + std::to_string(i)} << "junk";
  const Spool spool = open();
  EXPECT_LE(files("envelopes/corrupt").size(), 32U);
  EXPECT_THAT(files(), SizeIs(0));
}

TEST_F(SpoolTest, AFullDiskRefusesAndLeavesNothingBehind) {
  // A limit on the size of files stands in for a full disk: the write fails half-way.
  Spool spool = open();
  ASSERT_TRUE(spool.put(some_envelope(1)));
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGXFSZ, &ignore, &before);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{2000, limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const bool put = spool.put(some_envelope(2, 100'000));
  setrlimit(RLIMIT_FSIZE, &limit);
  sigaction(SIGXFSZ, &before, nullptr);
  EXPECT_FALSE(put);
  EXPECT_THAT(files(), SizeIs(1));
  EXPECT_THAT(drain(spool), ::testing::ElementsAre("1"));
}

TEST(Spool, WithoutAFolderRefusesAll) {
  Spool spool{"/proc/no/such/place", {1000, 1h}, kDsn};
  EXPECT_FALSE(spool.usable());
  EXPECT_FALSE(spool.put(some_envelope(1)));
  EXPECT_FALSE(spool.take());
  spool.rescan();
}

TEST(SpoolFile, SaysWhatIsWrong) {
  const std::string whole = write_spool_file(some_envelope(1), kDsn);
  ASSERT_TRUE(parse_spool_file(whole));
  EXPECT_EQ(parse_spool_file(whole)->dsn, kDsn);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_spool_file(whole.substr(0, size))) << size;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_FALSE(parse_spool_file(damaged)) << at;
  }
  EXPECT_FALSE(parse_spool_file(whole + 'x'));
}

TEST_F(SpoolTest, LinksInPlaceOfItsFoldersAreRefused) {
  for (const char* const name : {"envelopes", "envelopes/corrupt"}) {
    const TempFolder own;
    const TempFolder elsewhere;
    fs::create_directories(fs::path{own.path() + '/' + name}.parent_path());
    fs::create_directory_symlink(elsewhere.path(), own.path() + '/' + name);
    Spool spool{own.path(), {1'000'000, 72h}, kDsn};
    EXPECT_FALSE(spool.usable()) << name;
    EXPECT_FALSE(spool.put(some_envelope(1))) << name;
    EXPECT_TRUE(fs::is_empty(elsewhere.path())) << name;
  }
}

TEST_F(SpoolTest, FoldersOfAnotherUserAreRefused) {
  if (geteuid() != 0) {  // only root can give a folder away, but has some of its own
    for (const char* const roots : {"/", "/usr", "/etc"}) {
      Spool spool{roots, {1'000'000, 72h}, kDsn};
      EXPECT_FALSE(spool.usable()) << roots;
    }
    return;
  }
  constexpr uid_t kOther = 65534;
  for (const char* const name : {"", "/envelopes", "/envelopes/corrupt"}) {
    const TempFolder own;
    const std::string path = own.path() + name;
    fs::create_directories(path);
    ASSERT_EQ(chown(path.c_str(), kOther, kOther), 0);
    Spool spool{own.path(), {1'000'000, 72h}, kDsn};
    EXPECT_FALSE(spool.usable()) << path;
  }
}

/// Lets the test be another user for a while. Only root can.
class AsUser {
 public:
  explicit AsUser(uid_t user) { EXPECT_EQ(seteuid(user), 0); }
  AsUser(const AsUser&) = delete;
  AsUser& operator=(const AsUser&) = delete;
  ~AsUser() { EXPECT_EQ(seteuid(0), 0); }
};

TEST_F(SpoolTest, FoldersThatAnotherUserCouldPutAnotherInPlaceOfAreRefused) {
  if (geteuid() != 0) {  // what can be done without being root
    fs::create_directories(folder.path() + "/open/cache");
    fs::permissions(folder.path() + "/open", fs::perms::all);
    EXPECT_FALSE(open_cache_folder(folder.path() + "/open/cache"));
    return;
  }
  constexpr uid_t kUs = 54321;  // both without a name
  constexpr uid_t kOther = 54322;
  constexpr gid_t kShared = 65534;  // has a name
  const struct {
    uid_t owner;
    gid_t group;
    mode_t mode;
    bool trusted;
  } kTable[] = {
      {kUs, kUs, 0700, true},      {kUs, kUs, 0775, true},      {kUs, 0, 0775, true},
      {kUs, kShared, 0755, true},  {kUs, kShared, 01775, true}, {kUs, kUs, 01777, true},
      {0, 0, 0755, true},          {0, 0, 01777, true},         {0, kShared, 0777, true},
      {kUs, kShared, 0775, false}, {kUs, kUs, 0777, false},     {kUs, kUs, 0702, false},
      {kOther, kUs, 0755, false},  {kOther, kUs, 01777, false},
  };
  for (const auto& row : kTable) {
    SCOPED_TRACE(::testing::Message()
                 << row.owner << ':' << row.group << ' ' << std::oct << row.mode);
    for (const char* const below : {"", "/cache", "/deep/cache"}) {
      const TempFolder own;
      fs::permissions(own.path(), fs::perms{0755});
      const std::string top = own.path() + "/top";
      fs::create_directories(top + below);
      for (const char* const made : {"/deep/cache", "/deep", "/cache"})
        (void)!chown((top + made).c_str(), kUs, kUs);
      ASSERT_EQ(chown(top.c_str(), row.owner, row.group), 0);
      ASSERT_EQ(chmod(top.c_str(), row.mode), 0);
      const AsUser us{kUs};
      const auto opened = open_cache_folder(top + below);
      EXPECT_EQ(opened.has_value(), row.trusted)
          << below << ' ' << (opened ? "is taken" : opened.error().message);
      EXPECT_TRUE(opened || opened.error().message.starts_with(top + ": "));
    }
  }
}

TEST_F(SpoolTest, LinksOnTheWayAreFollowedUnlessAnotherUserMadeThem) {
  const std::string real = folder.path() + "/real";
  const std::string link = folder.path() + "/link";
  fs::create_directories(real + "/a");
  fs::create_symlink("real/./a/..", link);
  fs::create_symlink(link, folder.path() + "/second");
  fs::create_symlink("loop", folder.path() + "/loop");
  EXPECT_TRUE(open_cache_folder(folder.path() + "/second/b//c/"));
  EXPECT_TRUE(fs::is_directory(real + "/b/c"));
  EXPECT_FALSE(open_cache_folder(folder.path() + "/loop/x"));
  const fs::path before = fs::current_path();
  fs::current_path(real);
  EXPECT_TRUE(open_cache_folder("../link/d"));
  fs::current_path(before);
  EXPECT_TRUE(fs::is_directory(real + "/d"));
  if (geteuid() != 0) return;  // only root can give a link away
  ASSERT_EQ(lchown(link.c_str(), 65534, 65534), 0);
  for (const char* const path : {"/link/b/c", "/second/b/c", "/second/new"}) {
    const auto opened = open_cache_folder(folder.path() + path);
    ASSERT_FALSE(opened) << path;
    EXPECT_EQ(opened.error().message, link + ": is a link that another user made");
  }
  EXPECT_FALSE(fs::exists(real + "/new"));
}

TEST_F(SpoolTest, ItsFoldersAndFilesAreForTheirOwnerAloneWhateverTheUmask) {
  const auto mode_of = [](const fs::path& path) {
    struct stat facts {};
    EXPECT_EQ(stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 07777U;
  };
  for (const mode_t mask : {0000U, 0022U, 0077U}) {
    const TempFolder own;
    const mode_t before = umask(mask);
    const std::string cache = own.path() + "/cache";
    Spool spool{cache, {1'000'000, 72h}, kDsn};
    EXPECT_TRUE(spool.put(some_envelope(1)));
    umask(before);
    EXPECT_EQ(mode_of(cache), 0700U);
    EXPECT_EQ(mode_of(cache + "/envelopes"), 0700U);
    EXPECT_EQ(mode_of(cache + "/envelopes/corrupt"), 0700U);
    for (const auto& entry : fs::directory_iterator{cache + "/envelopes"}) {
      if (!entry.is_regular_file()) continue;
      EXPECT_EQ(mode_of(entry.path()), 0600U) << entry.path();
    }
  }
}

TEST_F(SpoolTest, AFolderThatWasOpenToOthersIsClosed) {
  fs::create_directories(folder.path() + "/envelopes");
  fs::permissions(folder.path() + "/envelopes", fs::perms::all);
  EXPECT_TRUE(open().usable());
  EXPECT_EQ(fs::status(folder.path() + "/envelopes").permissions(), fs::perms::owner_all);
}

TEST_F(SpoolTest, AFileWithASecondNameIsNotSent) {
  { EXPECT_TRUE(open().put(some_envelope(1))); }
  ASSERT_THAT(files(), SizeIs(1));
  fs::create_hard_link(folder.path() + "/envelopes/" + files()[0], folder.path() + "/second");
  Spool spool = open();
  EXPECT_FALSE(spool.take());
}

std::int64_t fake_wall = 0;
std::int64_t fake_running = 0;
constexpr Spool::Clocks kFakeClocks{.wall = []() noexcept { return fake_wall; },
                                    .running = []() noexcept { return fake_running; }};

TEST_F(SpoolTest, AClockThatIsSetMakesNothingOld) {
  constexpr std::int64_t kHour = 3'600'000'000'000;
  constexpr std::int64_t kToday = 1'795'000'000'000'000'000;
  constexpr auto kPass = [](std::int64_t time) {
    fake_wall += time;
    fake_running += time;
  };
  const auto open_now = [&] { return Spool{folder.path(), {1'000'000, 72h}, kDsn, kFakeClocks}; };
  for (const std::int64_t at_boot :
       {std::int64_t{0}, kToday - 10'000 * kHour, kToday + 10'000 * kHour}) {
    SCOPED_TRACE(at_boot);
    fake_wall = at_boot + kHour / 100;
    fake_running = kHour / 100;
    const std::uint64_t before = overflowed();
    {
      Spool spool = open_now();
      EXPECT_TRUE(spool.put(some_envelope(1)));
      kPass(kHour);
      fake_wall = kToday;  // it is set at last
      EXPECT_TRUE(spool.put(some_envelope(2)));
      spool.rescan();
      EXPECT_EQ(files().size(), 2U);
      kPass(70 * kHour);
      spool.rescan();
      EXPECT_EQ(files().size(), 2U);
      EXPECT_EQ(overflowed(), before);
      if (at_boot <= kToday) {  // by its own time, it is old at last
        kPass(2 * kHour);
        spool.rescan();
        EXPECT_EQ(files().size(), 1U);
      }
    }
    for (const fs::path& file : fs::directory_iterator{folder.path() + "/envelopes"}) {
      if (file.extension() == ".envelope") fs::remove(file);
    }
  }
  // The next process finds what was written by a clock that nobody had set.
  fake_wall = kHour;
  { EXPECT_TRUE(open_now().put(some_envelope(3))); }
  fake_wall = kToday;
  Spool next = open_now();
  EXPECT_EQ(files().size(), 1U);
  kPass(71 * kHour);
  next.rescan();
  EXPECT_EQ(files().size(), 1U);
  kPass(2 * kHour);
  next.rescan();
  EXPECT_EQ(files().size(), 0U);
}

}  // namespace
}  // namespace vitals::sentry::detail
