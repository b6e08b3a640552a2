find_package(nlohmann_json REQUIRED)
vitals_test(health_agent_agent_test
            SOURCES agent_corrections_test.cc agent_deletions_test.cc agent_food_parser_test.cc agent_hostile_input_test.cc agent_local_test.cc agent_monitored_test.cc
                    agent_nutrition_test.cc agent_sentences_test.cc agent_text_test.cc
            DEPS health_agent_agent health_agent_food health_agent_base vitals::testing
            TABLES Sentences/Phrases Quantities/Phrases Names/Phrases)
target_compile_definitions(health_agent_agent_test PRIVATE VITALS_SENTENCES="${CMAKE_CURRENT_LIST_DIR}/agent_sentences.txt")
vitals_test(health_agent_models_test
            SOURCES agent_dialects_test.cc agent_dialogue_test.cc agent_fallback_test.cc agent_food_tool_test.cc agent_prices_test.cc agent_prompt_test.cc
                    agent_remote_test.cc agent_retry_test.cc agent_sse_test.cc agent_stream_test.cc agent_tools_test.cc
            DEPS health_agent_agent health_agent_http health_agent_base vitals::testing nlohmann_json::nlohmann_json
            TABLES All/DialectTest)
