// Log lines by spdlog, with the request's id, as breadcrumbs and events.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "program.h"
#include "vitals/adapters/spdlog.h"
#include "vitals/monitor/job.h"

int main() {
  const Program program{"spdlog"};
  auto lines = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<vitals::adapters::RequestIdFlag>('*').set_pattern("%l %v%*");
  lines->set_formatter(std::move(formatter));
  spdlog::logger log{"farm", {lines, std::make_shared<vitals::adapters::SpdlogSentrySink>()}};
  vitals::monitor::track_job("lay", [&] {
    log.info("the hen sits");
    log.error("the egg fell");
  });
}
