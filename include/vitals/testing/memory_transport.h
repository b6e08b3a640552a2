#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "vitals/delivery/transport.h"

#pragma GCC visibility push(default)

namespace vitals::testing {

/// One item of an envelope, as it was sent.
struct ParsedItem {
  std::string type;     ///< `event`, `transaction`, …
  std::string header;   ///< JSON
  std::string payload;  ///< JSON for the types above
};

/// An envelope, unpacked and taken apart.
struct ParsedEnvelope {
  std::string header;             ///< JSON
  std::vector<ParsedItem> items;  ///< in the order in which they stand
};

/// Takes a request's body apart, unpacking it where its headers say gzip. An item whose length does
/// not fit what is there ends the list.
/// Source: Sentry developer documentation, "Envelopes".
[[nodiscard]] ParsedEnvelope parse_envelope(const delivery::SendRequest& request);

/// A transport that keeps what it was given, for tests. Not for production: it keeps everything.
///
///     auto transport = std::make_shared<MemoryTransport>();
///     auto guard = sentry::init({.dsn = "https://key@localhost/1", .transport = transport});
///     …
///     sentry::flush(1s);
///     EXPECT_THAT(transport->payloads("event"), SizeIs(1));
///
/// Threads: any.
class MemoryTransport : public delivery::Transport {
 public:
  [[nodiscard]] delivery::SendResult send(const delivery::SendRequest& request) override;
  void cancel() noexcept override;

  /// What was accepted, in order of arrival.
  [[nodiscard]] std::vector<ParsedEnvelope> envelopes() const;
  /// The payloads of one type of items among them.
  [[nodiscard]] std::vector<std::string> payloads(std::string_view type) const;
  /// What was asked for, accepted or not, as it came.
  [[nodiscard]] std::vector<delivery::SendRequest> requests() const;
  /// Waits until `count` envelopes were accepted. False when `timeout` came first.
  [[nodiscard]] bool wait_for(std::size_t count, std::chrono::milliseconds timeout) const;

  /// The answer to every request from now on; of a status alone, 0 is a server that is away.
  void answer_with(int status);
  /// The same with fields of the head and a body.
  void answer_with(delivery::SendResult answer);
  /// From now on a request hangs until cancel() or the next answer_with().
  void hang();
  /// Forgets what was kept.
  void clear();

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  delivery::SendResult answer_{.status = 200};
  bool hanging_ = false;
  bool cancelled_ = false;
  std::vector<delivery::SendRequest> requests_;
  std::vector<ParsedEnvelope> envelopes_;
};

}  // namespace vitals::testing

#pragma GCC visibility pop
