// What former processes have left: reports that are whole, torn, hostile, or in somebody's hands.
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "crash/report.h"
#include "sentry/crash/recover.h"
#include "sentry/event/event_builder.h"
#include "sentry/runtime.h"
#include "tests/unit/sentry/crash_fixture.h"

namespace vitals::sentry {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RecoverTest : public CrashTest {
 protected:
  RecoverTest() {
    given = options();
    given.cache_dir = folder.string();
    fs::create_directories(folder / "crashes");
    sink.capture = [this](std::unique_ptr<detail::ErrorItem> item) {
      if (items.size() >= room) return false;
      items.push_back(std::move(item));
      return true;
    };
    sink.say = [this](std::string_view text) { said.emplace_back(text); };
  }

  std::size_t recover() { return detail::recover_crashes(given, sink); }
  /// As the client does with what it has sent or put into the spool.
  void let_go() {
    for (const auto& item : items)
      fs::remove(item->crash_report);
    items.clear();
  }
  void put(const std::string& name, std::string_view bytes) const {
    std::ofstream{folder / "crashes" / name, std::ios::binary} << bytes;
  }
  [[nodiscard]] static std::string report_of(std::int64_t time) {
    crash::detail::CrashFacts facts;
    facts.signal = SIGSEGV;
    facts.time = time;
    const std::string_view body{reinterpret_cast<const char*>(&facts), sizeof facts};
    const crash::detail::PartHeader header{
        crash::detail::Part::kCrash, sizeof facts,
        crash::detail::part_check(crash::detail::Part::kCrash, body)};
    std::string bytes{crash::detail::kReportMagic};
    bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
    return bytes += body;
  }

  Options given;
  detail::CrashSink sink;
  std::vector<std::unique_ptr<detail::ErrorItem>> items;
  std::size_t room = 1000;
  std::vector<std::string> said;
};

TEST_F(RecoverTest, AReportThatFindsNoRoomWaitsForTheNextStart) {
  put("1.report", report_of(base::wall_clock()));
  room = 0;
  EXPECT_EQ(recover(), 0U);
  EXPECT_THAT(reports(), ElementsAre(folder / "crashes" / "1.report"));
  room = 1;
  EXPECT_EQ(recover(), 1U);
  let_go();
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(RecoverTest, AReportStaysUntilItsEventIsOutOfMemory) {
  put("1.report", report_of(base::wall_clock()));
  EXPECT_EQ(recover(), 1U);
  // A crash now would lose the event.
  ASSERT_THAT(reports(), ElementsAre(fs::path{items.front()->crash_report}));
  EXPECT_EQ(reports().front().extension(), ".claimed");
  EXPECT_EQ(recover(), 0U) << "it is in this process's hands";
  let_go();
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(RecoverTest, AReportInOneStartsHandsIsNotTakenByAnother) {
  put("1.report", report_of(base::wall_clock()));
  std::size_t captured = 0;
  detail::CrashSink other;
  other.capture = [&captured](auto) {
    ++captured;
    return true;
  };
  detail::CrashSink first;
  first.capture = [&](auto) {
    ++captured;
    EXPECT_EQ(detail::recover_crashes(given, other), 0U);
    return true;
  };
  EXPECT_EQ(detail::recover_crashes(given, first), 1U);
  EXPECT_EQ(captured, 1U);
}

TEST_F(RecoverTest, WhatCannotBeReadIsSetAsideAndSaid) {
  put("1.report", "no report at all");
  put("2.report", "");
  put("3.report", std::string(crash::detail::kMaxReport + 1, 'x'));
  EXPECT_EQ(recover(), 0U);
  EXPECT_THAT(reports(), IsEmpty());
  EXPECT_THAT(files("corrupt"), SizeIs(3));
  EXPECT_THAT(said, Contains(HasSubstr("1.report")));
  for (int i = 0; i < 64; ++i)
    put(std::to_string(i) + ".report", "again");
  recover();
  recover();
  EXPECT_THAT(files("corrupt"), SizeIs(32));
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(RecoverTest, TheOldestOfTooManyAreDropped) {
  const std::int64_t now = base::wall_clock();
  for (int i = 0; i < 40; ++i)
    put(std::to_string(100 + i) + ".report", report_of(now + i));
  EXPECT_EQ(recover(), detail::kMaxRecovered);
  EXPECT_EQ(items.front()->timestamp, now + 8);
  EXPECT_EQ(items.back()->timestamp, now + 39);
}

TEST_F(RecoverTest, AReportOlderThanTheSpoolKeepsIsDropped) {
  const std::int64_t hour = 3'600'000'000'000;
  put("1.report", report_of(base::wall_clock() - 71 * hour));
  put("2.report", report_of(base::wall_clock() - 73 * hour));
  put("3.report", report_of(std::numeric_limits<std::int64_t>::min()));
  put("4.report", report_of(hour));  // by a clock that nobody had set, so nobody knows
  EXPECT_EQ(recover(), 2U);
  let_go();
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(RecoverTest, AReportThatIsStillWrittenIsLeftAlone) {
  put("1.tmp", report_of(base::wall_clock()));
  EXPECT_EQ(recover(), 0U);
  EXPECT_THAT(reports(), SizeIs(1));
}

TEST_F(RecoverTest, AnythingButAFileIsNotFollowed) {
  fs::create_symlink("/etc/hostname", folder / "crashes" / "1.report");
  fs::create_directories(folder / "crashes" / "2.report");
  EXPECT_EQ(recover(), 0U);
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(RecoverTest, TheCrashOfARequestIsToldOf) {
  crash("lent");
  std::vector<bool> active;
  sink.taken = [&active](const crash::detail::CrashReport& report) {
    active.push_back(report.request_active);
  };
  EXPECT_EQ(recover(), 1U);
  EXPECT_THAT(active, ElementsAre(true));
}

TEST(CrashReport, EveryTruncationOfAReportIsReadOrRefusedAndNeverMore) {
  const fs::path folder = fs::temp_directory_path() / ("vitals-torn-" + std::to_string(getpid()));
  Child{{"null", folder.string()}}.wait();
  std::string bytes;
  for (const auto& entry : fs::directory_iterator{folder / "crashes"}) {
    std::ifstream file{entry.path(), std::ios::binary};
    bytes.assign(std::istreambuf_iterator<char>{file}, {});
  }
  fs::remove_all(folder);
  const Result<crash::detail::CrashReport> whole = crash::detail::parse_crash_report(bytes);
  ASSERT_TRUE(whole);
  ASSERT_TRUE(whole->complete);
  std::size_t crumbs_seen = 0;
  for (std::size_t size = 0; size < bytes.size(); size += size < 8192 ? 1 : 97) {
    const auto torn = crash::detail::parse_crash_report(std::string_view{bytes}.substr(0, size));
    if (!torn) continue;
    EXPECT_FALSE(torn->complete);
    EXPECT_EQ(torn->facts.signal, SIGSEGV);
    if (!torn->scope.breadcrumbs.empty()) ++crumbs_seen;
  }
  EXPECT_GT(crumbs_seen, 0U);
}

TEST(CrashReport, AlteredBytesNeverReachTheEvent) {
  crash::detail::CrashFacts facts;
  facts.signal = SIGBUS;
  facts.time = 1;
  const std::string_view body{reinterpret_cast<const char*>(&facts), sizeof facts};
  const crash::detail::PartHeader header{
      crash::detail::Part::kCrash, sizeof facts,
      crash::detail::part_check(crash::detail::Part::kCrash, body)};
  std::string bytes{crash::detail::kReportMagic};
  bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += body;
  ASSERT_TRUE(crash::detail::parse_crash_report(bytes));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string altered = bytes;
    altered[i] = static_cast<char>(altered[i] ^ 0x20);
    EXPECT_FALSE(crash::detail::parse_crash_report(altered)) << i;
  }
}

/// Parts that are whole, and say what no handler would.
std::string hostile(crash::detail::Part part, std::string_view body) {
  const auto add = [](std::string& bytes, crash::detail::Part which, std::string_view what) {
    const crash::detail::PartHeader header{which, static_cast<std::uint32_t>(what.size()),
                                           crash::detail::part_check(which, what)};
    bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
    bytes += what;
  };
  const crash::detail::CrashFacts facts;
  std::string bytes{crash::detail::kReportMagic};
  add(bytes, crash::detail::Part::kCrash, {reinterpret_cast<const char*>(&facts), sizeof facts});
  add(bytes, part, body);
  return bytes;
}

TEST(CrashReport, PartsThatLieAboutTheirSizesAreHarmless) {
  const Options plain;
  stack::Symbolizer symbolizer;
  for (const int fill : {0x00, 0x01, 0x7f, 0xff}) {
    for (std::uint32_t part = 0; part < 14; ++part) {
      for (const std::size_t size : {0U, 1U, 7U, 8U, 24U, 64U, 1000U}) {
        const std::string body(size, static_cast<char>(fill));
        const auto report = crash::detail::parse_crash_report(
            hostile(static_cast<crash::detail::Part>(part), body));
        if (!report) continue;
        const auto item = detail::make_crash_item(*report);
        static_cast<void>(detail::build_event(*item, plain, symbolizer));
      }
    }
  }
}

TEST(CrashReport, OfRecordsThatWereTornTheWholeOnesAreKept) {
  detail::InlineBytes<256> records;
  detail::append_text(records, detail::Section::kTag, "good", "tag", 4096);
  const std::string good{records.view()};
  const auto report = crash::detail::parse_crash_report(
      hostile(crash::detail::Part::kRecords, good + good.substr(0, good.size() - 1)));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->scope.records, good);
}

}  // namespace
}  // namespace vitals::sentry
