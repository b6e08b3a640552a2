#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "delivery/gzip.h"
#include "delivery/policy.h"
#include "otlp/encode/request.h"
#include "otlp/encode/spans.h"
#include "vitals/otlp/options.h"
#include "vitals/stack/symbolizer.h"

namespace vitals::otlp::detail {

/// What a sending thread needs to write requests. Threads: one each.
struct Encoders {
  SpanEncoder spans;
  stack::Symbolizer& symbolizer;
  Privacy privacy;
};

/// Some items of one signal that go out as one request.
class Batch : public delivery::detail::Cargo {
 public:
  explicit Batch(Signal signal) noexcept : signal_(signal) {}

  /// How many items it holds. Always the same.
  [[nodiscard]] virtual std::uint32_t items() const noexcept = 0;
  /// Appends the request. Throws std::bad_alloc.
  virtual void write(Encoders& encoders, std::string_view resource, Protocol protocol,
                     std::string& out) const = 0;
  void count_dropped(delivery::detail::DropReason reason) const noexcept override;

 private:
  const Signal signal_;
};

/// How a receiver of OTLP is delivered one signal to. Threads: any.
/// Source: OpenTelemetry Protocol, "OTLP/HTTP Response", "Retryable Response Codes".
class SignalPolicy final : public delivery::detail::Policy {
 public:
  /// The options must outlive it.
  SignalPolicy(Signal signal, const Options& options, const SignalOptions& own);

  void begin_thread() noexcept override;
  [[nodiscard]] std::unique_ptr<delivery::detail::Packer> make_packer() override;
  void count_dropped(const delivery::detail::Contents* contents,
                     delivery::detail::DropReason reason) noexcept override;
  /// On stderr, when Options::debug is set.
  void say(std::string_view what, std::string_view detail) noexcept override;
  using Policy::say;
  /// Of what a person should know of: once in a minute, whatever Options::debug is.
  void warn(std::string_view what, std::string_view detail) const noexcept;

  [[nodiscard]] Signal signal() const noexcept { return signal_; }
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] const SignalOptions& own() const noexcept { return own_; }
  [[nodiscard]] const std::string& resource() const noexcept { return resource_; }
  [[nodiscard]] stack::Symbolizer& symbolizer() noexcept { return symbolizer_; }

 private:
  const Signal signal_;
  const Options& options_;
  const SignalOptions& own_;
  const std::string resource_;
  stack::Symbolizer symbolizer_;
  mutable std::atomic<std::int64_t> warned_{0};  // by the steady clock
};

/// Turns one batch into a request, and knows what to make of the answer. Threads: one each.
class BatchPacker final : public delivery::detail::Packer {
 public:
  explicit BatchPacker(SignalPolicy& policy);

  [[nodiscard]] delivery::detail::Step open(std::size_t lane,
                                            const delivery::detail::Cargo& cargo) override;
  [[nodiscard]] delivery::detail::Step pack(std::size_t lane, const delivery::detail::Cargo& cargo,
                                            delivery::detail::Parcel& parcel) override;
  [[nodiscard]] const delivery::SendRequest* address(delivery::detail::Parcel& parcel) override;
  [[nodiscard]] delivery::detail::Verdict judge(
      const delivery::detail::Parcel& parcel, const delivery::SendResult& result) noexcept override;
  [[nodiscard]] std::chrono::milliseconds pause() const noexcept override { return pause_; }

 private:
  void take_pause(const delivery::SendResult& result) noexcept;
  void tell_refused(const delivery::SendResult& result) noexcept;
  void tell_partial(std::uint64_t rejected, std::uint32_t items, std::string_view message) noexcept;

  SignalPolicy& policy_;
  Encoders encoders_;
  delivery::detail::Gzip gzip_;
  std::size_t plain_headers_ = 0;
  std::chrono::milliseconds pause_{0};
  delivery::SendRequest request_;
};

}  // namespace vitals::otlp::detail
