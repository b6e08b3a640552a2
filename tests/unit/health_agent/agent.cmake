vitals_test(health_agent_agent_test
            SOURCES agent_food_parser_test.cc agent_hostile_input_test.cc agent_local_test.cc agent_monitored_test.cc
                    agent_nutrition_test.cc agent_text_test.cc
            DEPS health_agent_agent health_agent_food health_agent_base vitals::testing)
