#pragma once

#include <librdkafka/rdkafkacpp.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "vitals/monitor/log_context.h"
#include "vitals/monitor/messages.h"

/// librdkafka's C++ client and vitals::monitor's ProduceScope and ConsumeScope. Header-only.
namespace vitals::adapters {

/// Gives a message to the producer as RdKafka::Producer::produce() does, with the trace and the
/// current request's id in its headers. It counts as published when the producer has taken it; what
/// becomes of it later the delivery report says. The payload is copied.
///
///     const RdKafka::ErrorCode error = adapters::kafka_produce(*producer, "orders", payload, key);
inline RdKafka::ErrorCode kafka_produce(RdKafka::Producer& producer, const std::string& topic,
                                        std::string_view payload, std::string_view key = {},
                                        std::int32_t partition = RdKafka::Topic::PARTITION_UA) {
  monitor::ProduceScope message{"kafka", topic};
  std::unique_ptr<RdKafka::Headers> headers{RdKafka::Headers::create()};
  const context::TraceHeaders trace = message.headers();
  const std::string request_id{monitor::current_log_context().request_id};
  if (!request_id.empty()) headers->add("x-request-id", request_id);
  trace.for_each([&headers](std::string_view name, const std::string& value) {
    headers->add(std::string{name}, value);
  });
  const RdKafka::ErrorCode error = producer.produce(
      topic, partition, RdKafka::Producer::RK_MSG_COPY, const_cast<char*>(payload.data()),
      payload.size(), key.empty() ? nullptr : key.data(), key.size(), 0, headers.get(), nullptr);
  if (error == RdKafka::ERR_NO_ERROR) {
    static_cast<void>(headers.release());  // the message's now
    message.succeed();
  }
  return error;
}

/// Runs `handler` for one message that a consumer gave, as a ConsumeScope that goes on with the
/// producer's trace. False when it threw: the exception is a Sentry event and ends here. A message
/// that tells of an error is not handled, and gives false too.
///
///     const std::unique_ptr<RdKafka::Message> message{consumer->consume(1000)};
///     if (adapters::kafka_consume(*message, [&] { handle(*message); }))
///       consumer->commitAsync(message.get());
template <class F>
bool kafka_consume(RdKafka::Message& message, F&& handler) {
  if (message.err() != RdKafka::ERR_NO_ERROR) return false;
  const std::string topic = message.topic_name();
  monitor::MessageStart start{.system = "kafka", .destination = topic, .bytes = message.len()};
  std::array<std::string, context::kTraceHeaderNames.size() + 1> values;  // what `start` views
  if (RdKafka::Headers* const headers = message.headers()) {
    std::size_t count = 0;
    const auto read = [&](std::string_view name) {
      const RdKafka::Headers::Header last = headers->get_last(std::string{name});
      if (last.err() != RdKafka::ERR_NO_ERROR || last.value() == nullptr) return;
      std::string& value = values[count++];
      value.assign(static_cast<const char*>(last.value()), last.value_size());
      start.read_header(name, value);
    };
    read("x-request-id");
    for (const std::string_view name : context::kTraceHeaderNames)
      read(name);
  }
  // The producer wrote it, and may have written anything.
  const RdKafka::MessageTimestamp published = message.timestamp();
  constexpr std::int64_t kYear2200 = 7'258'118'400'000;
  if (published.type != RdKafka::MessageTimestamp::MSG_TIMESTAMP_NOT_AVAILABLE &&
      published.timestamp >= 0 && published.timestamp < kYear2200)
    start.published =
        std::chrono::system_clock::time_point{std::chrono::milliseconds{published.timestamp}};
  monitor::ConsumeScope scope{start};
  try {
    std::forward<F>(handler)();
    scope.succeed();
    return true;
  } catch (const std::exception& error) {
    scope.fail_unhandled(error);
  } catch (...) {
    scope.fail_unhandled(std::current_exception());
  }
  return false;
}

}  // namespace vitals::adapters
