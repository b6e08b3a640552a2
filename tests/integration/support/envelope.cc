#include "integration/support/envelope.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>
#include <string_view>

#include "integration/support/event_check.h"

namespace integration {
namespace {

bool parse_object(const std::string& line, Json& json) {
  json = Json::parse(line, nullptr, false);
  return json.is_object();
}

void check_header(const Envelope& envelope, std::vector<std::string>& faults) {
  const Json& header = envelope.header;
  bool has_event = false;
  for (const EnvelopeItem& item : envelope.items) {
    if (item.type != "event" && item.type != "transaction") continue;
    if (has_event) faults.emplace_back("more than one event or transaction in an envelope");
    has_event = true;
    if (header.value("event_id", Json{}) != item.json.value("event_id", Json{}))
      faults.emplace_back("event_id of the envelope is not that of its " + item.type);
  }
  if (!is_timestamp_text(header.value("sent_at", Json{})))
    faults.emplace_back("sent_at of the envelope is not an RFC 3339 time in UTC: " + header.dump());
  if (header.contains("sdk") && (!header["sdk"].is_object() || !header["sdk"].contains("name")))
    faults.emplace_back("sdk of the envelope has no name");
}

/// Of items that hold several things: the content type of each.
const std::map<std::string, std::string>& container_types() {
  static const std::map<std::string, std::string> kTypes{
      {"log", "application/vnd.sentry.items.log+json"},
      {"span", "application/vnd.sentry.items.span.v2+json"},
      {"trace_metric", "application/vnd.sentry.items.trace-metric+json"}};
  return kTypes;
}

void check_container(const EnvelopeItem& item, std::vector<std::string>& faults) {
  if (item.header.value("content_type", "") != container_types().at(item.type))
    faults.push_back("content_type of a " + item.type + " item: " + item.header.dump());
  const Json& things = item.json.value("items", Json::array());
  if (item.header.value("item_count", Json{}) != Json(things.size()))
    faults.push_back("item_count is not that of the payload: " + item.header.dump());
}

/// Spans need the trace that the envelope names, and no other's may be among them.
void check_trace_of_spans(const Envelope& envelope, const EnvelopeItem& item,
                          std::vector<std::string>& faults) {
  const Json trace = envelope.header.value("trace", Json::object());
  if (!is_hex(trace.value("trace_id", Json{}), 32) || trace.value("public_key", "").empty())
    faults.push_back("an envelope of spans names no trace: " + envelope.header.dump());
  for (const Json& span : item.json.value("items", Json::array())) {
    if (span.value("trace_id", Json{}) != trace.value("trace_id", Json{}))
      faults.push_back("a span of another trace: " + span.dump().substr(0, 200));
  }
}

struct AuthHeader {
  std::string client;
  std::string key;
};

// `Sentry sentry_version=7, sentry_client=NAME/VERSION, sentry_key=KEY`; the blanks after the
// commas are optional.
std::optional<AuthHeader> parse_auth(std::string_view text) {
  const auto take = [&text](std::string_view wanted) {
    if (!text.starts_with(wanted)) return false;
    text.remove_prefix(wanted.size());
    return true;
  };
  const auto take_value = [&text] {
    const std::size_t end = std::min(text.find_first_of(" ,"), text.size());
    const std::string value{text.substr(0, end)};
    text.remove_prefix(end);
    return value;
  };
  const auto take_comma = [&] { return take(", ") || take(","); };
  if (!take("Sentry sentry_version=7") || !take_comma() || !take("sentry_client=")) return {};
  AuthHeader header;
  header.client = take_value();
  if (!take_comma() || !take("sentry_key=")) return {};
  header.key = take_value();
  const std::size_t slash = header.client.find('/');
  const bool has_version = slash != std::string::npos && slash > 0 &&
                           slash + 1 < header.client.size() &&
                           std::isdigit(static_cast<unsigned char>(header.client[slash + 1])) != 0;
  if (!has_version || header.key.empty() || !text.empty()) return {};
  return header;
}

}  // namespace

Envelope parse_envelope(const std::string& text) {
  static const std::set<std::string> kJsonTypes{"event",    "transaction", "client_report",
                                                "sessions", "session",     "check_in",
                                                "log",      "span",        "trace_metric"};
  Envelope envelope;
  std::vector<std::string>& faults = envelope.faults;
  std::size_t at = text.find('\n');
  if (!parse_object(text.substr(0, at), envelope.header)) {
    faults.emplace_back("the envelope's first line is not a JSON object");
    return envelope;
  }
  if (at == std::string::npos) at = text.size();
  for (++at; at < text.size();) {
    EnvelopeItem item;
    const std::size_t line_end = text.find('\n', at);
    if (line_end == std::string::npos ||
        !parse_object(text.substr(at, line_end - at), item.header)) {
      faults.emplace_back("an item's header is not a line with a JSON object");
      return envelope;
    }
    const Json type = item.header.value("type", Json{});
    const Json length = item.header.value("length", Json{});
    if (!type.is_string() || !length.is_number_unsigned()) {
      faults.emplace_back("an item's header has no type or no length: " + item.header.dump());
      return envelope;
    }
    item.type = type.get<std::string>();
    item.payload_size = length.get<std::size_t>();
    const std::size_t begin = line_end + 1;
    const std::size_t end = begin + item.payload_size;
    if (end > text.size() || (end < text.size() && text[end] != '\n')) {
      faults.emplace_back("an item's length is not that of its payload: " + item.header.dump());
      return envelope;
    }
    if (kJsonTypes.contains(item.type)) {
      if (!parse_object(text.substr(begin, item.payload_size), item.json)) {
        faults.emplace_back("the payload of a " + item.type + " is not a JSON object in UTF-8");
        return envelope;
      }
      const std::vector<std::string> found = item_faults(item.type, item.json);
      faults.insert(faults.end(), found.begin(), found.end());
      if (container_types().contains(item.type)) check_container(item, faults);
      if (item.type == "span") check_trace_of_spans(envelope, item, faults);
    } else if (item.type != "attachment") {
      faults.emplace_back("an item of an unknown type: " + item.type);
    }
    envelope.items.push_back(std::move(item));
    at = end + 1;
  }
  if (envelope.items.empty()) faults.emplace_back("the envelope has no item");
  check_header(envelope, faults);
  return envelope;
}

std::vector<std::string> http_faults(const std::string& method, const std::string& path,
                                     const std::map<std::string, std::string>& headers,
                                     const std::string& key, const std::string& project) {
  std::vector<std::string> faults;
  const auto header = [&headers](const std::string& name) {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string{} : found->second;
  };
  if (method != "POST") faults.push_back("method " + method);
  if (path != "/api/" + project + "/envelope/") faults.push_back("path " + path);
  if (header("content-type") != "application/x-sentry-envelope")
    faults.push_back("content type " + header("content-type"));
  const std::string auth = header("x-sentry-auth");
  const std::optional<AuthHeader> parsed = parse_auth(auth);
  if (!parsed) {
    faults.push_back("X-Sentry-Auth is not of its form");
  } else {
    if (parsed->key != key) faults.push_back("X-Sentry-Auth has another key than the DSN");
    if (header("user-agent") != parsed->client)
      faults.push_back("User-Agent is not sentry_client: " + header("user-agent"));
  }
  const std::string encoding = header("content-encoding");
  if (!encoding.empty() && encoding != "gzip") faults.push_back("content encoding " + encoding);
  return faults;
}

}  // namespace integration
