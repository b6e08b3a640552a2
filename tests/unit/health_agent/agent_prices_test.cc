#include "health_agent/agent/remote/prices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace health_agent::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;

constexpr const char* kTable =
    "# a comment\n"
    "model-a   1000  0.10  0.01  0.125     0.50  2026-10-24  https://a # and another\n"
    "model-a\t-\t0.50\t0.05\t0.625\t2.50\t2026-10-24\thttps://a\r\n"
    "model-b   1000  3     -     -         15    2026-10-24  https://b\n"
    "model-c   -     0     0     0         0     2026-10-24  https://c\n"
    "model-d   -     1000  1000  1000      1000  2026-10-24  https://d\n"
    "model-e   -     0.000001 0 0          0     2026-10-24  https://e";

PriceTable table(std::string_view text = kTable) {
  auto parsed = PriceTable::parse(text);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return std::move(*parsed);
}

std::string fault(std::string_view text) {
  const auto parsed = PriceTable::parse(text);
  return parsed ? "no fault" : parsed.error().message;
}

TEST(Prices, AreExactToTheLastDigit) {
  const PriceTable prices = table();
  // 60 fresh x 0.10 + 30 cached x 0.01 + 10 written x 0.125 + 7 x 0.50, in 1e-12 USD
  EXPECT_THAT(prices.cost_of("model-a", {.input_tokens = 100,
                                         .cached_input_tokens = 30,
                                         .cache_write_tokens = 10,
                                         .output_tokens = 7}),
              Optional(60 * 100'000 + 30 * 10'000 + 10 * 125'000 + 7 * 500'000));
  EXPECT_THAT(prices.cost_of("model-e", {.input_tokens = 1}), Optional(1));
  EXPECT_EQ(to_usd(1), 1e-12);
  EXPECT_EQ(to_usd(11'050'000), 1.105e-5);
}

TEST(Prices, DependOnHowLongThePromptIs) {
  const PriceTable prices = table();
  EXPECT_THAT(prices.cost_of("model-a", {.input_tokens = 1000}), Optional(1000 * 100'000));
  EXPECT_THAT(prices.cost_of("model-a", {.input_tokens = 1001}), Optional(1001 * 500'000));
  EXPECT_EQ(prices.cost_of("model-b", {.input_tokens = 1001}), std::nullopt)
      << "longer than any row knows";
}

TEST(Prices, CachedTokensCostAsInputWhereNothingElseIsSaid) {
  EXPECT_THAT(table().cost_of("model-b", {.input_tokens = 100, .cached_input_tokens = 100}),
              Optional(100 * 3'000'000));
}

TEST(Prices, ZeroIsAPriceAndAnUnknownModelHasNone) {
  EXPECT_THAT(table().cost_of("model-c", {.input_tokens = 5, .output_tokens = 5}), Optional(0));
  for (const char* unknown : {"", "model", "model-aa", "model-a-mini", "model-a-2026", "MODEL-A"})
    EXPECT_EQ(table().cost_of(unknown, {}), std::nullopt) << unknown;
}

TEST(Prices, AModelsDatedNamesAreItsOwn) {
  for (const char* name :
       {"model-b-20251101", "model-b-2026-03-05", "model-b@20251101", "model-b-latest", "model-b"})
    EXPECT_THAT(table().cost_of(name, {.output_tokens = 1}), Optional(15'000'000)) << name;
}

TEST(Prices, NoCountOfTokensOverflows) {
  constexpr std::int64_t kHuge = 9'000'000'000'000'000'000;
  const auto cost = table().cost_of("model-d", {.input_tokens = kHuge,
                                                .cached_input_tokens = 5,
                                                .cache_write_tokens = 5,
                                                .output_tokens = kHuge});
  ASSERT_TRUE(cost);
  EXPECT_GT(*cost, 0);
  EXPECT_THAT(table().cost_of("model-d", {.input_tokens = -5, .output_tokens = -5}), Optional(0));
}

TEST(Prices, AllFaultsAreNamedByTheirLines) {
  EXPECT_THAT(
      fault("good - 1 1 1 1 2026-01-01 x\n"
            "short - 1 1\n"
            "bad 0 1 1 1 1 2026-01-01 x\n"
            "bad - -1 1 1 1 2026-01-01 x\n"
            "bad - 1 1 1 1.1234567 2026-01-01 x\n"
            "bad - 1 1 1 1001 2026-01-01 x\n"
            "bad - - 1 1 1 2026-01-01 x\n"
            "bad - 1 1 1 1 yesterday x\n"
            "good - 2 2 2 2 2026-01-01 x\n"
            "bad - 1e3 1 1 1 2026-01-01 x\n"),
      AllOf(HasSubstr("line 2: 8 columns"), HasSubstr("line 3: up-to"), HasSubstr("line 4: input"),
            HasSubstr("line 5: output"), HasSubstr("line 6: output"), HasSubstr("line 7: input"),
            HasSubstr("line 8: date"), HasSubstr("line 9: 'good' has this up-to already"),
            AllOf(HasSubstr("line 10: input"), Not(HasSubstr("line 1:")))));
}

TEST(Prices, AFileThatIsNoTableIsRefused) {
  EXPECT_THAT(fault(""), HasSubstr("no row"));
  EXPECT_THAT(fault("# only words\n\n"), HasSubstr("no row"));
  EXPECT_THAT(fault("{\"claude\": {\"input\": 5}}"), HasSubstr("line 1"));
  std::string many;
  for (int i = 0; i < 50; ++i)
    many += "nonsense\n";
  EXPECT_THAT(fault(many), HasSubstr("and 30 more"));
  EXPECT_THAT(fault("\x01\xFF" + std::string(200, 'x') + " - 1 1 1 1 2026-01-01 x"),
              HasSubstr("line 1"));
}

TEST(Prices, TheShippedTableIsGoodAndKnowsTheCommonModels) {
  for (const char* model : {"claude-opus-5-5", "claude-opus-4-5-20251101", "claude-haiku-4-5",
                            "gpt-5.4", "gpt-5.4-mini-2026-03-05"})
    EXPECT_TRUE(PriceTable::shipped().cost_of(model, {.input_tokens = 1})) << model;
  EXPECT_EQ(PriceTable::shipped().cost_of("local", {}), std::nullopt);
}

TEST(Prices, CanBeReplacedWhileSomebodyReads) {
  Prices prices;
  const auto before = prices.table();
  prices.replace(table());
  EXPECT_TRUE(before->cost_of("claude-opus-5-5", {}));
  EXPECT_FALSE(prices.table()->cost_of("claude-opus-5-5", {}));
}

}  // namespace
}  // namespace health_agent::agent
