#include "console/live.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "base/background_thread.h"
#include "console/event_store.h"

namespace vitals::console::detail {
namespace {

using Clock = std::chrono::steady_clock;

/// While somebody looks, an error is told of after so many seconds.
constexpr double kBetween = 0.2;
/// Seconds after which the traces are told anew, since the slow ones grow old.
constexpr std::int64_t kAgedEvery = 30;

/// A host's server that throws has lost the viewer.
bool takes(Viewer& viewer, const std::string& piece) noexcept {
  try {
    return viewer.write(piece);
  } catch (...) {
    return false;
  }
}

double wall_seconds() noexcept {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

struct LiveFeed::Place {
  /// Under the lock.
  Place(std::shared_ptr<Shared> in, std::string_view who) : shared(std::move(in)), caller(who) {
    ++shared->held[caller];
    ++shared->places;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    const std::lock_guard hold{shared->mutex};
    --shared->places;
    if (const auto mine = shared->held.find(caller); --mine->second == 0) shared->held.erase(mine);
  }
  std::shared_ptr<Shared> shared;
  std::string caller;
};

LiveFeed::LiveFeed(Sources sources, std::size_t max_viewers)
    : sources_(sources), max_viewers_(max_viewers), began_at_(wall_seconds()) {
  if (sources_.ring == nullptr && sources_.store == nullptr) return;
  thread_ = base::start_background_thread([this] { run(); });
}

LiveFeed::~LiveFeed() {
  end_streams();
  {
    const std::lock_guard hold{mutex_};
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

double LiveFeed::now() const noexcept {
  return began_at_ + std::chrono::duration<double>(Clock::now() - began_).count();
}

void LiveFeed::run() noexcept {
  pthread_setname_np(pthread_self(), "vitals-console");
  std::unique_lock hold{mutex_};
  double sampled = 0;
  while (!stop_) {
    hold.unlock();
    const double time = now();
    const bool second = std::floor(time) > sampled;
    try {
      if (second && sources_.ring != nullptr) sources_.ring->sample(*sources_.registry, time);
    } catch (...) {
      // No memory for this second: a gap, or a row that is not whole.
    }
    if (second) sampled = std::floor(time);
    tell(second);
    const double next = next_look(time);
    hold.lock();
    wake_.wait_until(hold,
                     began_ + std::chrono::duration_cast<Clock::duration>(
                                  std::chrono::duration<double>(next - began_at_ + 0.001)),
                     [this] { return stop_; });
  }
}

double LiveFeed::next_look(double now) const noexcept {
  const double second = std::floor(now) + 1.0;
  if (sources_.store == nullptr) return second;
  const std::lock_guard hold{shared_->mutex};
  return shared_->watching.empty() ? second : std::min(second, now + kBetween);
}

void LiveFeed::tell(bool second) noexcept {
  std::vector<Watching> gone;  // ended outside of the lock: their place takes it
  const std::lock_guard hold{shared_->mutex};
  if (shared_->watching.empty()) return;
  try {
    gone.reserve(shared_->watching.size());
    TickParts parts{.second = second};
    if (sources_.store != nullptr) {
      const std::uint64_t errors = sources_.store->error_version();
      const std::uint64_t traces = sources_.store->trace_version();
      const bool all = second && std::exchange(shared_->newcomer, false);
      parts.errors = all || errors != told_errors_;
      // The slow ones are those of the last minutes, also while no other comes.
      const bool aged = second && static_cast<std::int64_t>(now()) % kAgedEvery == 0;
      parts.traces = all || aged || (traces != told_traces_ && second);
      told_errors_ = errors;
      if (second) told_traces_ = traces;
    }
    if (!second && !parts.errors) return;
    std::vector<std::pair<const Wish*, std::string>> made;
    for (Watching& watching : shared_->watching) {
      const Wish& wish = watching.wish;
      const std::string* piece = nullptr;
      for (const auto& [other, text] : made) {
        if (other->method == wish.method && other->endpoint == wish.endpoint) piece = &text;
      }
      if (piece == nullptr) {
        std::string text = "event: tick\ndata: ";
        text += tick_json(sources_, {wish.method, wish.endpoint}, parts, now());
        text += "\n\n";
        piece = &made.emplace_back(&wish, std::move(text)).second;
      }
      if (!takes(*watching.viewer, *piece)) gone.push_back(std::move(watching));
    }
  } catch (...) {
    // No memory: the next second is another chance.
  }
  std::erase_if(shared_->watching, [](const Watching& watching) { return !watching.viewer; });
}

std::optional<LiveFeed::Watching> LiveFeed::make_room(std::string_view caller) {
  const auto most = std::max_element(
      shared_->held.begin(), shared_->held.end(),
      [](const auto& one, const auto& other) { return one.second < other.second; });
  const auto mine = shared_->held.find(caller);
  const std::size_t has = mine == shared_->held.end() ? 0 : mine->second;
  // With one less the other still has as many: two callers cannot take it from each other in turn.
  if (most == shared_->held.end() || most->second < has + 2) return std::nullopt;
  const auto oldest =
      std::find_if(shared_->watching.begin(), shared_->watching.end(),
                   [&](const Watching& watching) { return watching.place->caller == most->first; });
  if (oldest == shared_->watching.end()) return std::nullopt;
  std::optional<Watching> ended{std::move(*oldest)};
  shared_->watching.erase(oldest);
  return ended;
}

LiveFeed::Attach LiveFeed::take_place(Wish wish, std::string_view caller) {
  std::optional<Watching> ended;  // outside of the lock: its place takes it
  std::shared_ptr<Place> place;
  {
    const std::lock_guard hold{shared_->mutex};
    if (shared_->closed || !thread_.joinable()) return {};
    if (shared_->places >= max_viewers_) {
      ended = make_room(caller);
      if (!ended) return {};
    }
    place = std::make_shared<Place>(shared_, caller);
  }
  return [shared = shared_, wish = std::move(wish),
          place = std::move(place)](std::unique_ptr<Viewer> viewer) {
    const std::lock_guard hold{shared->mutex};
    // So that the head leaves at once, and not with the next second.
    if (shared->closed || !viewer->write(": live\n\n")) return;
    shared->watching.push_back({std::move(viewer), wish, place});
    shared->newcomer = true;
  };
}

void LiveFeed::end_streams() noexcept {
  std::vector<Watching> gone;
  const std::lock_guard hold{shared_->mutex};
  shared_->closed = true;
  gone.swap(shared_->watching);
}

Viewers LiveFeed::viewers() const {
  const std::lock_guard hold{shared_->mutex};
  return {shared_->watching.size(), max_viewers_};
}

}  // namespace vitals::console::detail
