#include "crash/writer.h"

#include <cxxabi.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <string>
#include <typeinfo>
#include <utility>

#include "crash/context_names.h"
#include "crash/crash_stack.h"
#include "crash/handler.h"
#include "crash/module_list.h"
#include "crash/report_file.h"
#include "crash/rescue.h"
#include "privacy/scrub.h"
#include "vitals/stack/throw.h"

namespace vitals::crash::detail {
namespace {

constexpr std::size_t kMaxExceptionText = 8192;
constexpr std::size_t kMaxProcessText = 1024;

/// What was found of stacks, by one way and another.
struct StacksOfCrash {
  CrashStack throw_site;
  CrashStack cause;
  CrashStack first;
  CrashStack second;
  bool written = false;
};

/// All of it static: a handler's stack is small.
struct Writer {
  // Prepared.
  ReportFolders folders;
  PreparedReport prepared;
  std::array<char, PATH_MAX> cache_path{};  // of Options::cache_dir, should the folders be gone
  EventId event_id;
  std::uint8_t crashes = 0;
  std::int64_t started = 0;
  std::array<char, 4 * (kMaxProcessText + sizeof(std::uint32_t))> process{};
  std::size_t process_size = 0;

  // Of the crash.
  Crash crash;
  std::atomic<int> next_step{0};
  ReportName temporary_name{};
  ReportName name{};
  CrashFacts facts;
  MachineState machine;
  StacksOfCrash stacks;
  std::array<ScopeState*, 2> locked{};
  ReportFile file;
};
constinit Writer writer{};
/// Zeros, so that it takes no room in the executable.
constinit PartBuffer buffer{};

std::int64_t read_clock(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Appends to a name that ends with a zero.
class NameWriter {
 public:
  explicit NameWriter(ReportName& out) noexcept : out_(out) {}
  void text(std::string_view text) noexcept {
    for (const char letter : text)
      put(letter);
  }
  void hex(std::uint64_t number, int digits) noexcept {
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
      put("0123456789abcdef"[(number >> shift) & 0xf]);
  }

 private:
  void put(char letter) noexcept {
    if (size_ + 1 < out_.size()) out_[size_++] = letter;
  }
  ReportName& out_;
  std::size_t size_ = 0;
};

void gather_facts() noexcept {
  CrashFacts& facts = writer.facts;
  facts = {};
  facts.kind = writer.crash.kind;
  facts.signal = writer.crash.signal;
  facts.process = static_cast<std::int32_t>(getpid());
  facts.thread = static_cast<std::int32_t>(syscall(SYS_gettid));
  facts.time = read_clock(CLOCK_REALTIME);
  facts.uptime = read_clock(CLOCK_MONOTONIC) - writer.started;
  if (const siginfo_t* const info = writer.crash.info; info != nullptr) {
    facts.code = info->si_code;
    if (info->si_code > 0) {
      facts.address = reinterpret_cast<std::uintptr_t>(info->si_addr);
    } else {
      facts.sender = static_cast<std::int32_t>(info->si_pid);
    }
  }
  if (writer.crash.context != nullptr) writer.machine = machine_state(*writer.crash.context);
  // A forked child has the same id prepared, and so has a crash after one that was survived.
  facts.event_id = writer.event_id.bytes;
  facts.event_id[0] ^= writer.crashes++;
  for (std::size_t i = 0; i < sizeof facts.process; ++i)
    facts.event_id[12 + i] ^= static_cast<std::uint8_t>(facts.process >> (8 * i));
  prctl(PR_GET_NAME, facts.thread_name.data());
  facts.thread_name.back() = '\0';
}

/// The folder for reports, or one made anew in its place where it was removed while the process
/// ran.
int folder_that_is_there() noexcept {
  struct stat facts {};
  if (fstat(writer.folders.crashes, &facts) != 0 || facts.st_nlink > 0) {
    return writer.folders.crashes;
  }
  constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
  mkdir(writer.cache_path.data(), S_IRWXU);
  const int parent = ::open(writer.cache_path.data(), kOpenFolder);
  if (parent < 0) return writer.folders.crashes;
  mkdirat(parent, kCrashFolder, S_IRWXU);
  const int folder = openat(parent, kCrashFolder, kOpenFolder);
  if (fstat(folder, &facts) != 0 || facts.st_uid != geteuid()) return writer.folders.crashes;
  // The prepared file is gone with its folder.
  writer.prepared.forget();
  return folder;
}

void open_file() noexcept {
  gather_facts();
  const auto write_name = [](ReportName& out, std::string_view end) {
    out.fill('\0');
    NameWriter name{out};
    name.hex(static_cast<std::uint64_t>(writer.facts.time), 16);
    name.text("-");
    for (std::size_t i = 8; i < 16; ++i)
      name.hex(writer.facts.event_id[i], 2);
    name.text(end);
  };
  write_name(writer.temporary_name, ".tmp");
  write_name(writer.name, ".report");
  writer.file.open(folder_that_is_there(), writer.temporary_name.data(), writer.prepared);
}

void write_facts() noexcept {
  const auto* const bytes = reinterpret_cast<const char*>(&writer.facts);
  writer.file.write_part(Part::kCrash, {bytes, sizeof writer.facts});
}

void write_process() noexcept {
  writer.file.write_part(Part::kProcess, {writer.process.data(), writer.process_size});
}

void write_registers() noexcept {
  if (writer.machine.count == 0) return;
  const auto* const bytes = reinterpret_cast<const char*>(writer.machine.registers.data());
  writer.file.write_part(Part::kRegisters, {bytes, writer.machine.count * sizeof(std::uint64_t)});
}

void write_sampling(const SamplingFacts& facts, std::string_view dsc) noexcept {
  buffer.clear();
  buffer.append_object(facts);
  buffer.append(dsc);
  writer.file.write_part(Part::kSampling, buffer.view());
}

Decision decision_of(const context::TraceFacts& facts) noexcept {
  if (!facts.sampled) return Decision::kNone;
  return *facts.sampled ? Decision::kYes : Decision::kNo;
}

void write_trace() noexcept {
  std::uint32_t index = 0;
  const Trace* const trace = Trace::active(index);
  buffer.clear();
  if (trace == nullptr) {
    const ScopeState::Propagation& propagation = ScopeState::current()->raw().propagation;
    // Nobody has asked for it, so nothing else bears it: the event gets one when it is made.
    if (!propagation.trace_id) return;
    buffer.append_object(TraceIds{propagation.trace_id.bytes, propagation.span_id.bytes, {}});
    writer.file.write_part(Part::kTrace, buffer.view());
    write_sampling({.sample_rand = propagation.sample_rand}, {});
    return;
  }
  const Trace::Raw raw = trace->raw(index);
  buffer.append_object(TraceIds{raw.trace_id.bytes, raw.span_id.bytes, raw.parent_span_id.bytes});
  buffer.append(raw.name);
  writer.file.write_part(Part::kTrace, buffer.view());
  const context::TraceFacts& facts = raw.facts;
  write_sampling({.sample_rate = facts.sample_rate,
                  .sample_rand = facts.sample_rand,
                  .sampled = static_cast<std::uint8_t>(decision_of(facts)),
                  .names_it = static_cast<std::uint8_t>(!facts.name.empty())},
                 raw.baggage);
}

/// The current one's and the global one's, which may be the same.
void lock_scopes() noexcept {
  const std::array scopes{ScopeState::current(), ScopeState::global()};
  const std::size_t count = scopes[0] == scopes[1] ? 1 : 2;
  for (std::size_t i = 0; i < count; ++i) {
    // Its holder may be the very thread that crashed: then without the lock, and the reader checks.
    if (scopes[i]->try_lock()) writer.locked[i] = scopes[i];
  }
}

void unlock_scopes() noexcept {
  for (ScopeState*& scope : writer.locked) {
    if (scope != nullptr) std::exchange(scope, nullptr)->unlock();
  }
}

void write_records() noexcept {
  buffer.clear();
  buffer.append(ScopeState::current()->raw().records);
  writer.file.write_part(Part::kRecords, buffer.view());
  if (ScopeState::current() == ScopeState::global()) return;
  buffer.clear();
  buffer.append(ScopeState::global()->raw().records);
  writer.file.write_part(Part::kRecords, buffer.view());
}

void write_breadcrumbs() noexcept {
  buffer.clear();
  buffer.append(ScopeState::current()->raw().breadcrumbs);
  writer.file.write_part(Part::kBreadcrumbs, buffer.view());
}

void add_borrowed(Section section, std::string_view key, std::string_view value) noexcept {
  const std::string_view name = cut(key, kMaxKeySize);
  const std::string_view text = cut(value, kMaxValueSize);
  const RecordHeader header{section, ValueView::Type::kString,
                            static_cast<std::uint16_t>(name.size()),
                            static_cast<std::uint32_t>(text.size())};
  if (buffer.room() < sizeof header + name.size() + text.size()) return;
  buffer.append_object(header);
  buffer.append(name);
  buffer.append(text);
}

/// What says who somebody is, or proves it, is not written where it must not leave.
void add_borrowed_header(std::string_view name, std::string_view value) noexcept {
  if (name.empty()) return;
  const bool kept = context::detail::runtime.keep_private_data.load(std::memory_order_relaxed) ||
                    !privacy::is_private_header(name);
  add_borrowed(Section::kHeader, name, kept ? value : privacy::kFiltered);
}

void write_borrowed() noexcept {
  const Borrowed* const borrowed = ScopeState::current()->raw().borrowed;
  if (borrowed == nullptr) return;
  buffer.clear();
  for (const TagView& tag : borrowed->tags) {
    if (!tag.key.empty()) add_borrowed(Section::kTag, tag.key, tag.value);
  }
  const RequestData& request = borrowed->request;
  if (!request.method.empty()) add_borrowed(Section::kRequest, "method", request.method);
  if (!request.url.empty()) add_borrowed(Section::kRequest, "url", request.url);
  if (!request.query.empty()) add_borrowed(Section::kRequest, "query", request.query);
  for (const TagView& header : request.headers)
    add_borrowed_header(header.key, header.value);
  writer.file.write_part(Part::kBorrowed, buffer.view());
}

/// By themselves, since the framework's own request is read, which may be what is broken.
void write_borrowed_headers() noexcept {
  const Borrowed* const borrowed = ScopeState::current()->raw().borrowed;
  if (borrowed == nullptr || borrowed->request.header_source.read == nullptr) return;
  buffer.clear();
  const HeaderSource& source = borrowed->request.header_source;
  std::size_t count = 0;
  source.read(source.request, &count,
              [](void* sink, std::string_view name, std::string_view value) {
                constexpr std::size_t kMaxHeaders = 64;
                if (++*static_cast<std::size_t*>(sink) <= kMaxHeaders) {
                  add_borrowed_header(name, value);
                }
              });
  writer.file.write_part(Part::kBorrowed, buffer.view());
}

void write_modules() noexcept {
  writer.file.write_part(Part::kModules, module_list());
}

void write_exception(const char* type, std::string_view text) noexcept {
  buffer.clear();
  buffer.append_text(cut(type == nullptr ? std::string_view{} : type, kMaxExceptionText));
  buffer.append_text(cut(text, kMaxExceptionText));
  writer.file.write_part(Part::kException, buffer.view());
}

/// Looks at what was thrown. May run the exception's own code, which may be what is broken.
void look_at_exception() noexcept {
  if (writer.crash.kind != CrashKind::kTerminate) return;
  const std::type_info* const type = abi::__cxa_current_exception_type();
  if (type == nullptr) return;
  write_exception(type->name(), {});  // stands, should what() not come back
  const std::exception_ptr thrown = std::current_exception();
  const void* object = nullptr;
  static_assert(sizeof thrown == sizeof object);
  std::memcpy(&object, &thrown, sizeof object);
  if (object != nullptr) {
    writer.stacks.throw_site.count =
        stack::throw_stack(object, *type, writer.stacks.throw_site.addresses);
  }
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    const char* const text = exception.what();
    write_exception(type->name(), text == nullptr ? "" : text);
  } catch (const std::string& text) {
    write_exception(type->name(), text);
  } catch (const char* text) {
    write_exception(type->name(), text == nullptr ? "" : text);
  } catch (...) {
    write_exception(type->name(), {});
  }
}

void write_cause(const void* object, std::string_view text) noexcept {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  buffer.clear();
  buffer.append_text(cut(type == nullptr ? "unknown" : type->name(), kMaxExceptionText));
  buffer.append_text(cut(text, kMaxExceptionText));
  CrashStack& stack = writer.stacks.cause;
  stack.count = type == nullptr ? 0 : stack::throw_stack(object, *type, stack.addresses);
  for (std::size_t i = 0; i < stack.count; ++i)
    buffer.append_object(stack.addresses[i]);
  writer.file.write_part(Part::kCause, buffer.view());
}

/// Walks down what was nested, each by throwing it once more.
void follow_causes(const std::exception_ptr& thrown, std::size_t depth) noexcept {
  constexpr std::size_t kMostCauses = 32;
  const void* object = nullptr;
  std::memcpy(&object, &thrown, sizeof object);
  const auto look = [&](const char* text, const std::nested_exception* nested) {
    if (depth > 0) write_cause(object, text == nullptr ? std::string_view{} : text);
    if (nested != nullptr && nested->nested_ptr() && depth + 1 < kMostCauses) {
      follow_causes(nested->nested_ptr(), depth + 1);
    }
  };
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    look(depth > 0 ? exception.what() : "", dynamic_cast<const std::nested_exception*>(&exception));
  } catch (const std::nested_exception& nested) {
    look("", &nested);
  } catch (const std::string& text) {
    look(text.c_str(), nullptr);
  } catch (const char* text) {
    look(text, nullptr);
  } catch (...) {
    look("", nullptr);
  }
}

void look_at_causes() noexcept {
  if (writer.crash.kind != CrashKind::kTerminate) return;
  if (const std::exception_ptr thrown = std::current_exception()) follow_causes(thrown, 0);
}

void write_stack(const CrashStack& stack) noexcept {
  const auto* const bytes = reinterpret_cast<const char*>(stack.addresses.data());
  writer.file.write_part(Part::kStack, {bytes, stack.count * sizeof(std::uint64_t)});
  writer.stacks.written = true;
}

/// Fewer frames than this is what an unwinder gives that lost its way.
constexpr std::size_t kFramesWorthTelling = 2;

void walk_tables() noexcept {
  if (writer.stacks.throw_site.count > 0) return write_stack(writer.stacks.throw_site);
  walk_by_tables(writer.stacks.first, writer.machine);
  if (writer.stacks.first.count >= kFramesWorthTelling) write_stack(writer.stacks.first);
}

void walk_another_way() noexcept {
  if (writer.stacks.written) return;
  if (writer.crash.kind == CrashKind::kTerminate) {
    walk_by_tables(writer.stacks.second, {});
  } else {
    walk_by_frame_pointers(writer.stacks.second, writer.machine);
  }
}

void write_what_was_found() noexcept {
  if (writer.stacks.written) return;
  const bool second = writer.stacks.second.count > writer.stacks.first.count;
  write_stack(second ? writer.stacks.second : writer.stacks.first);
}

void write_maps() noexcept {
  const int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (maps < 0) return;
  buffer.clear();
  while (buffer.room() > 0) {
    const ssize_t got = read(maps, buffer.end(), buffer.room());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    buffer.grow(static_cast<std::size_t>(got));
  }
  close(maps);
  writer.file.write_part(Part::kMaps, buffer.view());
}

void write_bytes(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const std::string_view some = bytes.substr(0, PartBuffer::kRoom);
    writer.file.write_part(Part::kBytes, some, kMaxReportWithFiles);
    bytes.remove_prefix(some.size());
  }
}

/// Copies a file as it is now: the next start may write over it.
void write_file(int file) noexcept {
  for (std::size_t left = kMaxAttachmentBytes; left > 0;) {
    buffer.clear();
    const ssize_t got = read(file, buffer.end(), std::min(left, buffer.room()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    buffer.grow(static_cast<std::size_t>(got));
    left -= static_cast<std::size_t>(got);
    writer.file.write_part(Part::kBytes, buffer.view(), kMaxReportWithFiles);
  }
}

void write_attachments_of(const ScopeState& scope) noexcept {
  const AttachmentList* const list = scope.raw().attachments;
  if (list == nullptr) return;
  for (const HeldAttachment& held : *list) {
    int file = -1;
    struct stat facts {};
    if (!held.bytes) {
      file = open(held.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
      if (file < 0) continue;
      if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        close(file);
        continue;
      }
    }
    buffer.clear();
    buffer.append_text(held.filename);
    buffer.append_text(held.content_type);
    writer.file.write_part(Part::kAttachment, buffer.view(), kMaxReportWithFiles);
    if (held.bytes) {
      write_bytes(*held.bytes);
    } else {
      write_file(file);
      close(file);
    }
  }
}

void write_attachments() noexcept {
  const ScopeState* const active = ScopeState::current();
  const ScopeState* const global = ScopeState::global();
  // As joined() has them.
  write_attachments_of(*global);
  if (active != global) write_attachments_of(*active);
}

/// What waits to be sent, and what is under way on this thread.
void bring_to_safety() noexcept {
  std::uint32_t index = 0;
  rescue_what_waits(Trace::active(index));
}

void finish() noexcept {
  writer.file.write_part(Part::kEnd, {}, kMaxReportWithFiles);
  writer.file.finish(writer.name.data());
}

/// In the order of their worth, and of the trust in them.
constexpr std::array kSteps{open_file,
                            write_facts,
                            write_process,
                            write_registers,
                            lock_scopes,
                            write_trace,
                            write_records,
                            write_borrowed,
                            write_borrowed_headers,
                            write_breadcrumbs,
                            unlock_scopes,
                            write_modules,
                            look_at_exception,
                            look_at_causes,
                            walk_tables,
                            walk_another_way,
                            write_what_was_found,
                            write_maps,
                            lock_scopes,
                            write_attachments,
                            unlock_scopes,
                            finish,
                            bring_to_safety};

}  // namespace

void prepare_crash_report(const CrashOptions& options, ReportFolders folders) {
  writer.folders = folders;
  writer.cache_path.fill('\0');
  if (options.cache_dir.size() < writer.cache_path.size()) {
    options.cache_dir.copy(writer.cache_path.data(), options.cache_dir.size());
  }
  writer.prepared.forget();
  writer.prepared.prepare(folders.prepared);
  writer.event_id = new_event_id();
  writer.started = read_clock(CLOCK_MONOTONIC);
  writer.process_size = 0;
  for (const std::string_view text :
       {std::string_view{options.release}, std::string_view{options.environment},
        std::string_view{options.server_name}, std::string_view{options.dist}}) {
    const std::string_view short_text = cut(text, kMaxProcessText);
    const auto size = static_cast<std::uint32_t>(short_text.size());
    std::memcpy(writer.process.data() + writer.process_size, &size, sizeof size);
    writer.process_size += sizeof size;
    std::memcpy(writer.process.data() + writer.process_size, short_text.data(), size);
    writer.process_size += size;
  }
}

void renew_prepared_report() noexcept {
  writer.prepared.prepare(writer.folders.prepared);
}

void remove_prepared_report() noexcept {
  writer.prepared.remove();
}

void forget_prepared_report() noexcept {
  writer.prepared.forget();
  writer.folders.prepared = -1;
}

void discard_crash_report() noexcept {
  writer.file.discard(writer.name.data());
}

void write_crash_report(const Crash& crash) noexcept {
  writer.crash = crash;
  writer.stacks.written = false;
  writer.stacks.throw_site.count = 0;
  writer.stacks.first.count = 0;
  writer.stacks.second.count = 0;
  writer.machine = {};
  writer.machine.pc = crash.terminate_caller;
  writer.next_step.store(0, std::memory_order_relaxed);
  resume_crash_report();
}

void resume_crash_report() noexcept {
  while (true) {
    const auto step = static_cast<std::size_t>(writer.next_step.load(std::memory_order_relaxed));
    if (step >= kSteps.size()) return;
    // Before it is run: after a fault in it the handler goes on behind it.
    writer.next_step.store(static_cast<int>(step) + 1, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // pairs with the load in the handler
    kSteps[step]();
  }
}

}  // namespace vitals::crash::detail
