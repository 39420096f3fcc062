#include "common/base/metric.h"

#include <gtest/gtest.h>

#include <thread>

namespace ottla {
namespace {

TEST(Histogram, BucketsCoverAllValuesWithinAQuarter) {
  std::size_t last = 0;
  for (std::uint64_t v = 0; v < 100'000; ++v) {
    const std::size_t bucket = Histogram::BucketOf(v);
    ASSERT_TRUE(bucket == last || bucket == last + 1) << v;
    last = bucket;
    const std::uint64_t upper = Histogram::UpperBound(bucket);
    ASSERT_GE(upper, v);
    ASSERT_LE(upper, v + v / 4);
  }
  EXPECT_LT(Histogram::BucketOf(INT64_MAX), Histogram::kBuckets);
}

TEST(Histogram, PercentilesComeFromTheBuckets) {
  Metrics metrics(2);
  for (int i = 1; i <= 100; ++i) metrics.Shard(static_cast<std::size_t>(i % 2)).GetHistogram("us").Record(i);
  const HistogramSnapshot us = metrics.Read().histograms.at("us");
  EXPECT_EQ(us.count, 100);
  EXPECT_EQ(us.sum, 5050);
  EXPECT_EQ(us.Percentile(0.5), 55);
  EXPECT_EQ(us.Percentile(0.99), 111);
  EXPECT_EQ(HistogramSnapshot{}.Percentile(0.5), 0);
}

TEST(Metrics, EveryShardCountsAloneAndReadingSums) {
  Metrics metrics(3);
  std::vector<std::thread> threads;
  for (std::size_t shard = 0; shard < 3; ++shard) {
    threads.emplace_back([&metrics, shard] {
      Counter& counter = metrics.Shard(shard).GetCounter("requests_total{api=\"Produce\"}");
      for (int i = 0; i < 10'000; ++i) counter.Add();
      metrics.Shard(shard).GetGauge("connections").Set(static_cast<std::int64_t>(shard));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const MetricsSnapshot snapshot = metrics.Read();
  EXPECT_EQ(snapshot.counters.at("requests_total{api=\"Produce\"}"), 30'000);
  EXPECT_EQ(snapshot.gauges.at("connections"), 3);
}

TEST(Metrics, TextForPrometheus) {
  Metrics metrics(1);
  MetricShard& shard = metrics.Shard(0);
  shard.GetCounter("requests_total{api=\"Fetch\"}").Add(2);
  shard.GetCounter("requests_total{api=\"Produce\"}").Add(3);
  shard.GetGauge("connections").Set(-1);
  shard.GetHistogram("request_us{api=\"Fetch\"}").Record(3);
  EXPECT_EQ(metrics.Read().ToPrometheus(),
            "# TYPE requests_total counter\n"
            "requests_total{api=\"Fetch\"} 2\n"
            "requests_total{api=\"Produce\"} 3\n"
            "# TYPE connections gauge\n"
            "connections -1\n"
            "# TYPE request_us summary\n"
            "request_us{api=\"Fetch\",quantile=\"0.5\"} 3\n"
            "request_us{api=\"Fetch\",quantile=\"0.99\"} 3\n"
            "request_us{api=\"Fetch\",quantile=\"0.999\"} 3\n"
            "request_us_sum{api=\"Fetch\"} 3\n"
            "request_us_count{api=\"Fetch\"} 1\n");
}

}  // namespace
}  // namespace ottla
