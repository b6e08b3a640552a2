#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "integration/support/envelope.h"
#include "integration/support/form.h"
#include "integration/support/http_server.h"
#include "integration/support/ports.h"
#include "integration/support/process.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/sentry/client.h"
#include "vitals/sentry/metric.h"

// What Sentry's official SDK for Node sends is the pattern: the client's own has the same form.
namespace integration {
namespace {

namespace context = vitals::context;
namespace sentry = vitals::sentry;

/// An item with the header of its envelope.
struct Item {
  Json envelope;
  Json header;
  Json payload;
};

/// Items of an envelope whose payloads are lines: the SDK for Node gives them no length.
std::vector<Item> lines_of(const std::string& text) {
  std::istringstream lines{text};
  std::string envelope;
  std::getline(lines, envelope);
  std::vector<Item> items;
  std::string payload;
  for (std::string header; std::getline(lines, header) && std::getline(lines, payload);)
    items.push_back({Json::parse(envelope), Json::parse(header), Json::parse(payload)});
  return items;
}

/// Keeps all envelopes that come.
class Book {
 public:
  [[nodiscard]] std::string dsn() const {
    return "http://d0c0ffee0123456789abcdef01234567@127.0.0.1:" + std::to_string(server_.port()) +
           "/42";
  }
  /// The only item of that type.
  [[nodiscard]] Item only(const std::string& type) const {
    const std::lock_guard lock{mutex_};
    std::vector<Item> found;
    for (const std::string& text : texts_) {
      for (Item& item : lines_of(text)) {
        if (item.header["type"] == type) found.push_back(std::move(item));
      }
    }
    if (found.size() != 1) throw std::runtime_error(std::to_string(found.size()) + " of " + type);
    return found.front();
  }
  [[nodiscard]] std::vector<std::string> faults() const {
    const std::lock_guard lock{mutex_};
    std::vector<std::string> all;
    for (const std::string& text : texts_) {
      const std::vector<std::string> found = parse_envelope(text).faults;
      all.insert(all.end(), found.begin(), found.end());
    }
    return all;
  }

 private:
  ServerAnswer take(const ServerRequest& request) {
    const bool packed = request.headers.contains("content-encoding");
    const std::lock_guard lock{mutex_};
    texts_.push_back(packed ? gunzip(request.body) : request.body);
    return {};
  }

  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
  HttpServer server_{free_port(), [this](const ServerRequest& request) { return take(request); }};
};

void send_by_node(const Book& book) {
  const Finished finished = run({.command = {"sh", "-c",
                                             "PATH=node_modules/.bin:$PATH exec node "
                                             "sentry_stream.cjs " +
                                                 book.dsn()},
                                 .directory = PEERS_FOLDER});
  ASSERT_TRUE(finished.status) << "`scripts/bootstrap test` installs node and the SDK";
  ASSERT_EQ(finished.status->code, 0) << finished.output << finished.errors;
}

/// The same as peers/sentry_stream.cjs.
void send_by_vitals(const Book& book) {
  sentry::Options options;
  options.dsn = book.dsn();
  options.environment = "test";
  options.release = "kitchen@1.2.3";
  options.server_name = "stove";
  options.traces_sample_rate = 1;
  options.trace_lifecycle = sentry::TraceLifecycle::kStream;
  options.enable_metrics = true;
  options.handle_crashes = false;
  auto guard = sentry::init(std::move(options));
  ASSERT_TRUE(guard) << guard.error().message;
  const context::Scope scope = context::Scope::fork();
  const auto active = scope.activate();
  scope.set_user({.id = "ann"});
  const context::Span root =
      context::start_transaction({.name = "GET /orders", .op = "http.server"});
  {
    const auto current = root.activate();
    root.set_data("eggs", 12);
    root.set_data("ratio", 0.5);
    root.set_data("fresh", true);
    root.set_data("kitchen", "north");
    const context::Span query = context::start_span("db", "SELECT * FROM orders");
    query.set_data("db.system.name", "sqlite");
    query.set_status(context::SpanStatus::kInternalError);
    query.finish();
    sentry::count("orders.placed", 1, {{"till", 4}});
    sentry::gauge("pots.free", 3);
    sentry::distribution("order.total", 12.5, "euro");
  }
  root.finish();
  EXPECT_TRUE(guard->end(std::chrono::seconds{60}));
}

/// The form of a value: of an object each member's, of all else its type.
void expect_same_form(const Json& theirs, const Json& ours, const std::string& path,
                      const std::set<std::string>& theirs_alone) {
  SCOPED_TRACE(path);
  if (theirs.is_number() && ours.is_number()) return;
  ASSERT_EQ(std::string{theirs.type_name()}, std::string{ours.type_name()});
  if (!theirs.is_object()) return;
  for (const auto& [name, value] : theirs.items()) {
    if (theirs_alone.contains(name)) continue;
    EXPECT_TRUE(ours.contains(name)) << name << ", which theirs has: " << theirs;
    if (ours.contains(name)) expect_same_form(value, ours[name], path + "." + name, theirs_alone);
  }
}

/// Attributes of the same name have the same type by the protocol's word too.
void expect_same_types(const Json& theirs, const Json& ours) {
  for (const auto& [name, attribute] : theirs.items()) {
    if (!ours.contains(name)) continue;
    EXPECT_EQ(ours[name]["type"], attribute["type"]) << name;
  }
}

class SentryPeer : public ::testing::Test {
 protected:
  SentryPeer() {
    send_by_node(node_);
    send_by_vitals(ours_);
  }
  const Json& thing_of(const Item& item, const std::string& name) const {
    static const Json kNone = Json::object();
    for (const Json& one : item.payload.at("items")) {
      if (one["name"] == name) return one;
    }
    ADD_FAILURE() << "no " << name << " in " << item.payload;
    return kNone;
  }

  Book node_;
  Book ours_;
};

TEST_F(SentryPeer, StreamedSpansAndMetricsHaveTheFormOfItsOwnSdk) {
  EXPECT_EQ(ours_.faults(), std::vector<std::string>{});
  // Of their language's integrations and of the order within a millisecond; the rate is in the
  // envelope's `trace`, and the source under the protocol's own name.
  const std::set<std::string> theirs_alone{"sentry.sdk.integrations", "sentry.timestamp.sequence",
                                           "sentry.sample_rate", "sentry.source"};
  for (const std::string type : {"span", "trace_metric"}) {
    SCOPED_TRACE(type);
    const Item theirs = node_.only(type);
    const Item ours = ours_.only(type);
    EXPECT_EQ(theirs.header.at("content_type"), ours.header.at("content_type"));
    EXPECT_EQ(theirs.header.at("item_count"), ours.header.at("item_count"));
    expect_same_form(theirs.envelope, ours.envelope, "envelope", theirs_alone);
    EXPECT_EQ(theirs.envelope.contains("trace"), ours.envelope.contains("trace"));
    const std::vector<std::string> names =
        type == "span" ? std::vector<std::string>{"GET /orders", "SELECT * FROM orders"}
                       : std::vector<std::string>{"orders.placed", "pots.free", "order.total"};
    for (const std::string& name : names) {
      const Json& their_thing = thing_of(theirs, name);
      const Json& our_thing = thing_of(ours, name);
      expect_same_form(their_thing, our_thing, name, theirs_alone);
      expect_same_types(their_thing.at("attributes"), our_thing.at("attributes"));
      for (const char* field : {"status", "is_segment", "type", "value", "unit"}) {
        EXPECT_EQ(their_thing.value(field, Json{}), our_thing.value(field, Json{}))
            << name << ": " << field;
      }
    }
  }
}

}  // namespace
}  // namespace integration
