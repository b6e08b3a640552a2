vitals_test(health_agent_db_test
  SOURCES db_leases_test.cc db_telegram_updates_test.cc db_migrations_test.cc db_pool_test.cc
          db_store_test.cc db_store_failures_test.cc db_probe_test.cc db_turnstile_test.cc db_outage_test.cc db_url_test.cc
  DEPS health_agent_db_testing health_agent_db health_agent_base vitals::testing soci::sqlite3
  TIMEOUT 120)
vitals_test(health_agent_cache_test
  SOURCES ../failing_memory.cc cache_memory_test.cc cache_redis_test.cc cache_users_test.cc
  DEPS health_agent_db_testing health_agent_cache health_agent_db integration_support vitals::testing SQLite::SQLite3
  TIMEOUT 120)
