#include "sentry/items/attachments.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "fixture.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class Attachments : public ClientTest {
 protected:
  Attachments() { std::filesystem::create_directory(folder); }
  ~Attachments() override { std::filesystem::remove_all(folder); }

  /// A client whose hook keeps what the event would take along, and holds the event back: forty
  /// mebibytes take long to compress for a thread of the lowest priority on a busy machine.
  void start_looking(Options given = options()) {
    given.before_send = [this](Event& event) {
      seen.push_back(event.attachments);
      return false;
    };
    start(std::move(given));
  }
  [[nodiscard]] std::vector<AttachmentRecord> captured(const CaptureOptions& capture = {}) {
    seen.clear();
    capture_message("m", Level::kError, capture);
    EXPECT_TRUE(flush(kPlenty));
    EXPECT_THAT(seen, SizeIs(1));
    return seen.empty() ? std::vector<AttachmentRecord>{} : seen.front();
  }
  [[nodiscard]] std::string file(const std::string& name, std::string_view text) const {
    const std::string path = folder / name;
    std::ofstream{path} << text;
    return path;
  }
  static constexpr std::size_t kMebi = std::size_t{1} << 20;

  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("vitals-attachments-" + std::to_string(getpid()));
  std::vector<std::vector<AttachmentRecord>> seen;
};

TEST_F(Attachments, AFileThatIsLostIsCountedByWhatItHolds) {
  detail::CapturedAttachments lost;
  const auto scope = context::detail::with(nullptr, {.path = file("a.txt", "12345")});
  detail::capture_attachments(scope, std::vector<Attachment>{{.path = file("b.txt", "1234567")}},
                              lost);
  lost.own.push_back({.filename = "gone", .content_type = {}, .path = folder / "gone"});
  EXPECT_EQ(lost.files(), 3U);
  EXPECT_EQ(lost.bytes(), 12U);
}

TEST_F(Attachments, OfTheScopeAndOfTheCaptureGoAlongTheCapturesFirst) {
  start_looking();
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  scope.add_attachment({.filename = "a.json", .content_type = "application/json", .bytes = "{}"});
  const auto shared = std::make_shared<const std::string>("shared");
  const auto got = captured({.attachments = {{.filename = "b.txt", .shared = shared}}});
  ASSERT_THAT(got, SizeIs(2));
  EXPECT_EQ(got[0].filename, "b.txt");
  EXPECT_EQ(got[0].bytes, "shared");
  EXPECT_EQ(got[1].filename, "a.json");
  EXPECT_EQ(got[1].content_type, "application/json");
  EXPECT_EQ(got[1].bytes, "{}");
}

TEST_F(Attachments, ForksInheritAndNeitherSeesWhatTheOtherDoesLater) {
  start_looking();
  const Scope parent = Scope::fork();
  parent.add_attachment({.filename = "a", .bytes = "1"});
  Scope child;
  {
    const auto active = parent.activate();
    child = Scope::fork();
  }
  child.add_attachment({.filename = "b", .bytes = "2"});
  {
    const auto active = parent.activate();
    EXPECT_THAT(captured(), SizeIs(1));
  }
  const auto active = child.activate();
  EXPECT_THAT(captured(), SizeIs(2));
  child.clear_attachments();
  EXPECT_THAT(captured(), IsEmpty());
}

TEST_F(Attachments, OfTheGlobalScopeReachEveryForkAndEndWithTheClient) {
  start_looking();
  Scope::current().add_attachment({.filename = "a", .bytes = "1"});
  {
    const Scope scope = Scope::fork();
    const auto active = scope.activate();
    EXPECT_THAT(captured(), SizeIs(1));
  }
  EXPECT_TRUE(guard.end(kPlenty));
  start_looking();
  EXPECT_THAT(captured(), IsEmpty());
}

TEST_F(Attachments, AFileIsReadAsItIsWhenTheEventIsMade) {
  start_looking();
  const std::string path = file("app.log", "before");
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  scope.add_attachment({.path = path});
  static_cast<void>(file("app.log", "after"));
  const auto got = captured();
  ASSERT_THAT(got, SizeIs(1));
  EXPECT_EQ(got[0].filename, "app.log");
  EXPECT_EQ(got[0].bytes, "after");
}

TEST_F(Attachments, WhatIsNoReadableRegularFileIsLeftOutAndTheEventStays) {
  start_looking();
  const std::string pipe = folder / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string missing = folder / "missing";
  const std::string empty = file("empty", "");
  const auto got = captured({.attachments = {{.path = missing},
                                             {.path = pipe},
                                             {.path = folder.c_str()},
                                             {.path = "/proc/self/status"},
                                             {.path = empty}}});
  ASSERT_THAT(got, SizeIs(2));
  EXPECT_EQ(got[0].filename, "status");
  EXPECT_THAT(got[0].bytes, ::testing::HasSubstr("Threads:"));
  EXPECT_EQ(got[1].bytes, "");
}

TEST_F(Attachments, WhatIsPastTheBoundsIsLeftOutAndCounted) {
  start_looking();
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  const auto large = std::make_shared<const std::string>(20 * kMebi, 'x');
  const auto larger = std::make_shared<const std::string>(20 * kMebi + 1, 'x');
  scope.add_attachment({.shared = larger});
  scope.add_attachment({.shared = large});
  scope.add_attachment({.shared = large});
  scope.add_attachment({.bytes = "x"});
  EXPECT_EQ(counted(Category::kAttachment, Outcome::kTooLarge), 2U);
  EXPECT_THAT(captured(), SizeIs(2));

  scope.clear_attachments();
  for (int i = 0; i < 17; ++i)
    scope.add_attachment({.bytes = "x"});
  EXPECT_EQ(counted(Category::kAttachment, Outcome::kTooLarge), 3U);
  EXPECT_THAT(captured(), SizeIs(16));
  EXPECT_THAT(captured({.attachments = {{.filename = "own", .bytes = "x"}}}), SizeIs(16));
  EXPECT_EQ(counted(Category::kAttachment, Outcome::kTooLarge), 4U);
}

TEST_F(Attachments, AFilePastTheBoundIsLeftOut) {
  start_looking();
  const std::string path = file("large", "");
  std::filesystem::resize_file(path, 20 * kMebi + 1);
  EXPECT_THAT(captured({.attachments = {{.path = path}}}), IsEmpty());
  EXPECT_EQ(counted(Category::kAttachment, Outcome::kTooLarge), 1U);
}

TEST_F(Attachments, ThoseOfALostEventAreCountedWithIt) {
  Options given = options();
  given.before_send = [](Event&) { return false; };
  start(std::move(given));
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  scope.add_attachment({.filename = "of-the-scope", .bytes = "x"});
  EXPECT_TRUE(
      capture_message("m", Level::kError, {.attachments = {{.filename = "own", .bytes = "y"}}}));
  EXPECT_TRUE(guard.end(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kBeforeSend), 1U);
  EXPECT_EQ(counted(Category::kAttachment, Outcome::kBeforeSend), 2U);
}

TEST_F(Attachments, OnTheWayAreBoundedTogetherAndTheEventsStay) {
  transport->hang();
  start();
  const auto large = std::make_shared<const std::string>(15 * kMebi, 'x');
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(
        capture_message("m", Level::kError, {.attachments = {{.filename = "a", .shared = large}}}));
  }
  EXPECT_GE(counted(Category::kAttachment, Outcome::kQueueFull), 2U);
  EXPECT_EQ(counted(Category::kError, Outcome::kQueueFull), 0U);
  transport->answer_with({.status = 200});
  // Else a busy machine's client may be given up at its end, and hold them still in the next test.
  EXPECT_TRUE(guard.end(kPlenty));
}

TEST(AttachmentRoom, IsGivenBackWhenItEnds) {
  for (int i = 0; i < 3; ++i) {
    detail::AttachmentRoom room;
    EXPECT_TRUE(room.take(detail::kMaxAttachedBytes));
    EXPECT_FALSE(room.take(1));
  }
}

}  // namespace
}  // namespace vitals::sentry
