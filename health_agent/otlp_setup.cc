#include "health_agent/otlp_setup.h"

#include "health_agent/version.h"

namespace health_agent {

vitals::otlp::Options otlp_options(const Settings& settings) {
  vitals::otlp::Options options = settings.otlp;
  if (options.resource.service_name.empty()) options.resource.service_name = "health-agent";
  options.resource.service_version = kVersion;
  options.resource.environment = settings.sentry_environment;
  options.send_default_pii = settings.sentry_send_default_pii;
  options.settings.keep_private_data = settings.sentry_send_default_pii;
  options.cache_dir = settings.sentry_cache_dir;
  options.debug = options.debug || settings.sentry_debug;
  return options;
}

}  // namespace health_agent
