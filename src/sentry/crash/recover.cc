#include "sentry/crash/recover.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/private_folder.h"
#include "sentry/crash/handler.h"
#include "sentry/crash/signal_text.h"
#include "sentry/new_id.h"
#include "sentry/runtime.h"

namespace vitals::sentry::detail {
namespace {

namespace fs = std::filesystem;

/// A report that is still written, or claimed, by a process that lives is not touched for that
/// long; after it, its process has died over it.
constexpr std::int64_t kAbandonedSeconds = 60;
constexpr std::size_t kMaxCorrupt = 32;
constexpr std::uint32_t kMaxOwnBytes = 64 * 1024;

bool is_abandoned(const fs::path& path) {
  struct stat facts {};
  return lstat(path.c_str(), &facts) == 0 &&
         wall_clock() / 1'000'000'000 - facts.st_ctim.tv_sec > kAbandonedSeconds;
}

/// Reports that may be claimed, the newest first: their names begin with the time.
std::vector<fs::path> find_reports(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it{folder, error}; !error && it != fs::directory_iterator{};
       it.increment(error)) {
    const fs::path& path = it->path();
    const bool ready = path.extension() == ".report";
    const bool partial = path.extension() == ".tmp" || path.extension() == ".claimed";
    if (ready || (partial && is_abandoned(path))) found.push_back(path);
  }
  std::sort(found.begin(), found.end(), std::greater<>{});
  return found;
}

/// Gives the report a name that no other process knows; nothing where another was first.
std::optional<fs::path> claim(const fs::path& path) {
  const std::string name = path.filename().string();
  fs::path claimed = path.parent_path() / (name.substr(0, name.find('.')) + '.' +
                                           new_id<SpanId>().hex().str() + ".claimed");
  std::error_code error;
  fs::rename(path, claimed, error);
  if (error) return std::nullopt;
  return claimed;
}

std::optional<std::string> read_report(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return std::nullopt;
  std::optional<std::string> bytes;
  struct stat facts {};
  if (fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) &&
      static_cast<std::size_t>(facts.st_size) <= kMaxReport) {
    bytes.emplace(static_cast<std::size_t>(facts.st_size), '\0');
    std::size_t done = 0;
    while (done < bytes->size()) {
      const ssize_t got = read(file, bytes->data() + done, bytes->size() - done);
      if (got <= 0) break;
      done += static_cast<std::size_t>(got);
    }
    bytes->resize(done);
  }
  close(file);
  return bytes;
}

/// Out of the way, where a person may look at it, or away where there are many already.
void set_aside(const fs::path& path, const Options& options) {
  const fs::path folder = fs::path{options.cache_dir} / kCorruptFolder;
  std::error_code error;
  base::make_private_folder(folder);
  std::size_t count = 0;
  for (fs::directory_iterator it{folder, error}; !error && it != fs::directory_iterator{};
       it.increment(error))
    ++count;
  if (count < kMaxCorrupt) {
    fs::rename(path, folder / path.filename(), error);
    if (!error) return;
  }
  fs::remove(path, error);
}

std::string_view register_name(std::size_t index) noexcept {
#if defined(__x86_64__)
  constexpr std::array<std::string_view, 18> kNames{"rip", "rsp", "rbp", "rax", "rbx", "rcx",
                                                    "rdx", "rsi", "rdi", "r8",  "r9",  "r10",
                                                    "r11", "r12", "r13", "r14", "r15", "eflags"};
#elif defined(__aarch64__)
  constexpr std::array<std::string_view, 34> kNames{
      "pc",  "sp",  "fp",  "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",
      "x9",  "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20",
      "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30"};
#else
  constexpr std::array<std::string_view, 3> kNames{"pc", "sp", "fp"};
#endif
  return index < kNames.size() ? kNames[index] : std::string_view{};
}

void add_contexts(ErrorItem& item, const CrashReport& report) {
  const auto add = [&item](std::string_view context, std::string_view key, ValueView value) {
    append_record(item.own, Section::kContext, context, key, value, kMaxOwnBytes);
  };
  const CrashFacts& facts = report.facts;
  add("crash", "signal", signal_name(facts.signal));
  if (facts.kind == CrashKind::kSignal) {
    add("crash", "code", facts.code);
    add("crash", "code_name", signal_code_name(facts.signal, facts.code));
    if (facts.code > 0) add("crash", "fault_address", hex_text(facts.address));
    if (facts.code <= 0) add("crash", "sender_process_id", facts.sender);
  }
  add("crash", "thread_name", report.thread_name);
  add("crash", "thread_id", facts.thread);
  add("crash", "process_id", facts.process);
  add("crash", "uptime_s", static_cast<double>(facts.uptime) / 1e9);
  add("crash", "request_active", report.request_active);
  add("crash", "report_complete", report.complete);
  for (std::size_t i = 0; i < report.registers.size(); ++i) {
    if (const std::string_view name = register_name(i); !name.empty()) {
      add("registers", name, hex_text(report.registers[i]));
    }
  }
}

CapturedException describe_crash(const CrashReport& report) {
  const CrashFacts& facts = report.facts;
  if (facts.kind == CrashKind::kSignal) {
    return {signal_name(facts.signal),
            signal_text(facts.signal, facts.code, facts.address, facts.sender, facts.process)};
  }
  if (report.has_exception) return {report.exception_type, report.exception_text};
  return {"std::terminate", "called without an active exception"};
}

enum class Fate { kTaken, kNoRoom, kDropped };

void tell(const CrashSink& sink, std::string_view what, const fs::path& path) {
  if (sink.say) sink.say(std::string{what} + ": " + path.string());
}

Fate take_report(const fs::path& claimed, const fs::path& path, const Options& options,
                 const CrashSink& sink) {
  const std::optional<std::string> bytes = read_report(claimed);
  const Result<CrashReport> report =
      bytes ? parse_crash_report(*bytes) : Error{"it is no regular file of up to 1 MiB"};
  std::error_code error;
  if (!report) {
    tell(sink, "a crash report cannot be read, " + report.error().message, path);
    set_aside(claimed, options);
    return Fate::kDropped;
  }
  const auto oldest = wall_clock() - std::chrono::nanoseconds{options.spool_age}.count();
  if (report->facts.time < oldest) {
    tell(sink, "a crash report is too old and dropped", path);
    fs::remove(claimed, error);
    return Fate::kDropped;
  }
  std::unique_ptr<ErrorItem> item = make_crash_item(*report);
  item->crash_report = claimed.string();  // until then a crash of this process keeps it
  if (!sink.capture(std::move(item))) {
    tell(sink, "no room for a crash report, it waits for the next start", path);
    fs::rename(claimed, fs::path{path}.replace_extension(".report"), error);
    return Fate::kNoRoom;
  }
  if (sink.taken) sink.taken(*report);
  return Fate::kTaken;
}

}  // namespace

std::unique_ptr<ErrorItem> make_crash_item(CrashReport report) {
  auto item = std::make_unique<ErrorItem>();
  item->event_id = report.event_id ? report.event_id : new_event_id();
  item->timestamp = report.facts.time;
  item->level = Level::kFatal;
  item->handled = false;
  item->mechanism = report.facts.kind == CrashKind::kSignal ? "signalhandler" : "terminate";
  item->chain.push_back(describe_crash(report));
  item->chain.front().stack = std::move(report.stack);
  add_contexts(*item, report);
  item->scope = std::move(report.scope);
  item->trace_id = report.trace_id;
  item->span_id = report.span_id;
  item->parent_span_id = report.parent_span_id;
  item->transaction = std::move(report.transaction);
  item->modules = std::make_shared<const ModuleMap>(std::move(report.modules));
  item->origin = std::make_unique<const Origin>(Origin{
      std::move(report.release), std::move(report.environment), std::move(report.server_name)});
  return item;
}

std::size_t recover_crashes(const Options& options, const CrashSink& sink) noexcept {
  std::size_t taken = 0;
  try {
    std::vector<fs::path> found = find_reports(fs::path{options.cache_dir} / kCrashFolder);
    std::error_code error;
    while (found.size() > kMaxRecovered) {
      tell(sink, "too many crash reports, the oldest is dropped", found.back());
      fs::remove(found.back(), error);
      found.pop_back();
    }
    std::reverse(found.begin(), found.end());
    for (const fs::path& path : found) {
      const std::optional<fs::path> claimed = claim(path);
      if (!claimed) continue;
      const Fate fate = take_report(*claimed, path, options, sink);
      if (fate == Fate::kTaken) ++taken;
      if (fate == Fate::kNoRoom) break;
    }
  } catch (const std::exception&) {
    // No memory: what was not taken waits for the next start.
  }
  return taken;
}

}  // namespace vitals::sentry::detail
