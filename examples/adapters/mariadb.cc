// Queries by MariaDB's client.
#include "vitals/adapters/mariadb.h"

#include "program.h"
#include "vitals/monitor/job.h"

int main() {
  const Program program{"mariadb"};
  MYSQL* const connection = mysql_init(nullptr);
  if (mysql_real_connect(connection, nullptr, "root", nullptr, nullptr, 0,
                         setting("MARIADB_SOCKET").c_str(), 0) == nullptr) {
    std::cerr << mysql_error(connection) << '\n';
    return 1;
  }
  const auto run = [&](const char* sql) {
    if (vitals::adapters::mariadb_query(connection, sql, "eggs") != 0)
      throw std::runtime_error(mysql_error(connection));
  };
  try {
    vitals::monitor::track_job("lay", [&] {
      run("CREATE DATABASE farm");
      run("CREATE TABLE farm.eggs (id int PRIMARY KEY)");
      run("INSERT INTO farm.eggs VALUES (7)");
      run("INSERT INTO farm.eggs VALUES (7)");  // breaks: there is one
    });
  } catch (const std::exception&) {
    // The event is on its way.
  }
  mysql_close(connection);
}
