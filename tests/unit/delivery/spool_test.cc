#include "delivery/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "delivery/spool_file.h"
#include "tests/unit/temp_folder.h"

namespace vitals::delivery::detail {
namespace {

using ::testing::SizeIs;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kDsn = "https://k@host/1";

Parcel some_parcel(int number, std::size_t size = 100) {
  Parcel parcel;
  parcel.text = std::to_string(number) + ':' + std::string(size, 'x');
  parcel.id[0] = static_cast<std::uint8_t>(number);
  parcel.id[15] = 1;
  parcel.contents[0] = 1;
  return parcel;
}

std::string number_of(const Spool::Claim& claim) {
  return claim.parcel.text.substr(0, claim.parcel.text.find(':'));
}

/// How many were dropped for each reason.
std::map<DropReason, std::uint32_t> dropped;

std::uint32_t overflowed() {
  return dropped[DropReason::kDisk];
}

SpoolOptions options_for(const std::string& folder) {
  return {.who = "test",
          .cache_dir = folder,
          .folder = "envelopes",
          .bytes = 1'000'000,
          .age = 72h,
          .address = kDsn,
          .count_dropped = [](const Contents* contents, DropReason reason) {
            dropped[reason] += contents != nullptr ? contents->at(0) : 1;
          }};
}

class SpoolTest : public ::testing::Test {
 protected:
  [[nodiscard]] Spool open(std::uint64_t bytes = 1'000'000, std::chrono::hours age = 72h,
                           std::string dsn = kDsn) const {
    SpoolOptions options = options_for(folder.path());
    options.bytes = bytes;
    options.age = age;
    options.address = std::move(dsn);
    return Spool{std::move(options)};
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
    EXPECT_TRUE(spool.put(some_parcel(i)));
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
  EXPECT_TRUE(spool.put(some_parcel(1)));
  const std::uint64_t bytes = spool.bytes();
  {
    const NoDescriptors none;
    spool.rescan();
  }
  EXPECT_EQ(spool.bytes(), bytes);
  EXPECT_TRUE(spool.any());
  EXPECT_THAT(drain(spool), ::testing::ElementsAre("1"));
}

TEST_F(SpoolTest, KeepsAllThatAParcelIs) {
  Spool spool = open();
  Parcel given = some_parcel(7);
  given.text = std::string{"line\n\0\xff", 7};
  given.kind = 1;
  given.contents = {0, 1, 12, 0, 0, 0, 3};
  ASSERT_TRUE(spool.put(given));
  const auto claim = spool.take();
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->parcel.text, given.text);
  EXPECT_EQ(claim->parcel.id, given.id);
  EXPECT_EQ(claim->parcel.kind, given.kind);
  EXPECT_EQ(claim->parcel.contents, given.contents);
}

TEST_F(SpoolTest, IsThereForTheNextClient) {
  { EXPECT_TRUE(open().put(some_parcel(1))); }
  Spool next = open();
  EXPECT_TRUE(next.any());
  EXPECT_GT(next.bytes(), 0U);
  EXPECT_THAT(drain(next), ::testing::ElementsAre("1"));
}

TEST_F(SpoolTest, IsReadableByItsOwnerAlone) {
  Spool spool = open();
  ASSERT_TRUE(spool.put(some_parcel(1)));
  struct stat about {};
  ASSERT_EQ(stat((folder.path() + "/envelopes").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0700U);
  ASSERT_EQ(stat((folder.path() + "/envelopes/" + files().front()).c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST_F(SpoolTest, KeepsTheNewestWhenFullAndCountsTheRest) {
  Spool spool = open(5000);
  const std::uint32_t before = overflowed();
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(spool.put(some_parcel(i, 1000)));
  EXPECT_LE(spool.bytes(), 5000U);
  const std::vector<std::string> kept = drain(spool);
  EXPECT_THAT(kept, ::testing::ElementsAre("6", "7", "8", "9"));
  EXPECT_EQ(overflowed() - before, 6U);
}

TEST_F(SpoolTest, RefusesWhatIsLargerThanAllItsRoom) {
  Spool spool = open(5000);
  ASSERT_TRUE(spool.put(some_parcel(1)));
  EXPECT_FALSE(spool.put(some_parcel(2, 6000)));
  EXPECT_THAT(drain(spool), ::testing::ElementsAre("1"));
}

TEST_F(SpoolTest, DropsAndCountsWhatIsTooOld) {
  { EXPECT_TRUE(open().put(some_parcel(1))); }
  const std::uint32_t before = overflowed();
  Spool spool = open(1'000'000, 0h);
  EXPECT_FALSE(spool.take());
  EXPECT_EQ(overflowed() - before, 1U);
  EXPECT_THAT(files(), SizeIs(0));
}

TEST_F(SpoolTest, LeavesWhatIsForAnotherServer) {
  { EXPECT_TRUE(open(1'000'000, 72h, "https://k@other/1").put(some_parcel(1))); }
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
    ASSERT_TRUE(spool.put(some_parcel(i)));
  const auto claim = spool.take();
  const std::uint64_t bytes = spool.bytes();
  spool.give_back(*claim);
  EXPECT_EQ(spool.bytes(), bytes);
  EXPECT_THAT(drain(spool), ::testing::ElementsAre("0", "1", "2"));
}

TEST_F(SpoolTest, TwoNeverTakeTheSame) {
  Spool first = open();
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(first.put(some_parcel(i)));
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
  ASSERT_TRUE(living.put(some_parcel(1)));
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
    ASSERT_TRUE(dying.put(some_parcel(1)));
    ASSERT_TRUE(dying.take());
  }
  Spool next = open();
  EXPECT_THAT(drain(next), ::testing::ElementsAre("1"));
}

TEST_F(SpoolTest, SetsAsideWhatItCannotRead) {
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(open().put(some_parcel(i, 1000)));
  const std::vector<std::string> names = files();
  const std::string under = folder.path() + "/envelopes/";
  fs::resize_file(under + names[0], 500);
  {
    std::fstream damaged{under + names[1], std::ios::in | std::ios::out | std::ios::binary};
    damaged.seekp(700);
    damaged.put('y');
  }
  std::ofstream{under + "README"} << "not ours";
  std::ofstream{under + "0005b00000000000-00000000-00000000-00000000-0.unsent"};
  fs::create_directory(under + "folder.unsent");
  fs::create_symlink("/etc/passwd", under + "link");
  Spool spool = open();
  EXPECT_THAT(drain(spool), ::testing::ElementsAre("2"));
  EXPECT_THAT(files("envelopes/corrupt"), SizeIs(6));
}

TEST_F(SpoolTest, WhatWasHalfWrittenIsSetAsideOrFinished) {
  ASSERT_TRUE(open().put(some_parcel(1, 1000)));
  ASSERT_TRUE(open().put(some_parcel(2, 1000)));
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
  ASSERT_TRUE(spool.put(some_parcel(1)));
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGXFSZ, &ignore, &before);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{2000, limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const bool put = spool.put(some_parcel(2, 100'000));
  setrlimit(RLIMIT_FSIZE, &limit);
  sigaction(SIGXFSZ, &before, nullptr);
  EXPECT_FALSE(put);
  EXPECT_THAT(files(), SizeIs(1));
  EXPECT_THAT(drain(spool), ::testing::ElementsAre("1"));
}

TEST(Spool, WithoutAFolderRefusesAll) {
  Spool spool{options_for("/proc/no/such/place")};
  EXPECT_FALSE(spool.usable());
  EXPECT_FALSE(spool.put(some_parcel(1)));
  EXPECT_FALSE(spool.take());
  spool.rescan();
}

TEST(SpoolFile, SaysWhatIsWrong) {
  const std::string whole = write_spool_file(some_parcel(1), kDsn);
  ASSERT_TRUE(parse_spool_file(whole));
  EXPECT_EQ(parse_spool_file(whole)->address, kDsn);
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
    Spool spool{options_for(own.path())};
    EXPECT_FALSE(spool.usable()) << name;
    EXPECT_FALSE(spool.put(some_parcel(1))) << name;
    EXPECT_TRUE(fs::is_empty(elsewhere.path())) << name;
  }
}

TEST_F(SpoolTest, FoldersOfAnotherUserAreRefused) {
  if (geteuid() != 0) {  // only root can give a folder away, but has some of its own
    for (const char* const roots : {"/", "/usr", "/etc"}) {
      Spool spool{options_for(roots)};
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
    Spool spool{options_for(own.path())};
    EXPECT_FALSE(spool.usable()) << path;
  }
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
    Spool spool{options_for(cache)};
    EXPECT_TRUE(spool.put(some_parcel(1)));
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
  { EXPECT_TRUE(open().put(some_parcel(1))); }
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
  const auto open_now = [&] { return Spool{options_for(folder.path()), kFakeClocks}; };
  for (const std::int64_t at_boot :
       {std::int64_t{0}, kToday - 10'000 * kHour, kToday + 10'000 * kHour}) {
    SCOPED_TRACE(at_boot);
    fake_wall = at_boot + kHour / 100;
    fake_running = kHour / 100;
    const std::uint32_t before = overflowed();
    {
      Spool spool = open_now();
      EXPECT_TRUE(spool.put(some_parcel(1)));
      kPass(kHour);
      fake_wall = kToday;  // it is set at last
      EXPECT_TRUE(spool.put(some_parcel(2)));
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
      if (file.extension() == ".unsent") fs::remove(file);
    }
  }
  // The next process finds what was written by a clock that nobody had set.
  fake_wall = kHour;
  { EXPECT_TRUE(open_now().put(some_parcel(3))); }
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
}  // namespace vitals::delivery::detail
