vitals_test(db_test SOURCES db_pool_test.cc db_store_test.cc DEPS health_agent_db TIMEOUT 120)
vitals_test(cache_test SOURCES cache_memory_test.cc cache_users_test.cc DEPS health_agent_cache TIMEOUT 120)
