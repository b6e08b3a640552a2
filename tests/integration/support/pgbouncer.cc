#include "integration/support/pgbouncer.h"

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "integration/support/ports.h"

namespace integration {

PgBouncer::PgBouncer(const Postgres& server, const std::string& mode) : port_(free_port()) {
  // Many sessions wait for their turn in the mode that gives one to a client for good.
  const std::string size = mode == "session" ? "60" : "4";
  std::ofstream{folder_.file("users")} << "\"postgres\" \"\"\n";
  std::ofstream{folder_.file("pgbouncer.ini")}
      << "[databases]\n* = host=127.0.0.1 port=" << server.port()
      << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port_
      << "\nunix_socket_dir =\nauth_type = trust\nauth_file = " << folder_.file("users")
      << "\npool_mode = " << mode << "\ndefault_pool_size = " << size
      << "\nserver_idle_timeout = 1\n";
  std::filesystem::permissions(
      folder_.path(), std::filesystem::perms::others_read | std::filesystem::perms::others_exec,
      std::filesystem::perm_options::add);
  std::vector<std::string> command{"pgbouncer", folder_.file("pgbouncer.ini")};
  if (::geteuid() == 0) {  // for whom it does not run
    command.insert(command.begin(), {"setpriv", "--reuid=postgres", "--regid=postgres",
                                     "--clear-groups", "--pdeathsig=KILL"});
  }
  process_ = std::make_unique<Process>(ProcessOptions{.command = std::move(command)});
  const auto answers = [this] {
    const int fd = listen_on(port_);  // it is there once nobody else can be
    if (fd >= 0) ::close(fd);
    return fd < 0;
  };
  if (!eventually([&] { return !process_->running() || answers(); }, 60s) || !process_->running())
    throw std::runtime_error("PgBouncer does not start:\n" + process_->errors());
}

PgBouncer::~PgBouncer() {
  process_->send_signal(SIGKILL);
  static_cast<void>(process_->wait(60s));
}

std::string PgBouncer::url(const std::string& database) const {
  return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

}  // namespace integration
