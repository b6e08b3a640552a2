#include "integration/support/postgres.h"

#include <libpq-fe.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "integration/support/ports.h"
#include "integration/support/wait.h"

namespace integration {
namespace {

namespace fs = std::filesystem;

/// The newest version that is installed.
std::string programs() {
  std::string newest;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql"))
    newest = std::max(newest, version.path().string());
  return newest + "/bin/";
}

/// As the user `postgres` where we are root, whom it does not run for.
std::vector<std::string> command(std::vector<std::string> words) {
  words[0] = programs() + words[0];
  if (::geteuid() != 0) return words;
  std::vector<std::string> all{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                               "--pdeathsig=KILL"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

void give_to_postgres(const std::string& path) {
  if (::geteuid() != 0) return;
  const passwd* user = ::getpwnam("postgres");
  if (user == nullptr) throw std::runtime_error("there is no user postgres");
  if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0)
    throw std::runtime_error("cannot give " + path + " to postgres");
}

void must(ProcessOptions options) {
  const std::string what = options.command.back();
  const Finished end = run(std::move(options), 60s);
  if (!end.status || end.status->code != 0)
    throw std::runtime_error(what + " failed:\n" + end.output + end.errors);
}

/// An empty cluster beside the test programs. The first test that needs it makes it, for the tests
/// of later runs too: initdb costs more than most tests.
fs::path empty_cluster() {
  const std::string version = fs::path{programs()}.parent_path().parent_path().filename();
  const fs::path shared =
      fs::read_symlink("/proc/self/exe").parent_path() / ("postgresql-" + version + "-cluster");
  if (fs::exists(shared)) return shared;
  const TempDir folder;
  give_to_postgres(folder.path());
  must({.command = command({"initdb", "-D", folder.file("data"), "-A", "trust", "-U", "postgres",
                            "-E", "UTF8", "--locale=C", "--no-sync"}),
        .directory = folder.path()});
  const fs::path whole = shared.string() + "." + std::to_string(::getpid());
  must({.command = {"cp", "-a", folder.file("data"), whole.string()}});
  std::error_code another_was_first;
  fs::rename(whole, shared, another_was_first);
  if (another_was_first) fs::remove_all(whole);
  return shared;
}

}  // namespace

Postgres::Postgres(std::vector<std::string> options)
    : port_(free_port()), options_(std::move(options)) {
  give_to_postgres(folder_.path());
  must({.command = {"cp", "-a", empty_cluster().string(), folder_.file("data")}});
  start();
}

Postgres::~Postgres() {
  stop();
}

void Postgres::start() {
  std::vector<std::string> words{"postgres",
                                 "-D",
                                 folder_.file("data"),
                                 "-p",
                                 std::to_string(port_),
                                 "-c",
                                 "listen_addresses=127.0.0.1",
                                 "-c",
                                 "unix_socket_directories=" + folder_.path(),
                                 "-c",
                                 "fsync=off"};
  for (const std::string& option : options_) {
    words.emplace_back("-c");
    words.push_back(option);
  }
  process_ = std::make_unique<Process>(
      ProcessOptions{.command = command(std::move(words)), .directory = folder_.path()});
  if (!eventually([this] { return !process_->running() || answers(); }, 60s) ||
      !process_->running()) {
    throw std::runtime_error("PostgreSQL does not start:\n" + process_->errors());
  }
}

void Postgres::stop() {
  if (!process_) return;
  process_->send_signal(SIGINT);
  static_cast<void>(process_->wait(60s));
  log_ += process_->errors();
  process_.reset();
}

bool Postgres::answers() const {
  try {
    return ask("SELECT 1") == "1\n";
  } catch (const std::runtime_error&) {
    return false;
  }
}

std::string Postgres::create_database() const {
  static std::atomic<int> count{0};
  const std::string name = "test" + std::to_string(++count);
  ask("CREATE DATABASE " + name);
  return name;
}

std::string Postgres::url(const std::string& database) const {
  return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

std::string Postgres::ask(const std::string& sql, const std::string& database) const {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection{
      PQconnectdb(
          (url(database) + "?sslmode=disable&gssencmode=disable&connect_timeout=20").c_str()),
      &PQfinish};
  const std::unique_ptr<PGresult, decltype(&PQclear)> result{PQexec(connection.get(), sql.c_str()),
                                                             &PQclear};
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
    throw std::runtime_error("PostgreSQL: " + std::string{PQerrorMessage(connection.get())});
  std::string rows;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      if (column > 0) rows += '|';
      rows += PQgetvalue(result.get(), row, column);
    }
    rows += '\n';
  }
  return rows;
}

int Postgres::kill_connections(const std::string& database) const {
  return std::stoi(
      ask("SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) FROM"
          " pg_stat_activity WHERE datname = '" +
          database + "') AS killed"));
}

bool Postgres::end_connections(const std::string& database) const {
  std::istringstream ended{
      ask("SELECT pid FROM (SELECT pid, pg_terminate_backend(pid) FROM"
          " pg_stat_activity WHERE datname = '" +
          database + "') AS ended")};
  const std::vector<pid_t> sessions{std::istream_iterator<pid_t>{ended}, {}};
  return !sessions.empty() && eventually([&] {
    return std::all_of(sessions.begin(), sessions.end(),
                       [](pid_t session) { return ::kill(session, 0) != 0; });
  });
}

// Its processes are children of the postmaster.
void Postgres::signal_all(int signal) const {
  std::vector<pid_t> all{process_->pid()};
  std::istringstream children{read_file("/proc/" + std::to_string(process_->pid()) + "/task/" +
                                        std::to_string(process_->pid()) + "/children")};
  for (pid_t child = 0; children >> child;)
    all.push_back(child);
  for (const pid_t pid : all)
    ::kill(pid, signal);
}

void Postgres::freeze() const {
  signal_all(SIGSTOP);
}

void Postgres::thaw() const {
  signal_all(SIGCONT);
}

std::string Postgres::log() const {
  return process_ ? log_ + process_->errors() : log_;
}

}  // namespace integration
