// Requests by libcurl.
#include "vitals/adapters/curl.h"

#include "program.h"
#include "vitals/monitor/job.h"

int main() {
  const Program program{"curl"};
  CURL* const curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  const auto ask = [&](const std::string& url) {
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    const CURLcode code = vitals::adapters::perform(curl, "HEAD", url);
    if (code != CURLE_OK) throw std::runtime_error(curl_easy_strerror(code));
  };
  try {
    vitals::monitor::track_job("ask", [&] {
      ask(setting("TARGET_URL"));
      ask("http://127.0.0.1:1/");  // breaks: nobody is there
    });
  } catch (const std::exception&) {
    // The event is on its way.
  }
  curl_easy_cleanup(curl);
}
