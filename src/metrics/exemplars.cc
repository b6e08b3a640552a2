#include "metrics/exemplars.h"

#include <time.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "metrics/label_text.h"
#include "vitals/metrics/detail/fork_gate.h"
#include "vitals/metrics/label.h"

namespace vitals::metrics {
namespace {

constinit std::atomic<TraceSource> g_trace_source{nullptr};

/// Seconds since 1970-01-01 UTC by the kernel's last tick.
double coarse_time() noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::size_t characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

void set_trace_source(TraceSource source) noexcept {
  g_trace_source.store(source, std::memory_order_release);  // pairs with offer_active()
}

namespace detail {

void ExemplarSlot::write(std::string_view labels, double value, double timestamp) noexcept {
  std::uint32_t before = sequence_.load(std::memory_order_relaxed);
  if (before % 2 != 0 || labels.size() > kMaxText) return;
  if (!sequence_.compare_exchange_strong(before, before + 1, std::memory_order_acquire)) return;
  // Each store is a release, so that none is seen before the odd number; read() loads accordingly.
  // Fences would say it once, but ThreadSanitizer does not know them.
  for (std::size_t at = 0; at < labels.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, labels.data() + at, std::min<std::size_t>(8, labels.size() - at));
    text_[at / 8].store(word, std::memory_order_release);
  }
  size_.store(static_cast<std::uint32_t>(labels.size()), std::memory_order_release);
  value_.store(value, std::memory_order_release);
  timestamp_.store(timestamp, std::memory_order_release);
  sequence_.store(before + 2, std::memory_order_release);  // pairs with the acquire in read()
}

bool ExemplarSlot::read(std::string& labels, double& value, double& timestamp) const {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    const std::uint32_t before = sequence_.load(std::memory_order_acquire);
    if (before == 0) return false;
    if (before % 2 != 0) continue;
    const std::size_t size = std::min<std::size_t>(size_.load(std::memory_order_acquire), kMaxText);
    labels.resize(size);
    for (std::size_t at = 0; at < size; at += 8) {
      const std::uint64_t word = text_[at / 8].load(std::memory_order_acquire);
      std::memcpy(labels.data() + at, &word, std::min<std::size_t>(8, size - at));
    }
    value = value_.load(std::memory_order_acquire);
    timestamp = timestamp_.load(std::memory_order_acquire);
    if (sequence_.load(std::memory_order_acquire) == before) return true;
  }
  return false;
}

ExemplarStore::~ExemplarStore() {
  for (std::atomic<ExemplarSlot*>& place : slots_)
    delete place.load(std::memory_order_relaxed);
}

ExemplarSlot* ExemplarStore::slot(std::size_t place) noexcept {
  std::atomic<ExemplarSlot*>& held = slots_[place];
  ExemplarSlot* there = held.load(std::memory_order_acquire);
  if (there != nullptr) return there;
  auto* made = new (std::nothrow) ExemplarSlot;
  if (made == nullptr) return nullptr;
  if (held.compare_exchange_strong(there, made, std::memory_order_acq_rel)) return made;
  delete made;
  return there;
}

void ExemplarStore::offer_active(std::size_t place, double value) noexcept {
  const TraceSource source = g_trace_source.load(std::memory_order_acquire);
  if (source == nullptr) return;
  ActiveTrace trace;
  if (!source(trace)) return;
  const double now = coarse_time();
  ExemplarSlot* const into = slot(place);
  if (into == nullptr) return;
  // The clock may have been set back since.
  const double age = now - into->timestamp();
  if (age >= 0 && age < 1.0) return;
  constexpr std::string_view kTrace = "trace_id=\"";
  constexpr std::string_view kSpan = "\",span_id=\"";
  std::array<char, kTrace.size() + 32 + kSpan.size() + 16 + 1> text;
  char* end = std::ranges::copy(kTrace, text.data()).out;
  end = std::ranges::copy(trace.trace_id, end).out;
  end = std::ranges::copy(kSpan, end).out;
  end = std::ranges::copy(trace.span_id, end).out;
  *end = '"';
  into->write({text.data(), text.size()}, value, now);
}

void ExemplarStore::keep(std::size_t place, double value, ExemplarLabels labels) noexcept {
  try {
    const std::string text = render_exemplar(labels);
    ExemplarSlot* const into = text.empty() ? nullptr : slot(place);
    if (into != nullptr) into->write(text, value, coarse_time());
  } catch (const std::bad_alloc&) {
    // One exemplar less.
  }
}

void ExemplarStore::read(std::vector<ExemplarView>& views, std::vector<std::string>& texts) const {
  views.assign(slots_.size(), {});
  texts.resize(slots_.size());
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const ExemplarSlot* const slot = slots_[i].load(std::memory_order_acquire);
    if (slot == nullptr) continue;
    ExemplarView view;
    // What is older than this process is an example of what its parent counted.
    if (slot->read(texts[i], view.value, view.timestamp) && view.timestamp >= forked_at()) {
      view.labels = texts[i];
      views[i] = view;
    }
  }
}

std::string render_exemplar(ExemplarLabels labels) {
  constexpr std::size_t kMaxCharacters = 128;
  std::string text;
  std::size_t size = 0;
  for (const auto& [name, value] : labels) {
    if (!valid_label_name(name) || !base::is_utf8(value)) return {};
    for (const auto& [other, unused] : labels) {
      if (&other != &name && other == name) return {};
    }
    size += name.size() + characters(value);
    append_label(text, name, value);
  }
  if (size > kMaxCharacters || text.size() > ExemplarSlot::kMaxText) return {};
  return text;
}

}  // namespace detail
}  // namespace vitals::metrics
