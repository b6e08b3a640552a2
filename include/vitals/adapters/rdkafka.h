#pragma once

#include <librdkafka/rdkafkacpp.h>

#include <chrono>
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
  if (!trace.sentry_trace.empty()) headers->add("sentry-trace", trace.sentry_trace);
  if (!trace.baggage.empty()) headers->add("baggage", trace.baggage);
  if (!trace.traceparent.empty()) headers->add("traceparent", trace.traceparent);
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
  const auto field = [&message](const char* name) {
    RdKafka::Headers* const headers = message.headers();
    if (headers == nullptr) return std::string{};
    const RdKafka::Headers::Header last = headers->get_last(name);
    if (last.err() != RdKafka::ERR_NO_ERROR || last.value() == nullptr) return std::string{};
    return std::string{static_cast<const char*>(last.value()), last.value_size()};
  };
  const std::string topic = message.topic_name();
  const std::string trace = field("sentry-trace");
  const std::string baggage = field("baggage");
  const std::string parent = field("traceparent");
  const std::string request_id = field("x-request-id");
  monitor::MessageStart start{.system = "kafka",
                              .destination = topic,
                              .bytes = message.len(),
                              .request_id = request_id,
                              .sentry_trace = trace,
                              .baggage = std::string_view{baggage},
                              .traceparent = parent};
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
