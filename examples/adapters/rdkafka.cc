// Messages by librdkafka, on the cluster that it has in itself for tests.
#include "vitals/adapters/rdkafka.h"

#include "program.h"

namespace {

std::unique_ptr<RdKafka::Conf> configured(
    std::initializer_list<std::pair<const char*, std::string>> settings) {
  std::unique_ptr<RdKafka::Conf> made{RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL)};
  std::string error;
  for (const auto& [name, value] : settings)
    if (made->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
  return made;
}

}  // namespace

int main() {
  const Program program{"rdkafka"};
  std::string error;
  const std::unique_ptr<RdKafka::Producer> producer{
      RdKafka::Producer::create(configured({{"test.mock.num.brokers", "1"}}).get(), error)};
  vitals::adapters::kafka_produce(*producer, "eggs", "brown");
  vitals::adapters::kafka_produce(*producer, "eggs", "broken");
  producer->flush(20'000);

  RdKafka::Metadata* cluster = nullptr;
  producer->metadata(true, nullptr, &cluster, 20'000);
  const auto* const broker = cluster->brokers()->front();
  const std::unique_ptr<RdKafka::KafkaConsumer> consumer{RdKafka::KafkaConsumer::create(
      configured({{"bootstrap.servers", broker->host() + ":" + std::to_string(broker->port())},
                  {"group.id", "nest"},
                  {"auto.offset.reset", "earliest"}})
          .get(),
      error)};
  delete cluster;
  consumer->subscribe({"eggs"});
  for (int seen = 0; seen < 2;) {
    const std::unique_ptr<RdKafka::Message> message{consumer->consume(100)};
    if (message->err() != RdKafka::ERR_NO_ERROR) continue;
    ++seen;
    vitals::adapters::kafka_consume(*message, [&] {
      const std::string egg{static_cast<const char*>(message->payload()), message->len()};
      if (egg == "broken") throw std::runtime_error{"a broken egg"};
    });
  }
  consumer->close();
}
