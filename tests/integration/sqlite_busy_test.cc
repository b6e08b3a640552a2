#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "integration/fixture.h"

namespace integration {
namespace {

/// Another process that writes to a database in WAL mode and does not come to an end. Source:
/// SQLite documentation, "WAL-mode File Format": who writes has locked byte 120 of the index.
class EndlessWriter {
 public:
  explicit EndlessWriter(const std::string& database)
      : index_(::open((database + "-shm").c_str(), O_RDWR | O_CLOEXEC)) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = 120;
    lock.l_len = 1;
    EXPECT_EQ(::fcntl(index_, F_SETLKW, &lock), 0) << "nobody has the database open";
  }
  ~EndlessWriter() { ::close(index_); }
  EndlessWriter(const EndlessWriter&) = delete;
  EndlessWriter& operator=(const EndlessWriter&) = delete;

 private:
  int index_;
};

TEST(SqliteBusy, HealthIsSaidAtOnceWhileEveryConnectionWaitsForAWriter) {
  const TempDir folder;
  const Service service{health_agent(
      {{"DATABASE_URL", "sqlite:" + folder.file("food.db")}, {"DATABASE_POOL_SIZE", "2"}})};
  Http client = service.http();
  create_user(client, "ann");
  std::atomic<bool> done{false};
  std::vector<std::thread> writers;
  {
    const EndlessWriter other{folder.file("food.db")};
    for (int i = 0; i < 8; ++i) {
      writers.emplace_back([&, writer = service.http()]() mutable {
        while (!done)
          writer.patch("/api/v1/users/ann/profile", {{"field", "n"}, {"value", 1}});
      });
    }
    EXPECT_LT(quickest_health(client), 0.5 * kSlowness);
    EXPECT_EQ(client.get("/api/health").status, 200) << "a restart would not help";
    done = true;
  }
  for (std::thread& writer : writers)
    writer.join();
  EXPECT_TRUE(eventually([&] { return service.healthy(); }));
}

}  // namespace
}  // namespace integration
