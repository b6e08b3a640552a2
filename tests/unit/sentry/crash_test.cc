#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "sentry/crash/recover.h"
#include "sentry/crash/report.h"
#include "sentry/event_builder.h"
#include "sentry/runtime.h"
#include "sentry/stack/symbolizer.h"
#include "tests/unit/sentry/fixture.h"

namespace vitals::sentry {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

/// How a child ended, and what it said on stdout.
struct Ended {
  int status = 0;
  std::string said;

  [[nodiscard]] int signal() const { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
};

/// A run of crash_program. Ends it, should it still run.
class Child {
 public:
  explicit Child(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), VITALS_CRASH_PROGRAM);
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    process_ = fork();
    if (process_ == 0) {
      std::vector<char*> raw;
      for (std::string& argument : arguments)
        raw.push_back(argument.data());
      raw.push_back(nullptr);
      dup2(ends[1], STDOUT_FILENO);
      if (std::getenv("VITALS_CRASH_TEST_STDERR") == nullptr) {
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
      }
      execv(raw[0], raw.data());
      _exit(127);
    }
    close(ends[1]);
    output_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
    close(output_);
  }

  [[nodiscard]] pid_t process() const { return process_; }
  /// Somebody else has waited for its end.
  void reaped() { process_ = 0; }
  /// Waits until it has said a line.
  void wait_for_line() {
    char letter = 0;
    while (read(output_, &letter, 1) == 1 && letter != '\n') {
    }
  }
  Ended wait() {
    Ended ended;
    std::array<char, 4096> bytes{};
    for (ssize_t got = 0; (got = read(output_, bytes.data(), bytes.size())) > 0;)
      ended.said.append(bytes.data(), static_cast<std::size_t>(got));
    waitpid(process_, &ended.status, 0);
    process_ = 0;
    return ended;
  }

 private:
  pid_t process_ = 0;
  int output_ = -1;
};

class CrashTest : public ClientTest {
 protected:
  CrashTest() {
    std::string pattern = (fs::temp_directory_path() / "vitals-crash-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~CrashTest() override {
    guard.end();
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }

  Ended crash(const std::string& way, const std::string& more = {}) const {
    return Child{{way, folder.string(), more}}.wait();
  }

  [[nodiscard]] std::vector<fs::path> files(const char* below) const {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator it{folder / below, error}; it != fs::directory_iterator{}; ++it)
      found.push_back(it->path());
    return found;
  }
  [[nodiscard]] std::vector<fs::path> reports() const { return files("crashes"); }

  [[nodiscard]] static std::string bytes_of(const fs::path& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  /// The one report there is.
  [[nodiscard]] detail::CrashReport report() const {
    const std::vector<fs::path> found = reports();
    EXPECT_THAT(found, SizeIs(1));
    if (found.empty()) return {};
    Result<detail::CrashReport> parsed = detail::parse_crash_report(bytes_of(found.front()));
    EXPECT_TRUE(parsed) << parsed.error().message;
    return parsed ? std::move(*parsed) : detail::CrashReport{};
  }

  /// The innermost function of the program's own; empty: none is named.
  [[nodiscard]] static std::string function_in(const Json& event) {
    const Json& exception = event["exception"]["values"][0];
    if (!exception.contains("stacktrace")) return {};
    std::string name;
    for (const Json& frame : exception["stacktrace"]["frames"]) {
      if (frame.value("in_app", false)) name = frame.value("function", "");
    }
    return name;
  }

  /// The next start of a service: the client that finds the reports.
  void next_start() {
    Options next = options();
    next.cache_dir = folder.string();
    start(std::move(next));
  }
  [[nodiscard]] Json event_at_next_start() {
    next_start();
    return event();
  }

  fs::path folder;
};

TEST_F(CrashTest, ASegmentationFaultIsAnEventAtTheNextStart) {
  EXPECT_EQ(crash("null").signal(), SIGSEGV);
  EXPECT_TRUE(report().complete);
  const Json event = event_at_next_start();
  const Json& exception = event["exception"]["values"][0];
  EXPECT_EQ(exception["type"], "SIGSEGV");
  EXPECT_EQ(exception["value"], "Segmentation fault at 0x0 (address not mapped)");
  EXPECT_EQ(exception["mechanism"]["type"], "signalhandler");
  EXPECT_EQ(exception["mechanism"]["handled"], false);
  EXPECT_EQ(event["level"], "fatal");
  EXPECT_EQ(event["release"], "crasher@3.2.1");
  EXPECT_EQ(event["environment"], "crashing");
  EXPECT_EQ(event["server_name"], "crash-box");
  EXPECT_EQ(event["user"]["id"], "user-9");
  EXPECT_EQ(event["tags"]["colour"], "red");
  EXPECT_EQ(event["breadcrumbs"]["values"].size(), 100U);
  EXPECT_EQ(event["breadcrumbs"]["values"].back()["message"], "step 149");
  EXPECT_EQ(event["contexts"]["crash"]["signal"], "SIGSEGV");
  EXPECT_EQ(event["contexts"]["crash"]["fault_address"], "0x0");
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(CrashTest, NothingIsReportedWhereNothingCrashed) {
  EXPECT_EQ(crash("none").status, 0);
  EXPECT_THAT(reports(), IsEmpty());
  next_start();
  EXPECT_THAT(sent("event"), IsEmpty());
}

/// A way to crash, and what is to be seen of it.
struct Way {
  const char* name;
  int signal;
  const char* type;
  const char* text;  // in the exception's value
  const char* function;
};

class EveryCrash : public CrashTest, public ::testing::WithParamInterface<Way> {};

TEST_P(EveryCrash, DiesByItsSignalAndLeavesOneReportThatNamesTheFunction) {
  const Way& way = GetParam();
  EXPECT_EQ(crash(way.name).signal(), way.signal);
  EXPECT_TRUE(report().complete);
  const Json event = event_at_next_start();
  EXPECT_THAT(function_in(event), StartsWith(way.function)) << event["exception"].dump(1);
  const Json& exception = event["exception"]["values"][0];
  EXPECT_EQ(exception["type"], way.type);
  EXPECT_THAT(exception["value"].get<std::string>(), HasSubstr(way.text));
  EXPECT_EQ(event["user"]["id"], "user-9");
  EXPECT_FALSE(event["breadcrumbs"]["values"].empty());
  EXPECT_THAT(reports(), IsEmpty());
}

constexpr std::array kWays{
    Way{"null", SIGSEGV, "SIGSEGV", "address not mapped", "crash_by_null"},
    Way{"null_on_thread", SIGSEGV, "SIGSEGV", "address not mapped", "crash_by_null"},
    Way{"null_call", SIGSEGV, "SIGSEGV", "address not mapped", "crash_by_call_to_null"},
    Way{"abort", SIGABRT, "SIGABRT", "sent by the process itself", "crash_by_abort"},
    Way{"kill", SIGSEGV, "SIGSEGV", "sent by the process itself", "crash_by_kill"},
    Way{"division", SIGFPE, "SIGFPE", "integer division by zero", "crash_by_division"},
    Way{"instruction", SIGILL, "SIGILL", "illegal op", "crash_by_bad_instruction"},
    Way{"bus", SIGBUS, "SIGBUS", "no memory behind the address", "crash_by_bus_error"},
    Way{"recursion", SIGSEGV, "SIGSEGV", "at 0x", "crash_by_deep_recursion"},
    Way{"recursion_on_thread", SIGSEGV, "SIGSEGV", "at 0x", "crash_by_deep_recursion"},
#ifndef VITALS_SANITIZED
    // The sanitizers' own malloc finds these, and ends the process as it likes.
    Way{"double_free", SIGABRT, "SIGABRT", "sent by", "crash_by_double_free"},
    Way{"malloc", SIGABRT, "SIGABRT", "sent by", "crash_in_malloc"},
#endif
    Way{"two", SIGSEGV, "SIGSEGV", "address not mapped", "crash_by_null"},
    Way{"captured", SIGSEGV, "SIGSEGV", "address not mapped", "crash_by_null"},
    Way{"exception", SIGABRT, "std::out_of_range", "nobody was ready", "crash_by_exception"},
    Way{"exception_on_thread", SIGABRT, "std::out_of_range", "nobody was", "crash_by_exception"},
    Way{"noexcept", SIGABRT, "std::out_of_range", "nobody was ready", "crash_by_exception"},
    Way{"thrown_int", SIGABRT, "int", "", ""},
    Way{"terminate", SIGABRT, "std::terminate", "without an active exception",
        "crash_by_terminate"},
    Way{"unprintable", SIGSEGV, "(anonymous namespace)::Unprintable", "", ""},
};

INSTANTIATE_TEST_SUITE_P(Ways, EveryCrash, ::testing::ValuesIn(kWays),
                         [](const auto& way) { return std::string{way.param.name}; });

TEST_F(CrashTest, TheScopeIsThatOfTheThreadThatCrashed) {
  crash("null_on_thread");
  const Json event = event_at_next_start();
  EXPECT_EQ(event["tags"]["place"], "thread");
  EXPECT_EQ(event["tags"]["colour"], "red");
  EXPECT_EQ(event["contexts"]["crash"]["thread_name"], "worker-7");
  // A fork takes no breadcrumbs from the global scope.
  ASSERT_EQ(event["breadcrumbs"]["values"].size(), 1U);
  EXPECT_EQ(event["breadcrumbs"]["values"][0]["message"], "on the thread");
}

TEST_F(CrashTest, WhatTheScopeBorrowedIsReported) {
  crash("lent");
  EXPECT_TRUE(report().request_active);
  const Json event = event_at_next_start();
  EXPECT_EQ(event["tags"]["request_id"], "r-17");
  EXPECT_EQ(event["request"]["method"], "GET");
  EXPECT_EQ(event["request"]["url"], "https://box/users/17");
  EXPECT_EQ(event["request"]["headers"]["Accept"], "text/html");
}

TEST_F(CrashTest, TheTransactionUnderWayIsNamed) {
  crash("transaction");
  const Json event = event_at_next_start();
  EXPECT_EQ(event["transaction"], "GET /x");
  EXPECT_EQ(event["contexts"]["trace"]["trace_id"].get<std::string>().size(), 32U);
}

// ThreadSanitizer stands between the kernel and a handler, and a fault within one ends otherwise.
#ifndef __SANITIZE_THREAD__
TEST_F(CrashTest, AFaultWithinTheHandlerCostsOneStepAlone) {
  EXPECT_EQ(crash("broken_loan").signal(), SIGSEGV);
  EXPECT_TRUE(report().complete);
  const Json event = event_at_next_start();
  EXPECT_EQ(event["tags"]["place"], "loan");
  EXPECT_EQ(event["contexts"]["crash"]["fault_address"], "0x0");
  EXPECT_EQ(function_in(event), "crash_by_null");
}

#endif

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
/// A signal on its way to a traced thread, and where that thread was.
struct Delivery {
  siginfo_t info;
  user_regs_struct registers;
};

std::vector<Delivery> deliveries(Child& child) {
  std::vector<Delivery> seen;
  int status = 0;
  while (waitpid(child.process(), &status, 0) > 0 && WIFSTOPPED(status)) {
    Delivery delivery{};
    ptrace(PTRACE_GETSIGINFO, child.process(), nullptr, &delivery.info);
    ptrace(PTRACE_GETREGS, child.process(), nullptr, &delivery.registers);
    seen.push_back(delivery);
    ptrace(PTRACE_CONT, child.process(), nullptr, WSTOPSIG(status));
  }
  child.reaped();
  return seen;
}

TEST_F(CrashTest, TheSignalThatEndsTheProcessIsTheFaultAsItWas) {
  for (const auto& [way, count] : {std::pair{"null", 2U}, std::pair{"broken_loan", 3U}}) {
    Child child{{way, folder.string(), "traced"}};
    const std::vector<Delivery> seen = deliveries(child);
    ASSERT_THAT(seen, SizeIs(count)) << way;
    EXPECT_EQ(seen.back().info.si_signo, SIGSEGV);
    EXPECT_EQ(seen.back().info.si_code, SEGV_MAPERR);
    EXPECT_EQ(seen.back().info.si_addr, seen.front().info.si_addr);
    EXPECT_EQ(seen.back().registers.rip, seen.front().registers.rip);
    EXPECT_EQ(seen.back().registers.rsp, seen.front().registers.rsp);
    EXPECT_EQ(seen.back().registers.rax, seen.front().registers.rax);
  }
}
#endif

TEST_F(CrashTest, AFormerHandlerIsCalledOnce) {
  const Ended ended = crash("null", "former");
  EXPECT_EQ(ended.signal(), SIGSEGV);
  EXPECT_EQ(ended.said, "former handler, call 1\n");
  EXPECT_THAT(reports(), SizeIs(1));
}

TEST_F(CrashTest, AFormerTerminateHandlerIsCalledAndItsAbortIsNotOneMoreCrash) {
  const Ended ended = crash("exception", "former");
  EXPECT_EQ(ended.signal(), SIGABRT);
  EXPECT_EQ(ended.said, "former terminate handler\n");
  EXPECT_EQ(report().facts.kind, detail::CrashKind::kTerminate);
}

TEST_F(CrashTest, AfterTheClientsEndTheHandlersAreGone) {
  const Ended ended = crash("null", "ended");
  EXPECT_EQ(ended.signal(), SIGSEGV);
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(CrashTest, AfterTheClientsEndAFormerHandlerIsBack) {
  next_start();
  struct sigaction during {};
  sigaction(SIGSEGV, nullptr, &during);
  guard.end();
  struct sigaction after {};
  sigaction(SIGSEGV, nullptr, &after);
  EXPECT_NE(during.sa_sigaction, after.sa_sigaction);
}

TEST_F(CrashTest, AHandlerThatCameLaterIsLeftAlone) {
  next_start();
  struct sigaction own {};
  own.sa_handler = [](int) {};
  sigaction(SIGFPE, &own, nullptr);
  guard.end();
  struct sigaction after {};
  sigaction(SIGFPE, nullptr, &after);
  EXPECT_EQ(after.sa_handler, own.sa_handler);
  own.sa_handler = SIG_DFL;
  sigaction(SIGFPE, &own, nullptr);
}

TEST_F(CrashTest, AFullDiskDoesNotChangeTheSignal) {
  EXPECT_EQ(crash("no_room").signal(), SIGSEGV);
  EXPECT_EQ(crash("no_room_exception").signal(), SIGABRT);
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(CrashTest, AFolderThatCannotBeMadeDoesNotStopTheServiceNorChangeTheSignal) {
  std::ofstream{folder / "crashes"} << "in the way";
  EXPECT_EQ(crash("none").status, 0);
  EXPECT_EQ(crash("null").signal(), SIGSEGV);
}

TEST_F(CrashTest, AFolderThatIsGoneDoesNotChangeTheSignal) {
  Child child{{"wait", folder.string()}};
  child.wait_for_line();
  fs::remove_all(folder);
  kill(child.process(), SIGBUS);
  EXPECT_EQ(child.wait().signal(), SIGBUS);
}

TEST_F(CrashTest, ASignalFromOutsideSaysWhoSentIt) {
  Child child{{"wait", folder.string()}};
  child.wait_for_line();
  kill(child.process(), SIGSEGV);
  EXPECT_EQ(child.wait().signal(), SIGSEGV);
  const Json event = event_at_next_start();
  EXPECT_EQ(event["exception"]["values"][0]["value"],
            "Segmentation fault (sent by process " + std::to_string(getpid()) + ')');
  EXPECT_EQ(event["contexts"]["crash"]["code_name"], "SI_USER");
}

TEST_F(CrashTest, ASignalThatWasIgnoredStaysIgnored) {
  Child child{{"wait", folder.string(), "ignored"}};
  child.wait_for_line();
  kill(child.process(), SIGABRT);
  kill(child.process(), SIGTERM);
  EXPECT_EQ(child.wait().signal(), SIGTERM);
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(CrashTest, AHandlerThatHangsEndsByItsDeadline) {
  EXPECT_EQ(crash("hanging").signal(), SIGABRT);
  // What it had written is there for the start after the next minute.
  ASSERT_THAT(reports(), SizeIs(1));
  EXPECT_EQ(reports().front().extension(), ".tmp");
  const detail::CrashReport torn = report();
  EXPECT_FALSE(torn.complete);
  EXPECT_THAT(torn.exception_type, HasSubstr("Hanging"));
  EXPECT_FALSE(torn.scope.breadcrumbs.empty());
}

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
    detail::CrashFacts facts;
    facts.signal = SIGSEGV;
    facts.time = time;
    const std::string_view body{reinterpret_cast<const char*>(&facts), sizeof facts};
    const detail::PartHeader header{detail::Part::kCrash, sizeof facts,
                                    detail::part_check(detail::Part::kCrash, body)};
    std::string bytes{detail::kReportMagic};
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
  put("1.report", report_of(detail::wall_clock()));
  room = 0;
  EXPECT_EQ(recover(), 0U);
  EXPECT_THAT(reports(), ElementsAre(folder / "crashes" / "1.report"));
  room = 1;
  EXPECT_EQ(recover(), 1U);
  let_go();
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(RecoverTest, AReportStaysUntilItsEventIsOutOfMemory) {
  put("1.report", report_of(detail::wall_clock()));
  EXPECT_EQ(recover(), 1U);
  // A crash now would lose the event.
  ASSERT_THAT(reports(), ElementsAre(fs::path{items.front()->crash_report}));
  EXPECT_EQ(reports().front().extension(), ".claimed");
  EXPECT_EQ(recover(), 0U) << "it is in this process's hands";
  let_go();
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(RecoverTest, AReportInOneStartsHandsIsNotTakenByAnother) {
  put("1.report", report_of(detail::wall_clock()));
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
  put("3.report", std::string(detail::kMaxReport + 1, 'x'));
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
  const std::int64_t now = detail::wall_clock();
  for (int i = 0; i < 40; ++i)
    put(std::to_string(100 + i) + ".report", report_of(now + i));
  EXPECT_EQ(recover(), detail::kMaxRecovered);
  EXPECT_EQ(items.front()->timestamp, now + 8);
  EXPECT_EQ(items.back()->timestamp, now + 39);
}

TEST_F(RecoverTest, AReportOlderThanTheSpoolKeepsIsDropped) {
  const std::int64_t hour = 3'600'000'000'000;
  put("1.report", report_of(detail::wall_clock() - 71 * hour));
  put("2.report", report_of(detail::wall_clock() - 73 * hour));
  put("3.report", report_of(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(recover(), 1U);
  let_go();
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(RecoverTest, AReportThatIsStillWrittenIsLeftAlone) {
  put("1.tmp", report_of(detail::wall_clock()));
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
  sink.taken = [&active](const detail::CrashReport& report) {
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
  const Result<detail::CrashReport> whole = detail::parse_crash_report(bytes);
  ASSERT_TRUE(whole);
  ASSERT_TRUE(whole->complete);
  std::size_t crumbs_seen = 0;
  for (std::size_t size = 0; size < bytes.size(); size += size < 8192 ? 1 : 97) {
    const auto torn = detail::parse_crash_report(std::string_view{bytes}.substr(0, size));
    if (!torn) continue;
    EXPECT_FALSE(torn->complete);
    EXPECT_EQ(torn->facts.signal, SIGSEGV);
    if (!torn->scope.breadcrumbs.empty()) ++crumbs_seen;
  }
  EXPECT_GT(crumbs_seen, 0U);
}

TEST(CrashReport, AlteredBytesNeverReachTheEvent) {
  detail::CrashFacts facts;
  facts.signal = SIGBUS;
  facts.time = 1;
  const std::string_view body{reinterpret_cast<const char*>(&facts), sizeof facts};
  const detail::PartHeader header{detail::Part::kCrash, sizeof facts,
                                  detail::part_check(detail::Part::kCrash, body)};
  std::string bytes{detail::kReportMagic};
  bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += body;
  ASSERT_TRUE(detail::parse_crash_report(bytes));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string altered = bytes;
    altered[i] = static_cast<char>(altered[i] ^ 0x20);
    EXPECT_FALSE(detail::parse_crash_report(altered)) << i;
  }
}

/// Parts that are whole, and say what no handler would.
std::string hostile(detail::Part part, std::string_view body) {
  const auto add = [](std::string& bytes, detail::Part which, std::string_view what) {
    const detail::PartHeader header{which, static_cast<std::uint32_t>(what.size()),
                                    detail::part_check(which, what)};
    bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
    bytes += what;
  };
  const detail::CrashFacts facts;
  std::string bytes{detail::kReportMagic};
  add(bytes, detail::Part::kCrash, {reinterpret_cast<const char*>(&facts), sizeof facts});
  add(bytes, part, body);
  return bytes;
}

TEST(CrashReport, PartsThatLieAboutTheirSizesAreHarmless) {
  const Options plain;
  detail::Symbolizer symbolizer{plain};
  for (const int fill : {0x00, 0x01, 0x7f, 0xff}) {
    for (std::uint32_t part = 0; part < 14; ++part) {
      for (const std::size_t size : {0U, 1U, 7U, 8U, 24U, 64U, 1000U}) {
        const std::string body(size, static_cast<char>(fill));
        const auto report =
            detail::parse_crash_report(hostile(static_cast<detail::Part>(part), body));
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
  const auto report = detail::parse_crash_report(
      hostile(detail::Part::kRecords, good + good.substr(0, good.size() - 1)));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->scope.records, good);
}

}  // namespace
}  // namespace vitals::sentry
