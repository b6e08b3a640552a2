vitals_test(health_agent_service_test
  SOURCES address_test.cc admission_test.cc coach_test.cc faults_test.cc http_answer_test.cc json_input_test.cc json_output_test.cc log_text_test.cc private_files_test.cc rate_limit_test.cc
          route_table_test.cc settings_test.cc target_test.cc time_test.cc time_zone_test.cc unread_watch_test.cc
  DEPS health_agent_db_testing health_agent_api vitals::testing
  TABLES Settings/EachBadVariable)

vitals_test(health_agent_api_test
  SOURCES api_food_handlers_test.cc api_openapi_test.cc api_retries_test.cc
  DEPS health_agent_db_testing health_agent_api vitals::testing)

vitals_test(health_agent_systemd_test
  SOURCES service_start_test.cc systemd_test.cc
  DEPS health_agent_service vitals::testing nlohmann_json::nlohmann_json)
