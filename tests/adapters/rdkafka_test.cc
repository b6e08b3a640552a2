#include "vitals/adapters/rdkafka.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "adapters/recorded.h"
#include "vitals/context/span.h"
#include "vitals/monitor/job.h"
#include "vitals/monitor/log_context.h"

namespace adapters_test {
namespace {

using ::testing::SizeIs;

class Kafka : public Recorded {
 protected:
  static std::unique_ptr<RdKafka::Conf> configuration(
      std::initializer_list<std::pair<const char*, std::string>> settings) {
    std::unique_ptr<RdKafka::Conf> made{RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL)};
    std::string error;
    for (const auto& [name, value] : settings)
      if (made->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
    return made;
  }
};

// librdkafka has a cluster of its own for tests; the client is the real one.
TEST_F(Kafka, AMessageIsCountedOnBothSidesAndCarriesItsTrace) {
  std::string error;
  const std::unique_ptr<RdKafka::Producer> producer{
      RdKafka::Producer::create(configuration({{"test.mock.num.brokers", "1"}}).get(), error)};
  ASSERT_NE(producer, nullptr) << error;
  std::string trace;
  {
    vitals::monitor::JobScope job{"publish"};
    const auto publish = vitals::context::start_transaction(
        {.name = "t", .op = "test"},
        {.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03",
         .tracestate = "rojo=1"});
    const auto active = publish.activate();
    trace = publish.trace_id().str();
    EXPECT_EQ(vitals::adapters::kafka_produce(*producer, "eggs", "brown", "7"),
              RdKafka::ERR_NO_ERROR);
    EXPECT_EQ(vitals::adapters::kafka_produce(*producer, "eggs", "broken"), RdKafka::ERR_NO_ERROR);
    job.succeed();
  }
  ASSERT_EQ(producer->flush(20'000), RdKafka::ERR_NO_ERROR);
  std::unique_ptr<RdKafka::Metadata> cluster;
  {
    RdKafka::Metadata* found = nullptr;
    ASSERT_EQ(producer->metadata(true, nullptr, &found, 20'000), RdKafka::ERR_NO_ERROR);
    cluster.reset(found);
  }
  ASSERT_FALSE(cluster->brokers()->empty());
  const auto* const broker = cluster->brokers()->front();
  const std::unique_ptr<RdKafka::KafkaConsumer> consumer{RdKafka::KafkaConsumer::create(
      configuration({{"bootstrap.servers", broker->host() + ":" + std::to_string(broker->port())},
                     {"group.id", "nest"},
                     {"auto.offset.reset", "earliest"}})
          .get(),
      error)};
  ASSERT_NE(consumer, nullptr) << error;
  ASSERT_EQ(consumer->subscribe({"eggs"}), RdKafka::ERR_NO_ERROR);
  int handled = 0;
  int failed = 0;
  for (int i = 0; i < 600 && handled + failed < 2; ++i) {
    const std::unique_ptr<RdKafka::Message> message{consumer->consume(100)};
    if (message->err() != RdKafka::ERR_NO_ERROR) continue;
    const bool good = vitals::adapters::kafka_consume(*message, [&] {
      EXPECT_EQ(vitals::context::current_span().trace_id().str(), trace);
      EXPECT_EQ(vitals::context::current_span().tracestate(), "rojo=1");
      EXPECT_FALSE(vitals::monitor::current_log_context().request_id.empty());
      const std::string payload{static_cast<const char*>(message->payload()), message->len()};
      if (payload == "broken") throw std::runtime_error{"a broken egg"};
    });
    ++(good ? handled : failed);
  }
  consumer->close();
  EXPECT_EQ(handled, 1);
  EXPECT_EQ(failed, 1);
  EXPECT_EQ(total("messages_published_total", {{"destination", "eggs"}, {"status", "success"}}), 2);
  EXPECT_EQ(total("messages_processed_total", {{"destination", "eggs"}, {"status", "success"}}), 1);
  EXPECT_EQ(total("messages_processed_total", {{"destination", "eggs"}, {"status", "error"}}), 1);
  EXPECT_EQ(total("message_age_seconds_count", {{"destination", "eggs"}}), 2);
  const auto errors = sentry_.errors();
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].exceptions.back().value, "a broken egg");
}

}  // namespace
}  // namespace adapters_test
