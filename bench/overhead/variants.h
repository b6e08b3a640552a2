#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "integration/support/service.h"

namespace overhead {

/// One way of running the service that is compared with the others.
struct Variant {
  char letter;
  std::string name;
  std::string program;
  integration::Settings settings;
};

/// A server for envelopes that runs at the lowest priority, so that the service comes first where
/// cores are few.
class Sink {
 public:
  enum class Mode { kAnswer, kHang };

  Sink(const std::string& program, Mode mode);
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::string dsn() const;
  /// Ends it; `requests N bytes N connections N`.
  std::string stop();

 private:
  std::unique_ptr<integration::Process> process_;
  std::string port_;
};

struct Programs {
  std::string service;  ///< With the monitoring compiled in.
  std::string floor;    ///< Without.
  std::string sink;
};

/// The six ways, (a) first, which the others are compared with. `answering` and `hanging` must
/// outlive their use.
[[nodiscard]] std::vector<Variant> variants(const Programs& programs, const Sink& answering,
                                            const Sink& hanging);

}  // namespace overhead
