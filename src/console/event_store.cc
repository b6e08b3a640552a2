#include "console/event_store.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "console/grouping.h"
#include "privacy/scrub.h"
#include "vitals/base/utf8.h"

namespace vitals::console::detail {
namespace {

constexpr std::size_t kMaxText = 500;

double seconds_of(vitals::Timestamp time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

/// As it would be sent, for lists. Always as if without Options::send_default_pii: what a list
/// lacks the payload has.
std::string clean(std::string_view text) {
  std::string scratch;
  return std::string{base::cut(privacy::scrub_text(text, false, scratch), kMaxText)};
}

std::string tag_of(const sentry::Event& event, std::string_view name) {
  for (const auto& [key, value] : event.tags) {
    if (key == name) return clean(value);
  }
  return {};
}

bool is_quicker(const Kept& a, const Kept& b) noexcept {
  return a->seconds < b->seconds;
}

/// Whether a trace's status is the service's fault, as a 5xx is. Source: Sentry developer
/// documentation, "Span Status".
bool is_failure(std::string_view status) {
  for (const std::string_view fault :
       {"internal_error", "unavailable", "deadline_exceeded", "unknown_error", "unknown",
        "data_loss", "unimplemented", "aborted"}) {
    if (status == fault) return true;
  }
  return false;
}

std::shared_ptr<KeptEvent> describe(const sentry::Event& event) {
  auto kept = std::make_shared<KeptEvent>();
  kept->id = event.event_id.hex().view();
  if (event.trace_id) kept->trace = event.trace_id.hex().view();
  kept->request_id = tag_of(event, "request_id");
  if (event.type == sentry::Event::Type::kTransaction) {
    kept->title = clean(event.transaction);
    kept->text = event.op;
    kept->level = event.status;
    kept->time = seconds_of(event.start);
    kept->seconds = std::chrono::duration<double>(event.timestamp - event.start).count();
    kept->spans = event.spans.size();
    kept->failed = is_failure(event.status);
    return kept;
  }
  kept->group = group_of(event);
  kept->time = seconds_of(event.timestamp);
  kept->level = to_string(event.level);
  kept->name = clean(event.transaction);
  kept->culprit = culprit_of(event);
  if (event.exceptions.empty()) {
    kept->title = clean(event.message);
    kept->text = event.logger;
  } else {
    kept->title = event.exceptions.back().type;
    kept->text = clean(event.exceptions.back().value);
    kept->handled = event.exceptions.back().handled;
  }
  return kept;
}

}  // namespace

std::size_t KeptEvent::cost() const noexcept {
  // What the allocator and the containers add, for both.
  constexpr std::size_t kOverhead = 200;
  std::size_t bytes = sizeof(KeptEvent) + kOverhead;
  for (const std::string* held :
       {&id, &trace, &request_id, &title, &text, &culprit, &level, &name, &payload}) {
    bytes += held->capacity();
  }
  return bytes;
}

EventStore::EventStore(StoreLimits limits) : limits_(limits) {}

void EventStore::add(const sentry::Event& event, std::string_view payload) {
  std::shared_ptr<KeptEvent> kept = describe(event);
  if (payload.size() <= limits_.payload_bytes) kept->payload = payload;
  const std::lock_guard hold{mutex_};
  if (event.type == sentry::Event::Type::kTransaction) {
    add_trace(std::move(kept));
  } else {
    add_error(std::move(kept));
  }
}

void EventStore::add_error(Kept error) {
  ++error_version_;
  error_bytes_ += error->cost();
  errors_.push_back(error);
  Group& group = groups_[error->group];
  if (group.latest && !group.latest_in_line) error_bytes_ -= group.latest->cost();
  if (group.count++ == 0) group.first = error->time;
  group.first = std::min(group.first, error->time);
  group.last = std::max(group.last, error->time);
  group.latest = std::move(error);
  group.latest_in_line = true;
  make_room_for_errors();
}

void EventStore::make_room_for_errors() {
  while (groups_.size() > limits_.groups)
    drop_group();
  while (error_bytes_ > limits_.error_bytes && !errors_.empty())
    drop_oldest_error();
  while (error_bytes_ > limits_.error_bytes && !groups_.empty())
    drop_group();
}

void EventStore::drop_oldest_error() {
  const Kept oldest = std::move(errors_.front());
  errors_.pop_front();
  const auto group = groups_.find(oldest->group);
  if (group != groups_.end() && group->second.latest == oldest) {
    group->second.latest_in_line = false;
  } else {
    error_bytes_ -= oldest->cost();
  }
}

void EventStore::drop_group() {
  const auto gone =
      std::min_element(groups_.begin(), groups_.end(),
                       [](const auto& a, const auto& b) { return a.second.last < b.second.last; });
  if (!gone->second.latest_in_line) error_bytes_ -= gone->second.latest->cost();
  groups_.erase(gone);
}

void EventStore::add_trace(Kept trace) {
  if (trace->failed) {
    ++trace_version_;
    failed_bytes_ += trace->cost();
    failed_.push_back(std::move(trace));
    if (failed_.size() > limits_.failed) drop_oldest(failed_, failed_bytes_);
  } else {
    keep_if_slow(trace);
  }
  make_room_for_traces();
}

void EventStore::drop_oldest(std::deque<Kept>& line, std::size_t& bytes) {
  bytes -= line.front()->cost();
  line.pop_front();
}

void EventStore::keep_if_slow(const Kept& trace) {
  const double end = trace->time + trace->seconds;
  std::erase_if(slow_, [&](const Kept& old) {
    const bool over = old->time + old->seconds < end - limits_.slow_seconds;
    if (over) slow_bytes_ -= old->cost();
    return over;
  });
  // The one that it has to beat: of its own name when there are enough of those, else of all.
  auto weakest = slow_.end();
  std::size_t namesakes = 0;
  for (auto candidate = slow_.begin(); candidate != slow_.end(); ++candidate) {
    if ((*candidate)->title != trace->title) continue;
    ++namesakes;
    if (weakest == slow_.end() || is_quicker(*candidate, *weakest)) weakest = candidate;
  }
  if (namesakes < limits_.slow_by_name) {
    weakest = slow_.size() < limits_.slow
                  ? slow_.end()
                  : std::min_element(slow_.begin(), slow_.end(), is_quicker);
  }
  Kept rest = trace;
  if (weakest == slow_.end()) {
    slow_bytes_ += rest->cost();
    slow_.push_back(std::exchange(rest, nullptr));
    ++trace_version_;
  } else if (is_quicker(*weakest, trace)) {
    slow_bytes_ = slow_bytes_ - (*weakest)->cost() + trace->cost();
    std::swap(*weakest, rest);
    ++trace_version_;
  }
  if (!rest) return;
  passing_bytes_ += rest->cost();
  passing_.push_back(std::move(rest));
  if (passing_.size() > limits_.passing) drop_oldest(passing_, passing_bytes_);
}

void EventStore::make_room_for_traces() {
  while (slow_bytes_ + failed_bytes_ + passing_bytes_ > limits_.trace_bytes) {
    if (!passing_.empty()) {
      drop_oldest(passing_, passing_bytes_);
    } else if (failed_bytes_ >= slow_bytes_) {
      drop_oldest(failed_, failed_bytes_);
    } else {
      const auto quickest = std::min_element(slow_.begin(), slow_.end(), is_quicker);
      slow_bytes_ -= (*quickest)->cost();
      slow_.erase(quickest);
    }
  }
}

std::uint64_t EventStore::error_version() const {
  const std::lock_guard hold{mutex_};
  return error_version_;
}

std::uint64_t EventStore::trace_version() const {
  const std::lock_guard hold{mutex_};
  return trace_version_;
}

std::vector<ErrorGroup> EventStore::errors(std::size_t most) const {
  std::vector<ErrorGroup> all;
  {
    const std::lock_guard hold{mutex_};
    for (const auto& [key, group] : groups_)
      all.push_back({key, group.count, group.first, group.last, group.latest});
  }
  std::sort(all.begin(), all.end(),
            [](const ErrorGroup& a, const ErrorGroup& b) { return a.last > b.last; });
  if (all.size() > most) all.resize(most);
  return all;
}

std::optional<ErrorGroup> EventStore::group(std::uint64_t key) const {
  const std::lock_guard hold{mutex_};
  const auto found = groups_.find(key);
  if (found == groups_.end()) return std::nullopt;
  const Group& group = found->second;
  return ErrorGroup{key, group.count, group.first, group.last, group.latest};
}

std::vector<Kept> EventStore::errors_of(std::uint64_t key, std::size_t most) const {
  std::vector<Kept> found;
  const std::lock_guard hold{mutex_};
  for (auto error = errors_.rbegin(); error != errors_.rend() && found.size() < most; ++error) {
    if ((*error)->group == key) found.push_back(*error);
  }
  const auto group = groups_.find(key);
  if (found.empty() && group != groups_.end()) found.push_back(group->second.latest);
  return found;
}

std::vector<Kept> EventStore::slow_traces(double now) const {
  std::vector<Kept> all;
  {
    const std::lock_guard hold{mutex_};
    for (const Kept& trace : slow_) {
      if (trace->time + trace->seconds >= now - limits_.slow_seconds) all.push_back(trace);
    }
  }
  std::sort(all.begin(), all.end(),
            [](const Kept& a, const Kept& b) { return a->seconds > b->seconds; });
  return all;
}

std::vector<Kept> EventStore::failed_traces() const {
  const std::lock_guard hold{mutex_};
  return {failed_.rbegin(), failed_.rend()};
}

std::vector<Kept> EventStore::all_traces() const {
  std::vector<Kept> all{failed_.begin(), failed_.end()};
  all.insert(all.end(), slow_.begin(), slow_.end());
  all.insert(all.end(), passing_.begin(), passing_.end());
  std::sort(all.begin(), all.end(), [](const Kept& a, const Kept& b) { return a->time > b->time; });
  return all;
}

EventStore::Found EventStore::search(std::string_view id) const {
  Found found;
  const auto matches = [id](const Kept& kept) {
    return kept->request_id == id || kept->trace == id || kept->id == id;
  };
  const std::lock_guard hold{mutex_};
  std::copy_if(errors_.rbegin(), errors_.rend(), std::back_inserter(found.errors), matches);
  for (const auto& [key, group] : groups_) {
    if (!group.latest_in_line && matches(group.latest)) found.errors.push_back(group.latest);
  }
  const std::vector<Kept> traces = all_traces();
  std::copy_if(traces.begin(), traces.end(), std::back_inserter(found.traces), matches);
  return found;
}

Kept EventStore::find_error(std::string_view event_id) const {
  for (const Kept& error : search(event_id).errors) {
    if (error->id == event_id) return error;
  }
  return nullptr;
}

Kept EventStore::find_trace(std::string_view id) const {
  const Found found = search(id);
  return found.traces.empty() ? nullptr : found.traces.front();
}

std::size_t EventStore::bytes() const {
  const std::lock_guard hold{mutex_};
  return error_bytes_ + slow_bytes_ + failed_bytes_ + passing_bytes_;
}

}  // namespace vitals::console::detail
