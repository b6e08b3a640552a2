#include "vitals/stack/symbolizer.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <mutex>
#include <new>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/hidden.h"
#include "stack/debug_file.h"
#include "stack/source_lines.h"

namespace vitals::stack {
namespace {

using detail::DebugFile;
using detail::Location;
using detail::SourceLines;

constexpr std::size_t kMaxAddresses = 16384;
constexpr std::size_t kMaxFiles = 128;

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [text](std::string_view start) { return text.starts_with(start); });
}

/// What stands between the throw expression and the taking of its stack.
bool is_of_the_throw(const Frame& frame) {
  return starts_with_any(frame.function,
                         {"__cxa_throw", "__cxa_init_primary_exception", "std::make_exception_ptr",
                          "std::__exception_ptr::make_exception_ptr", "std::throw_with_nested",
                          "std::__throw_with_nested_impl", "std::rethrow_exception"});
}

/// Absolute and without `..`, where the compiler said enough.
std::string absolute_path(const Location& location) {
  if (location.path.empty()) return {};
  std::filesystem::path path{location.path};
  if (path.is_relative() && !location.directory.empty()) path = location.directory / path;
  return path.lexically_normal().string();
}

/// Without what the path shares with the folder that the compiler ran in; of a system's header
/// without the system's folder.
std::string short_path(const std::string& path, const std::string& directory) {
  for (const std::string_view system : {"/usr/include/", "/usr/lib/", "/usr/local/include/"}) {
    if (path.starts_with(system)) return path.substr(system.size());
  }
  const auto [a, b] = std::mismatch(path.begin(), path.end(), directory.begin(), directory.end());
  auto shared = static_cast<std::size_t>(a - path.begin());
  if (b != directory.end() || shared >= path.size() || path[shared] != '/') {
    const std::size_t slash = path.rfind('/', shared);
    shared = slash == std::string::npos ? 0 : slash;
  }
  if (shared == 0) return path;
  return path.substr(shared + 1);
}

bool is_exact(std::size_t index, Innermost innermost) noexcept {
  return index == 0 && innermost == Innermost::kInstruction;
}

/// A call returns behind itself, which may be another line or another function already.
std::uint64_t address_of(std::uintptr_t on_stack, bool exact) noexcept {
  return exact || on_stack == 0 ? on_stack : on_stack - 1;
}

void add_unnamed(std::vector<Frame>& result, std::span<const std::uintptr_t> stack,
                 const ModuleMap& modules, Innermost innermost) {
  for (std::size_t i = 0; i < stack.size(); ++i) {
    Frame& frame = result.emplace_back();
    frame.address = address_of(stack[i], is_exact(i, innermost));
    if (const Module* const module = find_module(modules, frame.address))
      frame.package = module->path;
  }
}

std::size_t longest_start(std::string_view text, const std::vector<std::string>& starts) {
  std::size_t longest = 0;
  for (const std::string& start : starts) {
    if (text.starts_with(start)) longest = std::max(longest, start.size());
  }
  return longest;
}

}  // namespace

class VITALS_HIDDEN Symbolizer::Impl {
 public:
  explicit Impl(SymbolizerOptions options) : options_(std::move(options)) {}

  [[nodiscard]] std::vector<Frame> frames(std::span<const std::uintptr_t> stack,
                                          const std::shared_ptr<const ModuleMap>& modules,
                                          Innermost innermost);

 private:
  /// What is the same in every frame at one address.
  using Known = std::vector<Frame>;  // the innermost inlined call first
  struct Key {
    std::size_t file;
    std::uint64_t address;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
      return static_cast<std::size_t>((key.address ^ (std::uint64_t{key.file} << 48)) *
                                      0x9E3779B97F4A7C15);
    }
  };

  [[nodiscard]] std::size_t file_of(const Module& module);
  [[nodiscard]] const Known& look_up(const Module& module, std::size_t index,
                                     std::uint64_t address);
  [[nodiscard]] bool is_in_app(const Frame& frame) const;
  [[nodiscard]] bool is_machinery(const Frame& frame) const;
  void use_modules(const std::shared_ptr<const ModuleMap>& modules);
  void forget() noexcept;
  void add_frames(std::vector<Frame>& result, std::span<const std::uintptr_t> stack,
                  Innermost innermost);

  static constexpr std::size_t kUnknown = SIZE_MAX;

  const SymbolizerOptions options_;
  std::mutex mutex_;
  std::shared_ptr<const ModuleMap> modules_;       // of the last stack
  std::vector<std::size_t> module_files_;          // of each of those; kUnknown: not asked yet
  std::vector<std::unique_ptr<DebugFile>> files_;  // null: none, or not the one that was mapped
  std::map<std::pair<std::string, std::string>, std::size_t> file_numbers_;  // path and build id
  std::unordered_map<Key, Known, KeyHash> known_;
  SourceLines source_;
};

bool Symbolizer::Impl::is_machinery(const Frame& frame) const {
  return is_of_the_throw(frame) || longest_start(frame.function, options_.machinery) > 0;
}

bool Symbolizer::Impl::is_in_app(const Frame& frame) const {
  std::size_t include = 0;
  std::size_t exclude = 0;
  for (const std::string& text : {frame.function, frame.filename, frame.abs_path, frame.package}) {
    include = std::max(include, longest_start(text, options_.in_app_include));
    exclude = std::max(exclude, longest_start(text, options_.in_app_exclude));
  }
  if (include + exclude > 0) return include >= exclude;
  // A name without a folder is the kernel's own page of code.
  if (frame.package.find('/') == std::string::npos) return false;
  if (starts_with_any(frame.package, {"/usr/lib", "/lib"})) return false;
  if (starts_with_any(frame.abs_path, {"/usr/include/", "/usr/lib/"})) return false;
  // Of this library too: what its headers hold is inlined into the program.
  if (frame.abs_path.find("/include/vitals/") != std::string::npos) return false;
  return !starts_with_any(frame.function,
                          {"std::", "__gnu_cxx::", "__cxxabiv1::", "vitals::", "_start"});
}

std::size_t Symbolizer::Impl::file_of(const Module& module) {
  const auto [found, is_new] =
      file_numbers_.try_emplace(std::pair{module.path, module.build_id}, files_.size());
  if (is_new) files_.push_back(DebugFile::open(module.path, module.build_id));
  return found->second;
}

void Symbolizer::Impl::use_modules(const std::shared_ptr<const ModuleMap>& modules) {
  if (files_.size() > kMaxFiles || known_.size() > kMaxAddresses) forget();
  if (modules == modules_) return;
  module_files_.assign(modules->size(), kUnknown);
  modules_ = modules;
}

void Symbolizer::Impl::forget() noexcept {
  known_.clear();
  files_.clear();
  file_numbers_.clear();
  modules_.reset();
  module_files_.clear();
}

const Symbolizer::Impl::Known& Symbolizer::Impl::look_up(const Module& module, std::size_t index,
                                                         std::uint64_t address) {
  if (module_files_[index] == kUnknown) module_files_[index] = file_of(module);
  const std::size_t file = module_files_[index];
  const Key key{file, address - module.bias};
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  Known made;
  std::vector<Location> locations;
  if (files_[file]) locations = files_[file]->look_up(key.address);
  if (locations.empty()) locations.emplace_back();
  for (Location& location : locations) {
    Frame frame;
    frame.function = std::move(location.function);
    frame.abs_path = absolute_path(location);
    frame.filename = short_path(frame.abs_path, location.directory);
    frame.line = location.line;
    frame.package = module.path;
    frame.in_app = is_in_app(frame);
    made.push_back(std::move(frame));
  }
  return known_.emplace(key, std::move(made)).first->second;
}

void Symbolizer::Impl::add_frames(std::vector<Frame>& result, std::span<const std::uintptr_t> stack,
                                  Innermost innermost) {
  for (std::size_t i = 0; i < stack.size(); ++i) {
    const bool exact = is_exact(i, innermost);
    const std::uint64_t address = address_of(stack[i], exact);
    if (const Module* const module = find_module(*modules_, address)) {
      const auto index = static_cast<std::size_t>(module - modules_->data());
      for (const Frame& known : look_up(*module, index, address)) {
        result.push_back(known);
        result.back().address = address;
        if (result.size() == 1 && !exact && is_machinery(known)) result.pop_back();
      }
    } else {
      result.emplace_back().address = address;
    }
  }
  if (options_.source_context) {
    for (Frame& frame : result)
      source_.add_context(frame);
  }
}

std::vector<Frame> Symbolizer::Impl::frames(std::span<const std::uintptr_t> stack,
                                            const std::shared_ptr<const ModuleMap>& modules,
                                            Innermost innermost) {
  std::vector<Frame> result;
  if (stack.empty() || !modules) return result;
  result.reserve(2 * stack.size());  // some are inlined into others
  const std::lock_guard hold{mutex_};
  try {
    use_modules(modules);
    add_frames(result, stack, innermost);
  } catch (const std::bad_alloc&) {
    forget();  // something may be half read
    result.clear();
    add_unnamed(result, stack, *modules, innermost);
  }
  std::reverse(result.begin(), result.end());
  return result;
}

Symbolizer::Symbolizer(SymbolizerOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}

Symbolizer::~Symbolizer() = default;

std::vector<Frame> Symbolizer::frames(std::span<const std::uintptr_t> stack,
                                      const std::shared_ptr<const ModuleMap>& modules,
                                      Innermost innermost) {
  return impl_->frames(stack, modules, innermost);
}

}  // namespace vitals::stack
