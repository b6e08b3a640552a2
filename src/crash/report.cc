#include "crash/report.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace vitals::crash::detail {
namespace {

constexpr std::size_t kMaxMapped = 1024;

template <class T>
std::optional<T> take_object(std::string_view& bytes) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T object;
  std::memcpy(&object, bytes.data(), sizeof object);
  bytes.remove_prefix(sizeof object);
  return object;
}

std::string_view take_bytes(std::string_view& bytes, std::size_t size) noexcept {
  const std::string_view taken = bytes.substr(0, size);
  bytes.remove_prefix(taken.size());
  return taken;
}

std::string take_text(std::string_view& bytes) {
  const std::uint32_t size = take_object<std::uint32_t>(bytes).value_or(0);
  return std::string{take_bytes(bytes, size)};
}

template <class Number>
std::vector<Number> take_numbers(std::string_view bytes, std::size_t limit) {
  std::vector<Number> numbers;
  while (numbers.size() < limit) {
    const auto number = take_object<std::uint64_t>(bytes);
    if (!number) break;
    numbers.push_back(static_cast<Number>(*number));
  }
  return numbers;
}

/// Takes a hexadecimal number and the character behind it, which has to be `end`.
bool take_hex(std::string_view& line, char end, std::uint64_t& number) noexcept {
  const char* const last = line.data() + line.size();
  const auto [rest, error] = std::from_chars(line.data(), last, number, 16);
  if (error != std::errc{} || rest == last || *rest != end) return false;
  line.remove_prefix(static_cast<std::size_t>(rest - line.data()) + 1);
  return true;
}

/// `begin-end permissions offset device inode path`, see proc(5).
void take_map_line(std::string_view line, stack::ModuleMap& modules) {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;
  if (!take_hex(line, '-', begin) || !take_hex(line, ' ', end) || begin >= end) return;
  line.remove_prefix(std::min(line.find(' '), line.size()));
  line.remove_prefix(std::min<std::size_t>(1, line.size()));
  if (!take_hex(line, ' ', offset)) return;
  const std::size_t name = line.find('/');
  if (name == std::string_view::npos) return;
  const std::string_view file = line.substr(name);
  if (!modules.empty() && modules.back().path == file && modules.back().end <= begin) {
    modules.back().end = end;
  } else if (offset == 0 && modules.size() < kMaxMapped) {
    modules.push_back({std::string{file}, begin, end, begin, {}});
  }
}

stack::ModuleMap read_maps(std::string_view text) {
  stack::ModuleMap modules;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    take_map_line(text.substr(0, end), modules);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return modules;
}

stack::ModuleMap read_modules(std::string_view bytes) {
  stack::ModuleMap modules;
  while (modules.size() < kMaxMapped) {
    const auto facts = take_object<ModuleFacts>(bytes);
    if (!facts || facts->begin >= facts->end) break;
    if (std::size_t{facts->path_size} + facts->build_id_size > bytes.size()) break;
    stack::Module module;
    module.begin = facts->begin;
    module.end = facts->end;
    module.bias = facts->bias;
    module.path = take_bytes(bytes, facts->path_size);
    module.build_id = take_bytes(bytes, facts->build_id_size);
    modules.push_back(std::move(module));
  }
  return modules;
}

/// `known` has build ids, `mapped` is what was there in the end: libraries that were loaded after
/// the list was made are in it alone.
stack::ModuleMap merge(stack::ModuleMap known, stack::ModuleMap mapped) {
  const auto by_begin = [](const stack::Module& one, const stack::Module& other) {
    return one.begin < other.begin;
  };
  std::sort(known.begin(), known.end(), by_begin);
  const std::size_t listed = known.size();
  for (stack::Module& module : mapped) {
    const bool is_known =
        std::any_of(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(listed),
                    [&module](const stack::Module& other) {
                      return module.begin < other.end && other.begin < module.end;
                    });
    if (!is_known) known.push_back(std::move(module));
  }
  std::stable_sort(known.begin(), known.end(), by_begin);
  const auto overlaps = [](const stack::Module& one, const stack::Module& next) {
    return next.begin < one.end;
  };
  known.erase(std::unique(known.begin(), known.end(), overlaps), known.end());
  return known;
}

/// What a scope has borrowed stands in place of a request of its own, as when it is copied.
std::string merge_records(std::string_view own, std::optional<std::string_view> borrowed,
                          bool& request_active) {
  std::string merged;
  for (std::string_view rest = whole_records(own); !rest.empty();) {
    const std::string_view before = rest;
    const Record record = take_record(rest);
    const bool of_request =
        record.section == Section::kRequest || record.section == Section::kHeader;
    if (of_request && borrowed) continue;
    request_active = request_active || of_request;
    merged += before.substr(0, before.size() - rest.size());
  }
  if (!borrowed) return merged;
  for (std::string_view rest = whole_records(*borrowed); !rest.empty();)
    request_active = take_record(rest).section == Section::kRequest || request_active;
  return merged += whole_records(*borrowed);
}

class Reader {
 public:
  /// True while more may follow.
  bool take_part(std::string_view& bytes) {
    const auto header = take_object<PartHeader>(bytes);
    if (!header || header->size > bytes.size()) return false;
    const std::string_view body = take_bytes(bytes, header->size);
    if (part_check(header->part, body) != header->check) return false;
    if (header->part == Part::kEnd) {
      report_.complete = true;
      return false;
    }
    read(header->part, body);
    return true;
  }

  Result<CrashReport> finish() && {
    if (!has_facts_) return Error{"the crash report ends before it says what happened"};
    report_.scope.records = context::detail::merge_scopes(
        whole_records(global_records_), merge_records(records_, borrowed_, report_.request_active));
    report_.modules = merge(std::move(modules_), std::move(mapped_));
    return std::move(report_);
  }

 private:
  void read(Part part, std::string_view body) {
    switch (part) {
      case Part::kCrash:
        read_facts(body);
        break;
      case Part::kProcess:
        report_.process.release = take_text(body);
        report_.process.environment = take_text(body);
        report_.process.server_name = take_text(body);
        report_.process.dist = take_text(body);  // empty in a report of an older version
        break;
      case Part::kException:
        report_.has_exception = true;
        report_.exception_type = take_text(body);
        report_.exception_text = take_text(body);
        break;
      case Part::kRecords:
        // The first is the active scope's, the second the global one's.
        (records_seen_++ == 0 ? records_ : global_records_) = body;
        break;
      case Part::kBorrowed:
        if (!borrowed_) borrowed_.emplace();
        *borrowed_ += body;
        break;
      case Part::kBreadcrumbs:
        report_.scope.breadcrumbs = whole_breadcrumbs(body);
        break;
      case Part::kTrace:
        read_trace(body);
        break;
      case Part::kSampling:
        read_sampling(body);
        break;
      case Part::kRegisters:
        report_.registers = take_numbers<std::uint64_t>(body, kMaxRegisters);
        break;
      case Part::kModules:
        modules_ = read_modules(body);
        break;
      case Part::kStack:
        report_.stack = take_numbers<std::uintptr_t>(body, kMaxCrashFrames);
        break;
      case Part::kMaps:
        mapped_ = read_maps(body);
        break;
      case Part::kCause:
        read_cause(body);
        break;
      case Part::kAttachment:
        begin_attachment(body);
        break;
      case Part::kBytes:
        if (attachment_) *attachment_ += body;
        break;
      case Part::kEnd:
        break;
    }
  }

  void read_cause(std::string_view body) {
    constexpr std::size_t kMostCauses = 32;
    if (report_.causes.size() >= kMostCauses) return;
    stack::ThrownException cause;
    cause.mangled_type = take_text(body);
    cause.value = take_text(body);
    cause.stack = take_numbers<std::uintptr_t>(body, kMaxCrashFrames);
    report_.causes.push_back(std::move(cause));
  }

  void begin_attachment(std::string_view body) {
    attachment_.reset();
    if (report_.attachments.size() >= kMaxAttachments) return;
    HeldAttachment held;
    held.filename = take_text(body);
    held.content_type = take_text(body);
    attachment_ = std::make_shared<std::string>();
    held.bytes = attachment_;
    report_.attachments.push_back(std::move(held));
  }

  void read_facts(std::string_view body) {
    const auto facts = take_object<CrashFacts>(body);
    if (!facts) return;
    has_facts_ = true;
    report_.facts = *facts;
    report_.event_id.bytes = facts->event_id;
    const std::string_view name{facts->thread_name.data(), facts->thread_name.size()};
    report_.thread_name = name.substr(0, name.find('\0'));
  }

  void read_trace(std::string_view body) {
    const auto facts = take_object<TraceIds>(body);
    if (!facts) return;
    report_.trace.trace_id.bytes = facts->trace_id;
    report_.trace.span_id.bytes = facts->span_id;
    report_.trace.parent_span_id.bytes = facts->parent_span_id;
    report_.trace.transaction = body;
  }

  void read_sampling(std::string_view body) {
    const auto facts = take_object<SamplingFacts>(body);
    if (!facts) return;
    report_.trace.sampling = *facts;
    report_.trace.baggage = body;
  }

  CrashReport report_;
  bool has_facts_ = false;
  std::shared_ptr<std::string> attachment_;  // the last one, while more of it may come
  std::string_view records_;
  std::string_view global_records_;
  int records_seen_ = 0;
  std::optional<std::string> borrowed_;
  stack::ModuleMap modules_;
  stack::ModuleMap mapped_;
};

}  // namespace

Result<CrashReport> parse_crash_report(std::string_view bytes) {
  if (!bytes.starts_with(kReportMagic)) return Error{"not a crash report of this version"};
  bytes = bytes.substr(kReportMagic.size(), kMaxReportWithFiles);
  Reader reader;
  while (reader.take_part(bytes)) {
  }
  return std::move(reader).finish();
}

}  // namespace vitals::crash::detail
