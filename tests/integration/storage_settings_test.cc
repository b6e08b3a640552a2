#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "integration/fixture.h"

namespace integration {
namespace {

struct BadUrl {
  std::string variable;
  std::string value;
  std::string named;  ///< what the message has to name
};

TEST(StorageSettings, BadUrlsAreRefusedByNameAndTheirSecretsAreNotShown) {
  const std::vector<BadUrl> all{
      {"DATABASE_URL", "postgresql://u:hunter2@host:port/db", "port"},
      {"DATABASE_URL", "postgresql://u:hunter2@host:70000/db", "port"},
      {"DATABASE_URL", "postgresql://u:hunter2@host:5432/", "name"},
      {"DATABASE_URL", "postgresql://u:hunter2@/db", "host"},
      {"DATABASE_URL", "postgresql://u:hun%zzter2@host/db", "password"},
      {"DATABASE_URL", "postgresql://u:hunter2", "host"},
      {"DATABASE_URL", "postgresql://u:hunter2@[::1/db", "host"},
      {"DATABASE_URL", "postgresql://u@host/db?password=hunter2&nonsense=1", "parameter"},
      {"DATABASE_URL", "postgresql:u:hunter2@host/db", "scheme"},
      {"DATABASE_URL", "mysql://u:hunter2@host/db", "scheme"},
      {"DATABASE_URL", "sqlite::memory:", "memory"},
      {"REDIS_URL", "http://u:hunter2@host:6379", "redis://"},
      {"REDIS_URL", "rediss://u:hunter2@host:port/0", "port"},
      {"REDIS_URL", "redis://u:hunter2@host:port/0", "port"},
      {"REDIS_URL", "redis://u:hunter2@host:6379/zero", "database"},
      {"REDIS_URL", "redis://u:hunter2@:6379", "host"},
      {"REDIS_URL", "redis://:hunter2", "host"},
      {"REDIS_URL", "redis://hunter2@host", "user"},
      {"REDIS_URL", "redis://u:%00hunter2@host", "password"},
      {"REDIS_URL", "redis://host/0?password=hunter2", "database"},
  };
  for (const BadUrl& bad : all) {
    SCOPED_TRACE(bad.variable + "=" + bad.value);
    const Finished end = run_service(health_agent({{bad.variable, bad.value}}));
    ASSERT_TRUE(end.status);
    EXPECT_EQ(end.status->code, 78);
    EXPECT_NE(end.errors.find("  " + bad.variable + ": "), std::string::npos) << end.errors;
    const std::size_t accepted = end.errors.find("accepted: ");
    ASSERT_NE(accepted, std::string::npos) << end.errors;
    EXPECT_NE(end.errors.find(bad.named, accepted), std::string::npos) << end.errors;
    EXPECT_EQ(end.errors.find("hunter2"), std::string::npos) << end.errors;
    EXPECT_EQ(end.errors.find("hun%zzter2"), std::string::npos) << end.errors;
  }
}

TEST(StorageSettings, AllThatIsWrongIsSaidAtOnce) {
  const Finished end = run_service(health_agent({{"DATABASE_URL", "postgresql://h:x/d"},
                                                 {"REDIS_URL", "redis://h:x"},
                                                 {"DATABASE_POOL_SIZE", "0"},
                                                 {"CACHE_TTL_SECONDS", "-1"}}));
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 78);
  for (const char* name : {"DATABASE_URL", "REDIS_URL", "DATABASE_POOL_SIZE", "CACHE_TTL_SECONDS"})
    EXPECT_NE(end.errors.find(name), std::string::npos) << end.errors;
}

}  // namespace
}  // namespace integration
