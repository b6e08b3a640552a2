#include "cases.h"

#include "vitals/context/scope.h"

enum class Side { kLeft, kRight };
enum class Way { kLeft, kRight };

template <>
struct vitals::metrics::LabelValues<Side> {
  static constexpr std::array<std::string_view, 2> kValues{"left", "right"};
};

using namespace vitals::metrics;

void a_family_of_two_labels_wants_two_values(Registry& registry) {
  auto family = registry.counter<"method", "status">("requests_total", "Requests.");
#ifdef WRONG_ARITY
  family.with("GET").inc();
#else
  family.with("GET", "200").inc();
#endif
}

void a_label_name_holds_letters_digits_and_underscores(Registry& registry) {
#ifdef BAD_NAME
  registry.counter<"http-method">("requests_total", "Requests.");
#else
  registry.counter<"http_method">("requests_total", "Requests.");
#endif
}

void a_label_name_of_utf8_says_so(Registry& registry) {
#ifdef NOT_UTF8
  registry.counter<utf8_label("http.\xFF")>("requests_total", "Requests.");
#elif defined(RESERVED_UTF8)
  registry.counter<utf8_label("__http.method")>("requests_total", "Requests.");
#elif defined(RESERVED_ONCE_ESCAPED)
  registry.counter<utf8_label("..name..")>("requests_total", "Requests.");
#else
  registry.counter<utf8_label("http.method")>("requests_total", "Requests.");
#endif
}

// Label names that begin with two underscores are Prometheus' own.
#ifdef RESERVED_NAME
Family<Gauge, "__name"> reserved_name;
#else
Family<Gauge, "_name"> reserved_name;
#endif

void le_belongs_to_the_buckets(Registry& registry) {
#ifdef LE_ON_A_HISTOGRAM
  registry.histogram<"le">("latency_seconds", "Latency.", kDefaultBuckets);
#else
  registry.histogram<"less">("latency_seconds", "Latency.", kDefaultBuckets);
#endif
}

void quantile_belongs_to_summaries(Registry& registry) {
#ifdef QUANTILE_AS_ENUM_LABEL
  registry.counter<enum_label<Side>("quantile")>("turns_total", "Turns.");
#else
  registry.counter<enum_label<Side>("side")>("turns_total", "Turns.");
#endif
}

void two_labels_have_two_names(Registry& registry) {
#ifdef DUPLICATE_LABEL
  registry.counter<"path", "path">("requests_total", "Requests.");
#else
  registry.counter<"path", "method">("requests_total", "Requests.");
#endif
}

void a_label_of_one_enum_takes_no_other_and_no_text(
    Family<Counter, enum_label<Side>("side")> turns) {
#if defined(WRONG_ENUM)
  turns.with(Way::kLeft).inc();
#elif defined(TEXT_FOR_AN_ENUM)
  turns.with("left").inc();
#else
  turns.with(Side::kLeft).inc();
#endif
}

void an_enum_without_texts_is_no_label(Registry& registry) {
#ifdef ENUM_WITHOUT_TEXTS
  registry.counter<enum_label<Way>("way")>("turns_total", "Turns.");
#else
  registry.counter<enum_label<Side>("way")>("turns_total", "Turns.");
#endif
}

void a_counter_cannot_fall(Counter counter) {
#ifdef FALLING_COUNTER
  counter.dec();
#else
  counter.inc();
#endif
}

void a_truth_value_is_no_number_of_events(Counter counter, bool found) {
#ifdef BOOL_AS_A_COUNT
  counter.inc(found);
#else
  counter.inc(found ? 1 : 0);
#endif
}

void what_a_scope_borrows_lives_longer(const vitals::context::Scope& scope) {
#ifdef BORROWED_TEMPORARY
  scope.borrow(vitals::context::Borrowed{});
#else
  const vitals::context::Borrowed kept{};
  scope.borrow(kept);
  scope.end_loan();
#endif
}

void an_object_in_an_array_has_its_own_braces() {
  using vitals::ValueView;
#ifdef OBJECT_WITHOUT_BRACES
  static_cast<void>(ValueView::array({{"id", 7}}));
#else
  static_cast<void>(ValueView::array({{{"id", 7}}}));
#endif
}
