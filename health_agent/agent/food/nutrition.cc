#include "health_agent/agent/food/nutrition.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "health_agent/agent/food/units.h"

namespace health_agent::agent {
namespace {

constexpr std::size_t kColumns = 9;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// A figure from 0 to `most`; -1 for anything else.
double figure(std::string_view text, double most) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && std::isfinite(value) && value >= 0 && value <= most ? value : -1;
}

bool is_clean(std::string_view name) {
  return !name.empty() && name.front() != ' ' && name.back() != ' ' &&
         name.find("  ") == std::string_view::npos;
}

}  // namespace

double NutritionFacts::grams_of(std::string_view unit) const noexcept {
  const auto found = std::ranges::find(units, unit, &UnitWeight::unit);
  return found == units.end() ? 0 : found->grams;
}

/// A tree of stems: a name is a path, its food stands where the path ends.
struct NutritionTable::Index {
  struct Node {
    std::unordered_map<std::string, std::size_t> next;
    const NutritionFacts* food = nullptr;
    std::string_view name;
  };
  std::vector<Node> nodes{1};

  /// False when the name is there already.
  bool add(std::string_view name, const NutritionFacts& food) {
    std::size_t node = 0;
    for (const Token& token : tokenize(name)) {
      const auto [found, is_new] = nodes[node].next.emplace(token.stem, nodes.size());
      node = found->second;
      if (is_new) nodes.emplace_back();
    }
    if (node == 0 || nodes[node].food != nullptr) return false;
    nodes[node].food = &food;
    nodes[node].name = name;
    return true;
  }
};

namespace {

class TableReader {
 public:
  std::vector<NutritionFacts> foods;
  std::string faults;

  void read(std::string_view text) {
    int line = 0;
    for (const std::string_view row : split(text, '\n')) {
      ++line;
      if (row.empty() || row.front() == '#') continue;
      line_ = line;
      read_row(row);
    }
  }

  void fault(int line, std::string_view what, std::string_view given) {
    if (!faults.empty()) faults += "; ";
    faults.append("line ").append(std::to_string(line)).append(": ").append(what);
    if (!given.empty()) faults.append(" '").append(given).append("'");
  }

 private:
  void read_row(std::string_view row) {
    const std::vector<std::string_view> columns = split(row, '\t');
    if (columns.size() != kColumns) {
      fault(line_,
            "9 columns divided by tabs are wanted, there are " + std::to_string(columns.size()),
            {});
      return;
    }
    NutritionFacts food;
    food.line = line_;
    food.name = columns[0];
    if (!is_clean(food.name)) fault(line_, "not a name:", food.name);
    if (!columns[1].empty()) food.aliases = split(columns[1], '|');
    for (const std::string_view alias : food.aliases)
      if (!is_clean(alias)) fault(line_, "not a name:", alias);
    food.kcal = number("kcal", columns[2], 900);
    food.protein = number("protein", columns[3], 100);
    food.carbs = number("carbs", columns[4], 100);
    food.fat = number("fat", columns[5], 100);
    food.alcohol = number("alcohol", columns[6], 100);
    if (columns[7] != "-") food.density = number("density", columns[7], 3);
    if (food.protein + food.carbs + food.fat + food.alcohol > 101)
      fault(line_, "more than 100 g in 100 g of", food.name);
    for (const std::string_view unit : split(columns[8], '|'))
      read_unit(food, unit);
    foods.push_back(std::move(food));
  }

  double number(std::string_view column, std::string_view text, double most) {
    const double value = figure(text, most);
    if (value < 0) fault(line_, std::string{column} + " is not from 0 to its most:", text);
    return std::max(value, 0.0);
  }

  void read_unit(NutritionFacts& food, std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view unit = text.substr(0, equals);
    const double grams =
        equals == std::string_view::npos ? -1 : figure(text.substr(equals + 1), 5000);
    if (!is_unit_name(unit) || grams <= 0 || food.grams_of(unit) > 0) {
      fault(line_, "not a unit and its grams:", text);
      return;
    }
    food.units.push_back({unit, grams});
  }

  int line_ = 0;
};

}  // namespace

NutritionTable::NutritionTable() = default;
NutritionTable::~NutritionTable() = default;

vitals::Result<std::unique_ptr<const NutritionTable>> NutritionTable::parse(std::string_view tsv) {
  std::unique_ptr<NutritionTable> table{new NutritionTable};
  table->text_ = tsv;
  TableReader reader;
  reader.read(table->text_);
  table->foods_ = std::move(reader.foods);
  table->index_ = std::make_unique<Index>();
  for (const NutritionFacts& food : table->foods_) {
    if (!table->index_->add(food.name, food)) reader.fault(food.line, "there already:", food.name);
    for (const std::string_view alias : food.aliases)
      if (!table->index_->add(alias, food)) reader.fault(food.line, "there already:", alias);
  }
  if (!reader.faults.empty()) return vitals::Error{std::move(reader.faults)};
  return std::unique_ptr<const NutritionTable>{std::move(table)};
}

const NutritionTable& NutritionTable::builtin() {
  // Never destroyed: an agent may still answer while the process ends.
  static const NutritionTable* const table = [] {
    auto parsed = parse(nutrition_tsv());
    if (!parsed) throw std::logic_error("nutrition.tsv: " + parsed.error().message);
    return parsed.value().release();
  }();
  return *table;
}

FoodMatch NutritionTable::longest_match(std::span<const Token> tokens, std::size_t at) const {
  FoodMatch best;
  std::size_t node = 0;
  for (std::size_t i = at; i < tokens.size(); ++i) {
    const TokenKind kind = tokens[i].kind;
    if (kind != TokenKind::kWord && kind != TokenKind::kNumber) break;
    const auto found = index_->nodes[node].next.find(tokens[i].stem);
    if (found == index_->nodes[node].next.end()) break;
    node = found->second;
    if (index_->nodes[node].food != nullptr)
      best = {index_->nodes[node].food, index_->nodes[node].name, i + 1 - at};
  }
  return best;
}

}  // namespace health_agent::agent
