#include "health_agent/private_files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "health_agent/settings.h"
#include "tests/unit/health_agent/db_testing.h"

namespace health_agent {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

void make_file(const std::string& path, mode_t mode) {
  std::ofstream{path} << "x";
  ASSERT_EQ(::chmod(path.c_str(), mode), 0);
}

TEST(PrivateFiles, AFileBehindALinkIsMadeForItsOwnerAloneToo) {
  const db::TempFolder folder;
  fs::create_directory(folder.file("deep"));
  const std::vector<std::pair<std::string, std::string>> links{
      {"plain", "real"},
      {"chain", "plain2"},
      {"plain2", "real2"},
      {"other", "deep/real"},
      {"absolute", folder.file("deep/absolute")},
      {"up", "deep/../up.real"},
  };
  for (const auto& [name, target] : links)
    fs::create_symlink(target, folder.file(name));
  const mode_t before = ::umask(022);
  for (const char* name : {"plain", "chain", "other", "absolute", "up", "none"}) {
    const std::string path = folder.file(name);
    make_private_file(path);
    ASSERT_TRUE(fs::exists(path)) << name;
    EXPECT_EQ(mode_of(path), 0600U) << name;
    EXPECT_TRUE(fs::equivalent(behind_links(path), path)) << name;
    EXPECT_FALSE(fs::is_symlink(behind_links(path))) << name;
  }
  ::umask(before);
  fs::create_symlink("circle", folder.file("circle"));
  make_private_file(folder.file("circle"));
  EXPECT_EQ(behind_links(folder.file("circle")), folder.file("circle"));
}

TEST(PrivateFiles, TellsWhatTheGroupOrEverybodyMayTouchAndFollowsLinks) {
  const db::TempFolder folder;
  const std::string file = folder.file("file");
  make_file(file, 0600);
  const std::string link = folder.file("link");
  fs::create_symlink("file", link);
  for (const mode_t good : {0600U, 0400U, 0700U}) {
    ASSERT_EQ(::chmod(file.c_str(), good), 0);
    EXPECT_THAT(open_to_others({file, link}), IsEmpty()) << good;
  }
  for (const mode_t open : {0644U, 0604U, 0602U, 0640U, 0660U, 0620U, 0606U}) {
    ASSERT_EQ(::chmod(file.c_str(), open), 0);
    EXPECT_THAT(open_to_others({file}), ElementsAre(file)) << open;
    EXPECT_THAT(open_to_others({link}), ElementsAre(link)) << open;
    EXPECT_THAT(open_to_others({folder.path().string()}), Contains(link)) << open;
  }
}

TEST(PrivateFiles, TellsFoldersThatOthersMayWriteTo) {
  const db::TempFolder folder;
  const std::string below = folder.file("below");
  fs::create_directory(below);
  const std::string file = below + "/file";
  make_file(file, 0600);
  for (const mode_t good : {0700U, 0755U, 01777U}) {
    ASSERT_EQ(::chmod(below.c_str(), good), 0);
    EXPECT_THAT(open_to_others({file}), IsEmpty()) << good;
  }
  for (const mode_t open : {0777U, 0770U, 0775U, 0707U}) {
    ASSERT_EQ(::chmod(below.c_str(), open), 0);
    EXPECT_THAT(open_to_others({file, below + "/none"}), ElementsAre(below)) << open;
    EXPECT_THAT(open_to_others({folder.path().string()}), ElementsAre(below)) << open;
  }
}

TEST(PrivateFiles, ThoseOfADatabaseBehindALinkAreWhereSqlitePutsThem) {
  const db::TempFolder folder;
  fs::create_directory(folder.file("real"));
  fs::create_symlink("real/food.db", folder.file("food.db"));
  Settings settings;
  settings.database_url = "sqlite:" + folder.file("food.db");
  for (const char* name : {"food.db", "food.db-wal", "food.db-shm", "food.db-journal"}) {
    const std::string path = folder.file("real/" + std::string{name});
    make_file(path, 0640);
    EXPECT_THAT(open_to_others(private_paths(settings)), Contains(path));
    fs::remove(path);
  }
}

}  // namespace
}  // namespace health_agent
