# What reads what strangers write: the service and the fuzzers compile it.
set(food_sources
  food_parser.cc food_reader.cc food_reader_amounts.cc food_reader_doubt.cc food_reader_foods.cc food_reader_states.cc food_reader_times.cc
  food_reader_words.cc moment.cc moment_dates.cc moment_spans.cc moment_times.cc numbers.cc nutrition.cc portion.cc quantity.cc sentence.cc text.cc
  tokenizer.cc units.cc words.cc)
set(local_agent_sources
  changed_food.cc corrections.cc deletion.cc description.cc goal_talk.cc local_agent.cc log_changes.cc orders.cc phrases.cc recent_food.cc
  small_talk.cc when.cc)
set(model_reader_sources
  food_tool.cc json.cc sse.cc utf8.cc)
