#include "sentry/crash/recover.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/private_folder.h"
#include "base/timeout.h"
#include "context/sampling.h"
#include "crash/handler.h"
#include "crash/signal_text.h"
#include "sentry/context_names.h"
#include "sentry/dsc.h"
#include "sentry/runtime.h"

namespace vitals::sentry::detail {
namespace {

using base::Descriptor;
using base::is_own_file;
using base::open_cache_folder;
using base::open_private_folder;
using crash::detail::CrashFacts;
using crash::detail::CrashKind;
using crash::detail::CrashReport;
using crash::detail::hex_text;
using crash::detail::kCorruptFolder;
using crash::detail::kCrashFolder;
using crash::detail::kMaxReportWithFiles;
using crash::detail::kPreparedFolder;
using crash::detail::parse_crash_report;
using crash::detail::SamplingFacts;
using crash::detail::signal_code_name;
using crash::detail::signal_name;
using crash::detail::signal_text;

/// A report that is still written, or claimed, by a process that lives is not touched for that
/// long; after it, its process has died over it.
constexpr std::int64_t kAbandonedSeconds = 60;
constexpr std::size_t kMaxCorrupt = 32;
constexpr std::uint32_t kMaxOwnBytes = 64 * 1024;

/// A file in one of the folders, which are open.
struct Found {
  int folder = -1;
  std::string name;
};

bool is_abandoned(int folder, const std::string& name) {
  struct stat facts {};
  return fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
         base::wall_clock() / 1'000'000'000 - facts.st_ctim.tv_sec > kAbandonedSeconds;
}

/// Whether a prepared file holds the report of a process that is gone. An empty one is removed.
bool was_left_behind(int folder, const std::string& name) {
  const Descriptor file{
      openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!file || flock(file.get(), LOCK_EX | LOCK_NB) != 0) return false;  // its process lives
  struct stat facts {};
  if (fstat(file.get(), &facts) != 0) return false;
  if (facts.st_size > 0) return true;
  unlinkat(folder, name.c_str(), 0);
  return false;
}

std::vector<std::string> names_in(int folder) {
  std::vector<std::string> names;
  Descriptor again{openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  DIR* const open = again ? fdopendir(again.get()) : nullptr;
  if (open == nullptr) return names;
  static_cast<void>(again.release());  // closedir() closes it
  while (const dirent* const entry = readdir(open)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  closedir(open);
  return names;
}

/// Reports that may be claimed, the newest first: their names begin with the time.
std::vector<Found> find_reports(int crashes, int prepared) {
  std::vector<Found> found;
  for (std::string& name : names_in(crashes)) {
    const bool ready = name.ends_with(".report");
    const bool partial = name.ends_with(".tmp") || name.ends_with(".claimed");
    if (ready || (partial && is_abandoned(crashes, name))) {
      found.push_back({crashes, std::move(name)});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const Found& one, const Found& other) { return one.name > other.name; });
  if (prepared < 0) return found;
  // Their names tell no time; they are from just before this start.
  for (std::string& name : names_in(prepared)) {
    if (name.ends_with(".open") && was_left_behind(prepared, name)) {
      found.insert(found.begin(), {prepared, std::move(name)});
    }
  }
  return found;
}

/// Gives the report a name among the crashes that no other process knows; nothing where another was
/// first.
std::optional<std::string> claim(const Found& found, int crashes) {
  std::string claimed =
      found.name.substr(0, found.name.find('.')) + '.' + new_id<SpanId>().hex().str() + ".claimed";
  if (renameat(found.folder, found.name.c_str(), crashes, claimed.c_str()) != 0) {
    return std::nullopt;
  }
  return claimed;
}

std::optional<std::string> read_report(int folder, const std::string& name) {
  const Descriptor file{
      openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  struct stat facts {};
  if (!file || !is_own_file(file.get()) || fstat(file.get(), &facts) != 0 ||
      static_cast<std::size_t>(facts.st_size) > kMaxReportWithFiles) {
    return std::nullopt;
  }
  std::string bytes(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = read(file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

void remove(int folder, const std::string& name) {
  if (unlinkat(folder, name.c_str(), 0) != 0) unlinkat(folder, name.c_str(), AT_REMOVEDIR);
}

/// Out of the way, where a person may look at it, or away where there are many already.
void set_aside(int folder, const std::string& name, const Options& options) {
  const Result<Descriptor> corrupt = open_private_folder(options.cache_dir, kCorruptFolder);
  if (corrupt && names_in(corrupt->get()).size() < kMaxCorrupt &&
      renameat(folder, name.c_str(), corrupt->get(), name.c_str()) == 0) {
    return;
  }
  remove(folder, name);
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

stack::ThrownException describe_crash(const CrashReport& report) {
  const CrashFacts& facts = report.facts;
  if (facts.kind == CrashKind::kSignal) {
    return {signal_name(facts.signal),
            signal_text(facts.signal, facts.code, facts.address, facts.sender, facts.process)};
  }
  if (report.has_exception) return {report.exception_type, report.exception_text};
  return {"std::terminate", "called without an active exception"};
}

void add_attachments(ErrorItem& item, CrashReport& report) {
  for (HeldAttachment& held : report.attachments) {
    if (item.attachments.room.take(held.bytes->size())) {
      item.attachments.own.push_back(std::move(held));
    } else {
      count_attachment(Cause::kQueueOverflow, held.bytes->size());
    }
  }
}

/// Sees to it that there is a trace, and what its context says.
void add_trace(CrashReport& report, const DscSource& client) {
  if (!report.trace.trace_id) {
    report.trace.trace_id = new_id<TraceId>();
    report.trace.span_id = new_id<SpanId>();
    report.trace.sampling.sample_rand = context::detail::sample_rand_of(report.trace.trace_id);
  }
  report.trace.baggage = sentry_members(report.trace.baggage);  // fit to be sent on
  if (!report.trace.baggage.empty()) return;
  const SamplingFacts& held = report.trace.sampling;
  context::TraceFacts facts{
      .trace_id = report.trace.trace_id,
      .sample_rand = held.sample_rand % 1'000'000,
      .sample_rate = context::detail::is_rate(held.sample_rate) ? held.sample_rate : -1,
      .name = held.names_it != 0 ? std::string_view{report.trace.transaction} : ""};
  if (held.sampled == static_cast<std::uint8_t>(Decision::kYes)) facts.sampled = true;
  if (held.sampled == static_cast<std::uint8_t>(Decision::kNo)) facts.sampled = false;
  report.trace.baggage = make_dsc(facts, {client.public_key, report.process.release,
                                          report.process.environment, client.org_id});
}

enum class Fate { kTaken, kNoRoom, kDropped };

void tell(const CrashSink& sink, std::string_view what, const std::string& name) {
  if (sink.say) sink.say(std::string{what} + ": " + name);
}

Fate take_report(const Found& found, const std::string& claimed, int crashes,
                 const Options& options, const CrashSink& sink) {
  const std::optional<std::string> bytes = read_report(crashes, claimed);
  Result<CrashReport> report =
      bytes ? parse_crash_report(*bytes) : Error{"it is no regular file of this user's"};
  if (!report) {
    tell(sink, "a crash report cannot be read, " + report.error().message, found.name);
    count(Category::kError, Cause::kInternalError);
    set_aside(crashes, claimed, options);
    return Fate::kDropped;
  }
  const auto age = base::clamp_timeout(options.spool_age);
  const auto oldest = base::wall_clock() - std::chrono::nanoseconds{age}.count();
  const bool known = report->facts.time < 0 || report->facts.time >= base::kClockWasSet;
  if (known && report->facts.time < oldest) {
    tell(sink, "a crash report is too old and dropped", found.name);
    count(Category::kError, Cause::kCacheOverflow);
    remove(crashes, claimed);
    return Fate::kDropped;
  }
  std::unique_ptr<ErrorItem> item = make_crash_item(*report, sink.client);
  // Until its event is sent or on disk, so that a crash of this process loses nothing.
  item->crash_report = options.cache_dir + '/' + kCrashFolder + '/' + claimed;
  if (!sink.capture(std::move(item))) {
    tell(sink, "no room for a crash report, it waits for the next start", found.name);
    const std::string back = claimed.substr(0, claimed.find('.')) + ".report";
    renameat(crashes, claimed.c_str(), crashes, back.c_str());
    return Fate::kNoRoom;
  }
  if (sink.taken) sink.taken(*report);
  return Fate::kTaken;
}

}  // namespace

std::unique_ptr<ErrorItem> make_crash_item(CrashReport report, const DscSource& client) {
  add_trace(report, client);
  auto item = std::make_unique<ErrorItem>();
  item->event_id = report.event_id ? report.event_id : new_event_id();
  item->timestamp = report.facts.time;
  item->level = Level::kFatal;
  item->handled = false;
  item->mechanism = report.facts.kind == CrashKind::kSignal ? "signalhandler" : "terminate";
  item->chain.push_back(describe_crash(report));
  item->chain.front().stack = std::move(report.stack);
  for (stack::ThrownException& cause : report.causes)
    item->chain.push_back(std::move(cause));
  add_attachments(*item, report);
  add_contexts(*item, report);
  item->scope = std::move(report.scope);
  item->dsc = std::move(report.trace.baggage);
  item->trace_id = report.trace.trace_id;
  item->span_id = report.trace.span_id;
  item->parent_span_id = report.trace.parent_span_id;
  item->transaction = std::move(report.trace.transaction);
  item->modules = std::make_shared<const stack::ModuleMap>(std::move(report.modules));
  const bool by_signal = report.facts.kind == CrashKind::kSignal;
  item->origin = std::make_unique<const Origin>(Origin{
      .release = std::move(report.process.release),
      .environment = std::move(report.process.environment),
      .server_name = std::move(report.process.server_name),
      .dist = std::move(report.process.dist),
      .signal = {report.facts.signal, report.facts.code, signal_name(report.facts.signal),
                 std::string{by_signal ? signal_code_name(report.facts.signal, report.facts.code)
                                       : std::string_view{}}},
      .synthetic = !report.has_exception,
      .thread = {report.facts.thread, std::move(report.thread_name), true, true,
                 report.facts.thread == report.facts.process}});
  return item;
}

std::size_t recover_crashes(const Options& options, const CrashSink& sink) noexcept {
  std::size_t taken = 0;
  try {
    const Result<Descriptor> cache = open_cache_folder(options.cache_dir);
    if (!cache) return 0;
    const Result<Descriptor> crashes = open_private_folder(cache->get(), kCrashFolder);
    if (!crashes) return 0;
    const Result<Descriptor> prepared = open_private_folder(cache->get(), kPreparedFolder);
    std::vector<Found> found = find_reports(crashes->get(), prepared ? prepared->get() : -1);
    while (found.size() > kMaxRecovered) {
      tell(sink, "too many crash reports, the oldest is dropped", found.back().name);
      count(Category::kError, Cause::kCacheOverflow);
      remove(found.back().folder, found.back().name);
      found.pop_back();
    }
    std::reverse(found.begin(), found.end());
    for (const Found& one : found) {
      const std::optional<std::string> claimed = claim(one, crashes->get());
      if (!claimed) continue;
      const Fate fate = take_report(one, *claimed, crashes->get(), options, sink);
      if (fate == Fate::kTaken) ++taken;
      if (fate == Fate::kNoRoom) break;
    }
  } catch (const std::exception&) {
    // No memory: what was not taken waits for the next start.
  }
  return taken;
}

}  // namespace vitals::sentry::detail
