find_package(nlohmann_json REQUIRED)
vitals_test(health_agent_bot_test
  SOURCES bot_lanes_test.cc bot_responses_test.cc bot_text_test.cc bot_typing_test.cc bot_update_test.cc ../failing_memory.cc
  DEPS health_agent_db_testing health_agent_bot integration_support SQLite::SQLite3 vitals::testing nlohmann_json::nlohmann_json)
vitals_test(health_agent_doctor_test
  SOURCES doctor_test.cc
  DEPS health_agent_service nlohmann_json::nlohmann_json)
