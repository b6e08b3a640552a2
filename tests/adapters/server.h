#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "vitals/console/console.h"
#include "vitals/exporting/scrape.h"

namespace adapters_test {

/// A small service on one framework, with its adapter:
///   GET /eggs/ID    200, and what the log context says of the request; 404 for 0
///   GET /throws/ID  what leaves the handler is thrown by break_an_egg()
///   GET /large/ID   200 and kLarge bytes
/// and metrics and console, mounted by the adapter.
class Server {
 public:
  Server() = default;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  virtual ~Server() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
};

inline constexpr std::size_t kLarge = 8 * 1024 * 1024;

/// What a framework writes for the three routes.
struct Routes {
  std::string eggs;
  std::string throws;
  std::string large;
};

struct Framework {
  const char* name;
  std::unique_ptr<Server> (*start)(vitals::exporting::ScrapeHandler& scrapes,
                                   vitals::console::Console& console);
  Routes routes;
  /// Pistache 0.0.5 by itself: the worker tries to write again and again until the client reads, and
  /// the other connections that it has wait.
  bool slow_reader_holds_a_worker = false;
};

std::unique_ptr<Server> start_httplib(vitals::exporting::ScrapeHandler& scrapes,
                                      vitals::console::Console& console);
std::unique_ptr<Server> start_beast(vitals::exporting::ScrapeHandler& scrapes,
                                    vitals::console::Console& console);
std::unique_ptr<Server> start_restinio(vitals::exporting::ScrapeHandler& scrapes,
                                       vitals::console::Console& console);
std::unique_ptr<Server> start_pistache(vitals::exporting::ScrapeHandler& scrapes,
                                       vitals::console::Console& console);

[[noreturn]] void break_an_egg();
/// The log context's request id, for the answer of /eggs.
std::string what_is_current();

}  // namespace adapters_test
