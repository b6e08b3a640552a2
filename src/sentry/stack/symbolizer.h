#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sentry/stack/debug_file.h"
#include "sentry/stack/modules.h"
#include "sentry/stack/source_lines.h"
#include "vitals/sentry/event.h"
#include "vitals/sentry/options.h"

namespace vitals::sentry::detail {

/// Makes readable frames of addresses, of this process or of a former one of which only the modules
/// are known. A file that is not the one that was mapped, by its build id, gives no names: an
/// address without a name is true, a wrong name is not.
///
/// Every address is looked up once and kept, at most 16,384 of them; the files of at most 128
/// modules stay open. Past either, it starts afresh.
/// Threads: any, one at a time by a lock. Cost: known addresses a hash look-up and a copy each;
/// a new one milliseconds, and the first of a module reads its debug information.
class Symbolizer {
 public:
  /// The options must outlive it.
  explicit Symbolizer(const Options& options) : options_(options) {}

  /// The frames of a stack, which is given innermost first, with the outermost first as Sentry
  /// wants them; inlined calls are expanded, and the functions that throw or capture for others
  /// left out.
  [[nodiscard]] std::vector<FrameRecord> frames(std::span<const std::uintptr_t> stack,
                                                const std::shared_ptr<const ModuleMap>& modules,
                                                Innermost innermost);

  /// Adds those modules that the frames lie in and that are not there yet.
  static void add_images(std::span<const FrameRecord> frames, const ModuleMap& modules,
                         std::vector<ImageRecord>& images);

 private:
  /// What is the same in every frame at one address.
  using Known = std::vector<FrameRecord>;  // the innermost inlined call first
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
  [[nodiscard]] bool is_in_app(const FrameRecord& frame) const;
  void use_modules(const std::shared_ptr<const ModuleMap>& modules);

  static constexpr std::size_t kUnknown = SIZE_MAX;

  const Options& options_;
  std::mutex mutex_;
  std::shared_ptr<const ModuleMap> modules_;       // of the last stack
  std::vector<std::size_t> module_files_;          // of each of those; kUnknown: not asked yet
  std::vector<std::unique_ptr<DebugFile>> files_;  // null: none, or not the one that was mapped
  std::map<std::pair<std::string, std::string>, std::size_t> file_numbers_;  // path and build id
  std::unordered_map<Key, Known, KeyHash> known_;
  SourceLines source_;
};

}  // namespace vitals::sentry::detail
