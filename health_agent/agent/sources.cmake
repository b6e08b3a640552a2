# What reads what strangers write: the service and the fuzzers compile it.
set(food_sources
  food/food_parser.cc food/food_reader.cc food/food_reader_amounts.cc food/food_reader_doubt.cc food/food_reader_foods.cc
  food/food_reader_states.cc food/food_reader_times.cc food/food_reader_words.cc food/moment.cc food/moment_dates.cc food/moment_spans.cc
  food/moment_times.cc food/numbers.cc food/nutrition.cc food/portion.cc food/quantity.cc food/sentence.cc food/text.cc food/tokenizer.cc
  food/units.cc food/words.cc)
set(local_agent_sources
  description.cc when.cc
  local/changed_food.cc local/corrections.cc local/deletion.cc local/goal_talk.cc local/local_agent.cc local/log_changes.cc local/orders.cc
  local/phrases.cc local/recent_food.cc local/small_talk.cc)
set(model_reader_sources
  remote/food_tool.cc remote/json.cc remote/sse.cc remote/utf8.cc)
