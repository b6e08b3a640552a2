#include "exporting/negotiate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace vitals::exporting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(AcceptsGzip, WhenItIsNamedOrEverythingIs) {
  for (const char* accept : {"gzip", "GZip", "x-gzip", "deflate, gzip", "gzip;q=0.5", "*",
                             "br;q=1.0, gzip ; q=0.001", "identity;q=0, *;q=0.1"}) {
    EXPECT_TRUE(accepts_gzip(accept)) << accept;
  }
}

TEST(AcceptsGzip, NotWhenItIsAbsentOrRefused) {
  for (const char* accept : {"", "identity", "gzip;q=0", "gzip;q=0.000", "*;q=0", "*, gzip;q=0",
                             "gzipped", "br", "gzip;q=x", ",,;;==", "gzip;q="}) {
    EXPECT_FALSE(accepts_gzip(accept)) << accept;
  }
}

TEST(Negotiate, TextUnlessSomethingElseIsWantedMore) {
  for (const char* accept :
       {"", "*/*", "text/plain", "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/html, */*;q=0.8",
        "application/json", "application/openmetrics-text;q=0",
        "application/openmetrics-text;version=2.0.0", "text/plain, application/openmetrics-text",
        "application/openmetrics-text;q=0.4,text/plain;q=0.5", "application/openmetrics-text;q=abc",
        ";;,,=q", "application/vnd.google.protobuf",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
        "application/vnd.google.protobuf;proto=other;encoding=delimited"}) {
    EXPECT_EQ(negotiate(accept).format, Format::kText) << accept;
  }
}

TEST(Negotiate, OpenMetricsWhenItIsWantedMost) {
  for (const char* accept :
       {"application/openmetrics-text", "application/openmetrics-text;version=1.0.0;charset=utf-8",
        "APPLICATION/OpenMetrics-Text; Version=\"1.0.0\"",
        "application/openmetrics-text;version=0.0.1",
        // As Prometheus 2.42 asks without native histograms.
        "application/openmetrics-text;version=1.0.0,application/"
        "openmetrics-text;version=0.0.1;q=0.75,"
        "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "text/plain;q=0.2, application/openmetrics-text;q=0.3"}) {
    EXPECT_EQ(negotiate(accept).format, Format::kOpenMetrics) << accept;
  }
}

TEST(Negotiate, ProtobufWhenItIsWantedMost) {
  for (
      const char* accept :
      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
       // As Prometheus 2.42 asks with native histograms.
       "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
       "application/openmetrics-text;version=1.0.0;q=0.8,application/"
       "openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"}) {
    EXPECT_EQ(negotiate(accept).format, Format::kProtobuf) << accept;
  }
}

TEST(Negotiate, AgreesWithPrometheus3OnTheFormatAndTheEscaping) {
  constexpr const char* kText = "text/plain; version=0.0.4; charset=utf-8";
  constexpr const char* kText1 = "text/plain; version=1.0.0; charset=utf-8; escaping=";
  constexpr const char* kOpenMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
  constexpr const char* kProtobuf =
      "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
      "encoding=delimited";
  struct {
    std::string accept;
    std::string content_type;
  } const table[] = {
      {"text/plain;version=1.0.0;escaping=allow-utf-8", kText1 + std::string("allow-utf-8")},
      {"text/plain;version=1.0.0;escaping=allow-utf8", kText1 + std::string("allow-utf-8")},
      {"text/plain; version=1.0.0; escaping=underscores", kText1 + std::string("underscores")},
      {"text/plain;version=1.0.0;escaping=dots", kText1 + std::string("dots")},
      {"text/plain;version=1.0.0;escaping=values", kText1 + std::string("values")},
      {"TEXT/PLAIN;Version=\"1.0.0\";Escaping=\"DOTS\"", kText1 + std::string("dots")},
      {"text/plain;version=1.0.0;escaping=backslashes", kText1 + std::string("underscores")},
      {"text/plain;version=1.0.0;escaping=", kText1 + std::string("underscores")},
      {"text/plain;version=1.0.0", kText1 + std::string("underscores")},
      {"text/plain;version=0.0.4;escaping=allow-utf-8",
       kText + std::string("; escaping=underscores")},
      {"text/plain;version=0.0.4;escaping=values", kText + std::string("; escaping=values")},
      {"text/plain;version=2.0.0;escaping=allow-utf-8", kText},
      {"text/plain", kText},
      // What Prometheus 3 sends: by default, with protobuf first, with text alone, with classic
      // names.
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,"
       "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
       "*/*;q=0.2",
       kOpenMetrics + std::string("; escaping=allow-utf-8")},
      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
       "encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;"
       "escaping=allow-utf-8;q=0.5,*/*;q=0.1",
       kProtobuf},
      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
       "encoding=delimited;escaping=allow-utf-8;q=0.6,*/*;q=0.1",
       kProtobuf + std::string("; escaping=allow-utf-8")},
      {"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,"
       "*/*;q=0.1",
       kText1 + std::string("allow-utf-8")},
      {"application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,*/*;q=0.2",
       kOpenMetrics + std::string("; escaping=underscores")},
      // The escaping is that of what was chosen, by its weight and not by its place.
      {"text/plain;version=1.0.0;escaping=dots;q=0.2,"
       "application/openmetrics-text;version=1.0.0;escaping=values;q=0.9",
       kOpenMetrics + std::string("; escaping=values")},
      {"text/plain;version=1.0.0;escaping=dots;q=0,text/plain;version=0.0.4;q=0.1", kText},
      {"text/plain;version=1.0.0;escaping=dots;q=1.5,text/plain;version=0.0.4;q=0.1", kText},
      {"text/plain;version=1.0.0;escaping=dots;q=inf,text/plain;version=0.0.4;q=0.1", kText},
      {"text/html;x=\"a,text/plain;version=1.0.0\"", kText},
  };
  for (const auto& row : table)
    EXPECT_EQ(negotiate(row.accept).content_type(), row.content_type) << row.accept;
}

TEST(SelectedNames, AreDecodedAndTheRestIsIgnored) {
  EXPECT_THAT(selected_names("name[]=a&x=1&name%5B%5d=b_total&name=c&name[]=d%20e+f"),
              ElementsAre("a", "b_total", "d e f"));
  EXPECT_THAT(selected_names(""), IsEmpty());
  EXPECT_THAT(selected_names("&&=&name[]"), ElementsAre(""));
  EXPECT_THAT(selected_names("name[]=%4&name[]=%zz&name[]=%"), ElementsAre("%4", "%zz", "%"));
}

TEST(Trim, TakesBlanksFromBothEnds) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim("  "), "");
  EXPECT_EQ(trim(""), "");
}

}  // namespace
}  // namespace vitals::exporting
