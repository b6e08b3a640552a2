#include "health_agent/doctor.h"

#include <curl/curl.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "health_agent/dotenv.h"
#include "health_agent/json_type.h"
#include "health_agent/log_text.h"
#include "health_agent/logging.h"
#include "health_agent/version.h"

namespace health_agent::doctor {
namespace {

using Clock = std::chrono::steady_clock;
using Status = Finding::Status;
using nlohmann::json;

/// sysexits.h: something was found in an unconfigured or misconfigured state.
constexpr int kExitConfig = 78;
/// sysexits.h: an error occurred while doing I/O on some file.
constexpr int kExitCannotWrite = 74;
/// Shorter values stand in too many words to be looked for.
constexpr std::size_t kShortestSecret = 4;

/// Where a check in its own thread leaves its finding, also when nobody waits for it any more.
struct Desk {
  std::mutex mutex;
  std::condition_variable filled;
  std::optional<Finding> finding;
};

Finding found_by(const Check& check, const Settings& settings) {
  try {
    return check.run(settings);
  } catch (const std::exception& error) {
    return {Status::kFailed, error.what(), {}};
  }
}

Finding within_limit(const Check& check, const Settings& settings) {
  const auto desk = std::make_shared<Desk>();
  std::thread{[desk, check, settings] {
    Finding finding = found_by(check, settings);
    const std::lock_guard lock{desk->mutex};
    desk->finding = std::move(finding);
    desk->filled.notify_all();
  }}.detach();
  std::unique_lock lock{desk->mutex};
  if (desk->filled.wait_for(lock, check.limit, [&] { return desk->finding.has_value(); }))
    return *desk->finding;
  return {Status::kFailed, "no answer within " + std::to_string(check.limit.count() / 1000) + " s",
          "look at its address and the network between"};
}

const char* to_string(Status status) {
  switch (status) {
    case Status::kOk:
      return "ok";
    case Status::kSkipped:
      return "skipped";
    case Status::kFailed:
      break;
  }
  return "failed";
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return printable(text);
}

Result settings_result(const LoadedSettings& loaded) {
  Result result{"settings", {}, 0};
  if (loaded.faults.empty()) {
    result.finding.detail = "RUN_MODE " + loaded.settings.run_mode + ", environment " +
                            loaded.settings.sentry_environment;
    for (const std::string& warning : loaded.warnings)
      result.finding.detail += "; " + warning;
  } else {
    result.finding = {Status::kFailed, describe(loaded.faults),
                      "set these variables right; .env.example has them all"};
  }
  return result;
}

}  // namespace

std::vector<Result> examine(const Settings& settings, const std::vector<Check>& checks) {
  std::vector<Result> results;
  for (const Check& check : checks) {
    const auto start = Clock::now();
    Finding finding = within_limit(check, settings);
    finding.detail = without_secrets(std::move(finding.detail), settings);
    finding.advice = without_secrets(std::move(finding.advice), settings);
    results.push_back({check.name, std::move(finding),
                       std::chrono::duration<double>(Clock::now() - start).count()});
  }
  return results;
}

std::string report(const std::vector<Result>& results, Format format) {
  const auto failed = std::count_if(results.begin(), results.end(), [](const Result& result) {
    return result.finding.status == Status::kFailed;
  });
  if (format == Format::kJson) {
    json checks = json::array();
    for (const Result& result : results) {
      json check = {{"name", result.name},
                    {"status", to_string(result.finding.status)},
                    {"detail", result.finding.detail},
                    {"seconds", result.seconds}};
      if (!result.finding.advice.empty()) check["advice"] = result.finding.advice;
      checks.push_back(std::move(check));
    }
    // In ASCII: what a peer has said may move the cursor of a terminal, or turn its letters around.
    return json{{"ok", failed == 0}, {"version", kVersion}, {"checks", std::move(checks)}}.dump(
               2, ' ', true, json::error_handler_t::replace) +
           "\n";
  }
  std::string text;
  for (const Result& result : results) {
    char head[64];
    std::snprintf(head, sizeof head, "%-8s %-10s ", to_string(result.finding.status),
                  result.name.c_str());
    text += head + one_line(result.finding.detail) + "\n";
    if (!result.finding.advice.empty())
      text += std::string(20, ' ') + "-> " + one_line(result.finding.advice) + "\n";
  }
  return text + (failed == 0 ? std::string{"all is well\n"}
                             : std::to_string(failed) + " of " + std::to_string(results.size()) +
                                   " checks failed\n");
}

std::string without_secrets(std::string text, const Settings& settings) {
  std::vector<std::string> secrets{settings.telegram_bot_token, settings.telegram_webhook_secret,
                                   settings.anthropic_api_key,  settings.openai_api_key,
                                   settings.metrics_token,      settings.sentry_dsn};
  secrets.insert(secrets.end(), settings.api_keys.begin(), settings.api_keys.end());
  for (const std::string& url : {settings.sentry_dsn, settings.database_url, settings.redis_url}) {
    const std::size_t begin = url.find("://");
    const std::size_t at = url.rfind('@');
    if (begin == std::string::npos || at == std::string::npos || at < begin + 3) continue;
    const std::string user_info = url.substr(begin + 3, at - begin - 3);
    secrets.push_back(user_info);
    if (const std::size_t colon = user_info.find(':'); colon != std::string::npos)
      secrets.push_back(user_info.substr(colon + 1));
  }
  // The longer ones first: one may be a part of another.
  std::sort(secrets.begin(), secrets.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  for (const std::string& secret : secrets) {
    if (secret.size() < kShortestSecret) continue;
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 4)
      text.replace(at, secret.size(), "****");
  }
  return text;
}

int main(Format format) {
  set_log_level("off");  // the report says it all
  curl_global_init(CURL_GLOBAL_DEFAULT);
  std::vector<Result> results;
  int exit_code = kExitConfig;
  try {
    const LoadedSettings loaded = load_settings(process_environment(), read_dotenv(".env"));
    results.push_back(settings_result(loaded));
    if (loaded.faults.empty()) {
      for (Result& result : examine(loaded.settings, all_checks()))
        results.push_back(std::move(result));
      const bool failed = std::any_of(results.begin(), results.end(), [](const Result& result) {
        return result.finding.status == Status::kFailed;
      });
      exit_code = failed ? 1 : 0;
    }
  } catch (const std::exception& error) {
    results.push_back({"settings", {Status::kFailed, error.what(), {}}, 0});
  }
  if (std::fputs(report(results, format).c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    std::fputs("health-agent: the report cannot be written\n", stderr);
    exit_code = kExitCannotWrite;
  }
  // A check that hangs is still in its thread, on what the usual way out would take away.
  std::_Exit(exit_code);
}

}  // namespace health_agent::doctor
