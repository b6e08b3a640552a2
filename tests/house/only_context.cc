// A program that links vitals::context and nothing else: its own ear for what happens in it.
#include <chrono>
#include <iostream>

#include "vitals/context/listener.h"
#include "vitals/context/scope.h"

namespace {

class Ear final : public vitals::context::Listener {
 public:
  vitals::context::EventId captured(const vitals::context::Capture& capture) noexcept override {
    return capture.id;
  }
  void finished(const vitals::context::SharedTransaction& transaction) noexcept override {
    spans += transaction->size();
  }
  std::size_t spans = 0;
};

}  // namespace

int main() {
  using namespace vitals::context;  // NOLINT: a program of one file
  Ear ear;
  const Settings settings{.traces_sample_rate = 1.0};
  if (!start_listening(ear, &settings)) return 1;
  const Span work = start_transaction({.name = "boil an egg"});
  work.start_child("water").finish();
  work.finish();
  const bool heard = static_cast<bool>(capture_message("done"));
  if (!stop_listening(ear, std::chrono::steady_clock::now() + std::chrono::seconds{5})) return 1;
  if (!heard || ear.spans != 2) return 1;
  std::cout << "context alone\n";
}
