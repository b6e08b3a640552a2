#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "integration/fixture.h"

namespace integration {

/// One of the two vendors, as the settings and the metrics name it.
struct Vendor {
  std::string name;
  std::string model;
  std::string agent_type;
  std::string other;  ///< AGENT_MODEL of the other vendor.

  friend std::ostream& operator<<(std::ostream& out, const Vendor& vendor) {
    return out << vendor.name;
  }
};

inline const Vendor kAnthropic{"anthropic", "claude-opus-5-5", "claude", "openai:gpt-5.4"};
inline const Vendor kOpenAi{"openai", "gpt-5.4", "gpt4", "anthropic:claude-opus-5-5"};

inline constexpr const char* kKey = "sk-k3y-that-nobody-may-see";

/// The settings that make `vendor` answer, both vendors being at `url`.
inline Settings with_model(const Vendor& vendor, const std::string& url, Settings more = {}) {
  more.try_emplace("AGENT_MODEL", vendor.name + ":" + vendor.model);
  for (const char* name : {"ANTHROPIC", "OPENAI"}) {
    more.try_emplace(std::string{name} + "_API_KEY", kKey);
    more.try_emplace(std::string{name} + "_BASE_URL", url);
  }
  return more;
}

/// Usage in a fixture, by both vendors' names.
inline Json usage(int input, int output) {
  return {{"input_tokens", input},
          {"output_tokens", output},
          {"prompt_tokens", input},
          {"completion_tokens", output}};
}

/// A fixture: the answer to a message.
inline Json says(const std::string& message, const std::string& text, int input, int output) {
  return {{"match", {{"userMessage", message}}},
          {"response", {{"content", text}, {"usage", usage(input, output)}}}};
}

/// A fixture: an error for the `sequence`th time that a message is asked; -1 for always.
inline Json fails(const std::string& message, int status, const std::string& type,
                  int sequence = -1) {
  Json fixture{{"match", {{"userMessage", message}}},
               {"response",
                {{"error", {{"message", "no " + std::string{kKey}}, {"type", type}}},
                 {"status", status},
                 {"retryAfter", 0}}}};
  if (sequence >= 0) fixture["match"]["sequenceIndex"] = sequence;
  return fixture;
}

inline Response chat(Http& client, const std::string& message, Headers headers = {}) {
  return client.post("/api/v1/chat", {{"user_id", "ann"}, {"message", message}},
                     std::move(headers));
}

inline Response chat_streamed(Http& client, const std::string& message) {
  return chat(client, message, {{"Accept", "text/event-stream"}});
}

}  // namespace integration
