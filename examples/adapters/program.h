#pragma once

#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "vitals/console/monitoring.h"
#include "vitals/exporting/exposer.h"
#include "vitals/exporting/scrape.h"

/// What the examples without an HTTP server share: their metrics on a port of their own, until the
/// standard input ends.
class Program {
 public:
  explicit Program(const char* name) : monitoring_({.name = name, .release = "example@1"}) {
    auto started = vitals::exporting::Exposer::start({.port = 0}, monitoring_.scrapes());
    if (!started) throw std::runtime_error(started.error().message);
    exposer_ = std::move(*started);
    std::cout << "listening on " << exposer_->port() << std::endl;
  }
  ~Program() {
    std::string line;
    while (std::getline(std::cin, line)) {
    }
  }

 private:
  vitals::console::Monitoring monitoring_;
  std::unique_ptr<vitals::exporting::Exposer> exposer_;
};

inline std::string setting(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string{name} + " is not set");
  return value;
}
