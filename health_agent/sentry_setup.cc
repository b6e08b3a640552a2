#include "health_agent/sentry_setup.h"

#include "health_agent/version.h"

namespace health_agent {

vitals::sentry::Options sentry_options(const Settings& settings) {
  vitals::sentry::Options options;
  options.dsn = settings.sentry_dsn;
  options.environment = settings.sentry_environment;
  options.release =
      settings.sentry_release.empty() ? std::string{kRelease} : settings.sentry_release;
  options.sample_rate = settings.sentry_sample_rate;
  options.traces_sample_rate = settings.sentry_traces_sample_rate;
  if (settings.sentry_trace_lifecycle == "stream")
    options.trace_lifecycle = vitals::sentry::TraceLifecycle::kStream;
  options.send_default_pii = settings.sentry_send_default_pii;
  options.spotlight_url = settings.sentry_spotlight;
  options.fingerprint_rules = settings.sentry_fingerprint_rules;
  options.cache_dir = settings.sentry_cache_dir;
  options.source_context = settings.sentry_environment == "development";
  options.enable_logs = true;
  options.debug = settings.sentry_debug;
  return options;
}

}  // namespace health_agent
