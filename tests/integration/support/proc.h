#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace integration {

/// One TCP socket that a process holds. `remote_port` is 0 for a listening one.
struct TcpSocket {
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  bool listening = false;
};

/// All sockets of a process: TCP ones (IPv4 and IPv6), and how many others (UDP, Unix, …) there
/// are.
struct Sockets {
  std::vector<TcpSocket> tcp;
  std::size_t others = 0;

  [[nodiscard]] std::vector<std::uint16_t> listening_ports() const;
};

[[nodiscard]] Sockets sockets_of(pid_t pid);
[[nodiscard]] std::size_t threads_of(pid_t pid);
/// In the order they were started in.
[[nodiscard]] std::vector<std::string> thread_names_of(pid_t pid);
[[nodiscard]] std::size_t open_files_of(pid_t pid);
/// Resident memory in bytes.
[[nodiscard]] std::size_t memory_of(pid_t pid);

/// Sets the soft limit (RLIMIT_…) of a process that runs, and gives back what it was. The hard one
/// stays, so that it can be set back.
std::uint64_t set_limit(pid_t pid, int limit, std::uint64_t value);

/// Time on the processor in seconds.
struct CpuTime {
  double user = 0;
  double system = 0;

  [[nodiscard]] double total() const noexcept { return user + system; }
};

/// What all threads of a process, also those that have ended, took so far.
[[nodiscard]] CpuTime cpu_time_of(pid_t pid);

}  // namespace integration
