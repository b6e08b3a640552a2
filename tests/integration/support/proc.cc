#include "integration/support/proc.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

#include "integration/support/process.h"

namespace integration {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(pid_t pid) {
  return fs::path{"/proc"} / std::to_string(pid);
}

std::size_t entries(const fs::path& folder) {
  std::error_code error;
  const auto count = std::distance(fs::directory_iterator{folder, error}, fs::directory_iterator{});
  return static_cast<std::size_t>(count);
}

std::uint16_t port_in(const std::string& address) {
  return static_cast<std::uint16_t>(
      std::stoul(address.substr(address.rfind(':') + 1), nullptr, 16));
}

// Lines of /proc/PID/net/tcp: number, local address, remote address, state, …, the inode as the
// tenth word.
void read_table(const fs::path& file, std::map<std::string, TcpSocket>& by_inode) {
  std::ifstream table{file};
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream words{line};
    std::vector<std::string> word;
    for (std::string text; words >> text;)
      word.push_back(text);
    if (word.size() < 10) continue;
    by_inode[word[9]] = {port_in(word[1]), port_in(word[2]), word[3] == "0A"};
  }
}

}  // namespace

std::vector<std::uint16_t> Sockets::listening_ports() const {
  std::vector<std::uint16_t> ports;
  for (const TcpSocket& socket : tcp) {
    if (socket.listening) ports.push_back(socket.local_port);
  }
  std::sort(ports.begin(), ports.end());
  return ports;
}

Sockets sockets_of(pid_t pid) {
  std::map<std::string, TcpSocket> by_inode;
  read_table(folder_of(pid) / "net/tcp", by_inode);
  read_table(folder_of(pid) / "net/tcp6", by_inode);
  Sockets result;
  for (const auto& entry : fs::directory_iterator{folder_of(pid) / "fd"}) {
    std::error_code error;
    const std::string target = fs::read_symlink(entry.path(), error).string();
    if (error || !target.starts_with("socket:[")) continue;
    const auto found = by_inode.find(target.substr(8, target.size() - 9));
    if (found == by_inode.end()) {
      ++result.others;
    } else {
      result.tcp.push_back(found->second);
    }
  }
  return result;
}

std::size_t threads_of(pid_t pid) {
  return entries(folder_of(pid) / "task");
}

std::vector<std::string> thread_names_of(pid_t pid) {
  std::map<long, std::string> by_id;
  for (const auto& entry : fs::directory_iterator{folder_of(pid) / "task"}) {
    std::string name = read_file((entry.path() / "comm").string());
    while (!name.empty() && name.back() == '\n')
      name.pop_back();
    by_id[std::stol(entry.path().filename().string())] = std::move(name);
  }
  std::vector<std::string> names;
  for (auto& [id, name] : by_id)
    names.push_back(std::move(name));
  return names;
}

std::size_t open_files_of(pid_t pid) {
  return entries(folder_of(pid) / "fd");
}

std::size_t memory_of(pid_t pid) {
  std::istringstream text{read_file((folder_of(pid) / "statm").string())};
  std::size_t total = 0;
  std::size_t resident = 0;
  text >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

CpuTime cpu_time_of(pid_t pid) {
  const std::string text = read_file((folder_of(pid) / "stat").string());
  // The name in brackets may hold spaces, so count from behind it: utime and stime are the 12th and
  // 13th words there.
  std::istringstream words{text.substr(text.rfind(')') + 1)};
  std::string skipped;
  for (int i = 0; i < 11; ++i)
    words >> skipped;
  double user = 0;
  double system = 0;
  words >> user >> system;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return {user / ticks, system / ticks};
}

std::uint64_t set_limit(pid_t pid, int limit, std::uint64_t value) {
  const auto which = static_cast<__rlimit_resource>(limit);
  rlimit now{};
  if (::prlimit(pid, which, nullptr, &now) != 0) throw std::runtime_error("prlimit cannot read");
  const rlimit wanted{std::min<rlim_t>(value, now.rlim_max), now.rlim_max};
  if (::prlimit(pid, which, &wanted, nullptr) != 0) throw std::runtime_error("prlimit cannot set");
  return now.rlim_cur;
}

}  // namespace integration
