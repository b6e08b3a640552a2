#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hidden.h"
#include "vitals/sentry/event.h"

namespace vitals::console::detail {

/// An error or a trace as it was rendered, with what lists show of it. All texts are scrubbed.
struct KeptEvent {
  std::string id;     // of the event, in hexadecimal
  std::string trace;  // in hexadecimal; empty: none
  std::string request_id;
  std::string title;        // an error's class; a trace's name
  std::string text;         // an error's words; a trace's operation
  std::string culprit;      // an error's place
  std::string level;        // an error's level; a trace's status
  std::string name;         // an error's transaction
  std::uint64_t group = 0;  // an error's
  double time = 0;          // in seconds since 1970: when it happened, or began
  double seconds = 0;       // a trace's length
  std::size_t spans = 0;
  bool handled = true;
  bool failed = false;  // a trace that ended in an error of the service
  std::string payload;  // empty: it was too large to keep

  [[nodiscard]] std::size_t cost() const noexcept;
};
using Kept = std::shared_ptr<const KeptEvent>;

/// Errors that are the same.
struct ErrorGroup {
  std::uint64_t key = 0;
  std::uint64_t count = 0;
  double first = 0;
  double last = 0;
  Kept latest;
};

struct StoreLimits {
  std::size_t error_bytes = std::size_t{4} * 1024 * 1024;
  std::size_t trace_bytes = std::size_t{2} * 1024 * 1024;
  std::size_t payload_bytes = std::size_t{256} * 1024;  // one that is larger is kept without
  std::size_t groups = 200;
  std::size_t slow = 40;          // traces
  std::size_t slow_by_name = 5;   // of one name, so that one endpoint does not hide the others
  double slow_seconds = 15 * 60;  // how long a slow one is of interest
  std::size_t failed = 60;
  std::size_t passing = 400;  // traces of any kind, to be found by their request's id
};

/// The last errors and traces in bounded memory. What has to go: of errors the oldest that are not
/// their group's latest, then the groups not seen for longest; of traces those of no note first,
/// then of the failed and the slow those that hold more. Threads: any. Cost of add(): the copy of a
/// payload, on the Sentry client's threads.
class VITALS_HIDDEN EventStore {
 public:
  explicit EventStore(StoreLimits limits = {});

  void add(const sentry::Event& event, std::string_view payload);

  /// Rises with every change of what errors() or traces() give.
  [[nodiscard]] std::uint64_t error_version() const;
  [[nodiscard]] std::uint64_t trace_version() const;

  /// Seen last first, at most `most`.
  [[nodiscard]] std::vector<ErrorGroup> errors(std::size_t most) const;
  [[nodiscard]] std::optional<ErrorGroup> group(std::uint64_t key) const;
  /// The kept errors of a group, the newest first, at most `most`.
  [[nodiscard]] std::vector<Kept> errors_of(std::uint64_t key, std::size_t most) const;
  /// Slowest first.
  [[nodiscard]] std::vector<Kept> slow_traces(double now) const;
  /// Newest first.
  [[nodiscard]] std::vector<Kept> failed_traces() const;

  [[nodiscard]] Kept find_error(std::string_view event_id) const;
  /// By event id or trace id.
  [[nodiscard]] Kept find_trace(std::string_view id) const;

  struct Found {
    std::vector<Kept> errors;
    std::vector<Kept> traces;
  };
  /// By request id, trace id or event id, whole; newest first.
  [[nodiscard]] Found search(std::string_view id) const;

  /// What is held, in bytes.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Group {
    std::uint64_t count = 0;
    double first = 0;
    double last = 0;
    Kept latest;
    bool latest_in_line = false;  // else the group alone holds it
  };

  void add_error(Kept error);
  void add_trace(Kept trace);
  void make_room_for_errors();
  void drop_oldest_error();
  void drop_group();
  void keep_if_slow(const Kept& trace);
  void make_room_for_traces();
  void drop_oldest(std::deque<Kept>& line, std::size_t& bytes);
  [[nodiscard]] std::vector<Kept> all_traces() const;

  const StoreLimits limits_;
  mutable std::mutex mutex_;
  std::deque<Kept> errors_;  // oldest first
  std::unordered_map<std::uint64_t, Group> groups_;
  std::size_t error_bytes_ = 0;
  std::uint64_t error_version_ = 0;

  // A trace is in one of the three.
  std::vector<Kept> slow_;
  std::deque<Kept> failed_;   // oldest first
  std::deque<Kept> passing_;  // oldest first
  std::size_t slow_bytes_ = 0;
  std::size_t failed_bytes_ = 0;
  std::size_t passing_bytes_ = 0;
  std::uint64_t trace_version_ = 0;
};

}  // namespace vitals::console::detail
