#include "base/private_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/unit/temp_folder.h"

namespace vitals::base {
namespace {

namespace fs = std::filesystem;

class PrivateFolder : public ::testing::Test {
 protected:
  TempFolder folder;
};

/// Lets the test be another user for a while. Only root can.
class AsUser {
 public:
  explicit AsUser(uid_t user) { EXPECT_EQ(seteuid(user), 0); }
  AsUser(const AsUser&) = delete;
  AsUser& operator=(const AsUser&) = delete;
  ~AsUser() { EXPECT_EQ(seteuid(0), 0); }
};

TEST_F(PrivateFolder, FoldersThatAnotherUserCouldPutAnotherInPlaceOfAreRefused) {
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

TEST_F(PrivateFolder, LinksOnTheWayAreFollowedUnlessAnotherUserMadeThem) {
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

}  // namespace
}  // namespace vitals::base
