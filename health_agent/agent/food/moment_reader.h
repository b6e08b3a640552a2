#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "health_agent/agent/food/moment.h"
#include "health_agent/agent/food/numbers.h"
#include "health_agent/agent/food/text.h"

namespace health_agent::agent {

inline constexpr int kDaysOfWeek = 7;

/// Reads one phrase from left to right; each reader takes all of its words or none. moment.cc has
/// the days as people name them, moment_spans.cc what is ago, moment_dates.cc the days of the
/// calendar, moment_times.cc the hours.
class MomentReader {
 public:
  MomentReader(std::span<const Token> tokens, std::size_t at)
      : tokens_(tokens), start_(at), at_(at) {}

  MomentMatch read();

 private:
  static constexpr int kHour = 3600;
  static constexpr int kHalfDay = 12 * kHour;

  /// A day and month as they are written, `month` 0 where only the day is.
  struct Date {
    std::size_t tokens = 0;  ///< 0 is no date.
    int day = 0;
    int month = 0;
    int year = 0;
    bool unclear = false;
  };

  [[nodiscard]] const Token* token(std::size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() ? &tokens_[at_ + ahead] : nullptr;
  }
  [[nodiscard]] bool is_kind(TokenKind kind, std::size_t ahead) const {
    return token(ahead) != nullptr && token(ahead)->kind == kind;
  }
  [[nodiscard]] bool is_word(std::string_view text, std::size_t ahead = 0) const {
    return is_kind(TokenKind::kWord, ahead) && token(ahead)->text == text;
  }
  [[nodiscard]] bool is_one_of(std::initializer_list<std::string_view> words,
                               std::size_t ahead = 0) const;
  [[nodiscard]] bool is_point(std::size_t ahead) const {
    return is_kind(TokenKind::kBreak, ahead) && token(ahead)->text == ".";
  }
  [[nodiscard]] bool begins_sentence() const {
    return start_ == 0 || tokens_[start_ - 1].kind == TokenKind::kBreak;
  }
  [[nodiscard]] bool is_amount(std::size_t ahead) const;
  [[nodiscard]] bool may_stand_alone(std::size_t ahead) const;
  bool take(std::size_t count) {
    at_ += count;
    return true;
  }
  bool take_unclear(std::size_t count) {
    moment_.unclear = true;
    return take(count);
  }

  // Days (moment.cc).
  bool today_or_yesterday();
  bool day_before();
  bool some_day();
  bool part_of_a_span();
  [[nodiscard]] bool names_the_meal() const;
  bool last_or_this();
  bool weekday();
  [[nodiscard]] int weekday_of(std::size_t ahead) const;
  bool to_come();

  // What is ago (moment_spans.cc).
  bool ago();
  [[nodiscard]] bool is_ago(std::size_t ahead) const;
  [[nodiscard]] bool ago_follows(std::size_t ahead) const;
  bool add_span(const Token& unit, double count);
  bool day_behind_ago();
  bool within_a_span();

  // Dates of the calendar (moment_dates.cc).
  bool calendar_date();
  bool season();
  bool feast();
  bool day_not_known();
  [[nodiscard]] Date date_at(std::size_t ahead, bool on) const;
  [[nodiscard]] Date written_date(std::size_t ahead) const;
  [[nodiscard]] Date named_month(std::size_t ahead) const;
  [[nodiscard]] Date day_and_month(std::size_t ahead, bool on) const;
  [[nodiscard]] Date day_alone(std::size_t ahead) const;
  [[nodiscard]] Date with_year(Date date, std::size_t ahead) const;
  [[nodiscard]] int month_of(std::size_t ahead) const;
  void set_date(const Date& date);

  // Times of the day (moment_times.cc).
  bool time_of_day();
  bool named_time();
  bool half_past();
  bool half_hour();
  bool clock_time();
  bool spoken_hour(bool at);
  [[nodiscard]] static int clock_of(const SpokenNumber& number);
  [[nodiscard]] bool ends_after_hour() const;
  [[nodiscard]] bool ends_phrase() const;
  bool half_day();
  [[nodiscard]] bool is_part(std::size_t ahead) const;
  [[nodiscard]] DayPart part_of(std::size_t ahead) const;
  bool part_alone();
  void part_after();

  std::span<const Token> tokens_;
  std::size_t start_;
  std::size_t at_;
  Moment moment_;
  bool half_said_ = false;
  bool at_said_ = false;
  bool near_ = false;   // "around" stands before
  bool about_ = false;  // "about" does: "grapes, about 20" tells no hour
};

}  // namespace health_agent::agent
