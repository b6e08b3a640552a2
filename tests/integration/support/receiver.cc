#include "integration/support/receiver.h"

#include <iterator>

#include "integration/support/http.h"
#include "integration/support/ports.h"

namespace integration {
namespace {

constexpr std::size_t kKeepAtMost = 64UL << 20U;

}  // namespace

EnvelopeReceiver::EnvelopeReceiver(Mode mode, std::uint16_t port)
    : mode_(mode),
      server_(std::make_unique<HttpServer>(
          port != 0 ? port : free_port(),
          [this](const ServerRequest& request) { return take(request); })) {}

std::string EnvelopeReceiver::dsn() const {
  return std::string{"http://"} + kKey + "@127.0.0.1:" + std::to_string(port()) + "/42";
}

void EnvelopeReceiver::set_mode(Mode mode) {
  const std::lock_guard lock{mutex_};
  mode_ = mode;
}

ServerAnswer EnvelopeReceiver::take(const ServerRequest& request) {
  std::vector<std::string> faults =
      http_faults(request.method, request.path, request.headers, kKey, "42");
  std::string text = request.body;
  Envelope envelope;
  try {
    if (request.headers.contains("content-encoding")) text = gunzip(request.body);
    envelope = parse_envelope(text);
  } catch (const std::exception& fault) {
    faults.emplace_back(fault.what());
  }
  faults.insert(faults.end(), envelope.faults.begin(), envelope.faults.end());

  const std::lock_guard lock{mutex_};
  ++requests_;
  std::move(faults.begin(), faults.end(), std::back_inserter(faults_));
  ServerAnswer answer;
  switch (mode_) {
    case Mode::kHang:
      answer.status = 0;
      return answer;
    case Mode::kTooMany:
      answer.status = 429;
      answer.headers = "Retry-After: 60\r\n";
      return answer;
    case Mode::kBroken:
      answer.status = 500;
      return answer;
    case Mode::kNormal:
      break;
  }
  if (everything_.size() < kKeepAtMost) everything_ += text;
  for (EnvelopeItem& item : envelope.items)
    items_[item.type].push_back(std::move(item.json));
  arrived_.notify_all();
  return answer;
}

bool EnvelopeReceiver::wait_for(const std::function<bool(const std::vector<Json>&)>& good,
                                Milliseconds deadline) {
  std::unique_lock lock{mutex_};
  return arrived_.wait_for(lock, deadline * kSlowness, [&] { return good(items_["event"]); });
}

bool EnvelopeReceiver::wait_for_events(std::size_t count, Milliseconds deadline) {
  return wait_for([count](const std::vector<Json>& events) { return events.size() >= count; },
                  deadline);
}

std::vector<Json> EnvelopeReceiver::items(const std::string& type) const {
  const std::lock_guard lock{mutex_};
  const auto found = items_.find(type);
  return found == items_.end() ? std::vector<Json>{} : found->second;
}

std::vector<std::string> EnvelopeReceiver::faults() const {
  const std::lock_guard lock{mutex_};
  return faults_;
}

std::size_t EnvelopeReceiver::requests() const {
  const std::lock_guard lock{mutex_};
  return requests_;
}

std::string EnvelopeReceiver::everything() const {
  const std::lock_guard lock{mutex_};
  return everything_;
}

}  // namespace integration
