#include "health_agent/agent/remote/prices.h"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <utility>

#include "health_agent/agent/remote/utf8.h"

namespace health_agent::agent {

/// The text of prices.txt, embedded at build time.
[[nodiscard]] std::string_view prices_txt() noexcept;

namespace {

constexpr std::int64_t kMicro = 1'000'000;
constexpr std::int64_t kMostPrice = 1'000 * kMicro;
constexpr std::int64_t kMostTokens = 1'000'000'000;
constexpr std::size_t kMostRows = 10'000;
constexpr std::size_t kMostFaults = 20;
constexpr std::size_t kColumns = 8;

/// The words of a line; one more than there are columns says that there are too many.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (words.size() <= kColumns) {
    const std::size_t start = line.find_first_not_of(" \t\r");
    if (start == std::string_view::npos) break;
    line.remove_prefix(start);
    const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return words;
}

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  if (!is_digits(text) || text.size() > 10) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text)
    value = value * 10 + (c - '0');
  return value;
}

/// `12.50` in millionths, read digit by digit: no double stands between the table and the sum.
std::optional<std::int64_t> price(std::string_view text) {
  const std::size_t point = text.find('.');
  const auto whole = whole_number(text.substr(0, point));
  if (!whole || *whole > 1'000) return std::nullopt;
  std::int64_t fraction = 0;
  if (point != std::string_view::npos) {
    const std::string_view digits = text.substr(point + 1);
    if (!is_digits(digits) || digits.size() > 6) return std::nullopt;
    fraction = *whole_number(digits);
    for (std::size_t i = digits.size(); i < 6; ++i)
      fraction *= 10;
  }
  const std::int64_t value = *whole * kMicro + fraction;
  if (value > kMostPrice) return std::nullopt;
  return value;
}

bool is_date(std::string_view text) {
  return text.size() == 10 && text[4] == '-' && text[7] == '-' && is_digits(text.substr(0, 4)) &&
         is_digits(text.substr(5, 2)) && is_digits(text.substr(8, 2));
}

std::string in_quotes(std::string_view text) {
  return "'" + clean_text(text, 60) + "'";
}

/// The name without the date at its end.
std::string_view undated(std::string_view model) {
  constexpr std::string_view kLatest = "-latest";
  if (model.ends_with(kLatest)) return model.substr(0, model.size() - kLatest.size());
  const auto tail = [model](std::size_t size) {
    return model.size() > size ? model.substr(model.size() - size) : std::string_view{};
  };
  if (const auto day = tail(9);
      !day.empty() && (day[0] == '-' || day[0] == '@') && is_digits(day.substr(1)))
    return model.substr(0, model.size() - 9);
  if (const auto day = tail(11); !day.empty() && day[0] == '-' && is_date(day.substr(1)))
    return model.substr(0, model.size() - 11);
  return model;
}

}  // namespace

/// Empty when the row is good, else what is wrong with it.
std::string PriceTable::read_row(std::string_view line, Row& row) {
  const std::vector<std::string_view> words = words_of(line);
  if (words.size() != kColumns) {
    return "8 columns are wanted (model, up-to, input, cached, cache-write, output, date, source)"
           ", not " +
           (words.size() > kColumns ? "more" : std::to_string(words.size()));
  }
  row.model = words[0];
  if (row.model.size() > 128 || clean_text(row.model, 128) != row.model)
    return "the model's name must be UTF-8 of at most 128 bytes";
  if (words[1] == "-") {
    row.up_to = std::numeric_limits<std::int64_t>::max();
  } else if (const auto tokens = whole_number(words[1]); tokens && *tokens > 0) {
    row.up_to = *tokens;
  } else {
    return "up-to: a count of tokens or - is wanted, not " + in_quotes(words[1]);
  }
  constexpr std::array<const char*, 4> kNames{"input", "cached", "cache-write", "output"};
  const std::array<std::int64_t*, 4> into{&row.input, &row.cached, &row.cache_write, &row.output};
  for (std::size_t i = 0; i < into.size(); ++i) {
    const std::string_view word = words[2 + i];
    if (word == "-" && (i == 1 || i == 2)) {
      *into[i] = row.input;
    } else if (const auto value = price(word)) {
      *into[i] = *value;
    } else {
      return std::string{kNames[i]} +
             ": USD from 0 to 1000 with at most 6 decimals is wanted, not " + in_quotes(word);
    }
  }
  if (!is_date(words[6])) return "date: YYYY-MM-DD is wanted, not " + in_quotes(words[6]);
  return {};
}

vitals::Result<PriceTable> PriceTable::parse(std::string_view text) {
  PriceTable table;
  std::string faults;
  std::size_t found = 0;
  const auto fault = [&](const std::string& where, const std::string& what) {
    if (++found > kMostFaults) return;
    faults += (faults.empty() ? "" : "; ") + where + what;
  };
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    if (words_of(line).empty()) continue;
    Row row;
    const std::string where = "line " + std::to_string(number) + ": ";
    if (const std::string what = read_row(line, row); !what.empty()) {
      fault(where, what);
      continue;
    }
    const bool twice = std::any_of(table.rows_.begin(), table.rows_.end(), [&](const Row& other) {
      return other.model == row.model && other.up_to == row.up_to;
    });
    if (twice) {
      fault(where, in_quotes(row.model) + " has this up-to already");
    } else if (table.rows_.size() == kMostRows) {
      return vitals::Error{"more than " + std::to_string(kMostRows) + " rows"};
    } else {
      table.rows_.push_back(std::move(row));
    }
  }
  if (found > kMostFaults) faults += "; and " + std::to_string(found - kMostFaults) + " more lines";
  if (found > 0) return vitals::Error{faults};
  if (table.rows_.empty()) return vitals::Error{"there is no row in it"};
  std::sort(table.rows_.begin(), table.rows_.end(), [](const Row& a, const Row& b) {
    return std::tie(a.model, a.up_to) < std::tie(b.model, b.up_to);
  });
  return table;
}

const PriceTable& PriceTable::shipped() {
  static const PriceTable table = [] {
    auto parsed = parse(prices_txt());
    if (!parsed) throw std::logic_error("prices.txt: " + parsed.error().message);
    return std::move(*parsed);
  }();
  return table;
}

std::optional<std::int64_t> PriceTable::cost_of(std::string_view model, const Usage& usage) const {
  const auto row_of = [&](std::string_view name) {
    return std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) {
      return row.model == name && usage.input_tokens <= row.up_to;
    });
  };
  const auto is_listed = [&](std::string_view name) {
    return std::any_of(rows_.begin(), rows_.end(),
                       [&](const Row& row) { return row.model == name; });
  };
  const auto row = row_of(is_listed(model) ? model : undated(model));
  if (row == rows_.end()) return std::nullopt;
  const auto tokens = [](std::int64_t count) {
    return std::clamp<std::int64_t>(count, 0, kMostTokens);
  };
  // At most 4 x 1e9 tokens x 1e9: it fits.
  const std::int64_t cached = tokens(usage.cached_input_tokens);
  const std::int64_t written = tokens(usage.cache_write_tokens);
  const std::int64_t fresh = tokens(usage.input_tokens - cached - written);
  return fresh * row->input + cached * row->cached + written * row->cache_write +
         tokens(usage.output_tokens) * row->output;
}

double to_usd(std::int64_t cost) noexcept {
  return static_cast<double>(cost) / 1e12;
}

}  // namespace health_agent::agent
