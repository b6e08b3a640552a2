#include "integration/support/redis.h"

#include <csignal>
#include <stdexcept>

#include "integration/support/ports.h"

namespace integration {

Redis::Redis(std::vector<std::string> options) : port_(free_port()), options_(std::move(options)) {
  start();
}

Redis::~Redis() {
  stop();
}

void Redis::start() {
  std::vector<std::string> words{"redis-server",
                                 "--port",
                                 std::to_string(port_),
                                 "--bind",
                                 "127.0.0.1",
                                 "--save",
                                 "",
                                 "--appendonly",
                                 "no",
                                 "--dir",
                                 folder_.path(),
                                 "--daemonize",
                                 "no"};
  words.insert(words.end(), options_.begin(), options_.end());
  process_ = std::make_unique<Process>(ProcessOptions{.command = std::move(words)});
  // One that wants a password answers too.
  const bool up = eventually(
      [this] { return !process_->running() || !ask({"PING"}).starts_with("Could not"); }, 60s);
  if (!up || !process_->running())
    throw std::runtime_error("Redis does not start:\n" + process_->output() + process_->errors());
}

void Redis::stop() {
  if (!process_) return;
  process_->send_signal(SIGCONT);
  process_->send_signal(SIGKILL);
  static_cast<void>(process_->wait(30s));
  process_.reset();
}

std::string Redis::url(int database) const {
  return "redis://127.0.0.1:" + std::to_string(port_) + "/" + std::to_string(database);
}

std::string Redis::ask(std::vector<std::string> words) const {
  std::vector<std::string> all{"redis-cli", "-h", "127.0.0.1", "-p", std::to_string(port_)};
  all.insert(all.end(), words.begin(), words.end());
  const Finished end = run({.command = std::move(all)});
  return end.output + end.errors;
}

void Redis::freeze() const {
  process_->send_signal(SIGSTOP);
}

void Redis::thaw() const {
  process_->send_signal(SIGCONT);
}

}  // namespace integration
