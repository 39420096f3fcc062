// Numbers about the running process. Each loop writes its own cells without locks or locked instructions; whoever reads
// sums the cells of all loops.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ottla {

// A cell has one writer, so adding is a load and a store; readers on other threads see some recent value.
class MetricCell {
 public:
  void Add(std::int64_t n) { Set(value_.load(std::memory_order_relaxed) + n); }
  void Set(std::int64_t n) { value_.store(n, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Only grows. Owner: the thread of its shard, as for the two below.
class Counter {
 public:
  void Add(std::int64_t n = 1) { cell_.Add(n); }
  std::int64_t value() const { return cell_.value(); }

 private:
  MetricCell cell_;
};

// A level: connections, bytes held, partitions offline. The sum over the shards is what is reported.
class Gauge {
 public:
  void Set(std::int64_t n) { cell_.Set(n); }
  void Add(std::int64_t n) { cell_.Add(n); }
  std::int64_t value() const { return cell_.value(); }

 private:
  MetricCell cell_;
};

// Distribution of non-negative values (mostly microseconds or bytes) with an error of at most a quarter: four buckets
// for each power of two.
class Histogram {
 public:
  static constexpr std::size_t kBuckets = 252;

  void Record(std::int64_t value) {
    const auto v = static_cast<std::uint64_t>(value < 0 ? 0 : value);
    buckets_[BucketOf(v)].Add(1);
    sum_.Add(static_cast<std::int64_t>(v));
  }
  static constexpr std::size_t BucketOf(std::uint64_t v) {
    if (v < 4) return v;
    const int log = 63 - std::countl_zero(v);
    return static_cast<std::size_t>(log - 1) * 4 + ((v >> (log - 2)) & 3);
  }
  // The largest value of a bucket.
  static constexpr std::uint64_t UpperBound(std::size_t bucket) {
    if (bucket < 4) return bucket;
    const int log = static_cast<int>(bucket / 4) + 1;
    const std::uint64_t step = std::uint64_t{1} << (log - 2);
    return (4 + bucket % 4) * step + step - 1;
  }
  std::int64_t bucket(std::size_t i) const { return buckets_[i].value(); }
  std::int64_t sum() const { return sum_.value(); }

 private:
  std::array<MetricCell, kBuckets> buckets_;
  MetricCell sum_;
};

struct HistogramSnapshot {
  std::array<std::int64_t, Histogram::kBuckets> buckets{};
  std::int64_t count = 0;
  std::int64_t sum = 0;
  // An upper bound of the value below which `fraction` (0 to 1) of the records lie; 0 without records.
  std::int64_t Percentile(double fraction) const;
};

struct MetricsSnapshot {
  std::map<std::string, std::int64_t> counters;
  std::map<std::string, std::int64_t> gauges;
  std::map<std::string, HistogramSnapshot> histograms;
  // The text that Prometheus reads. Names may carry labels: `requests_total{api="Produce"}`.
  std::string ToPrometheus() const;
};

// The metrics of one loop. Finding a metric by name takes a lock, so it is done once, by whoever will write it; the
// reference stays valid as long as the shard. The same name gives the same metric.
class MetricShard {
 public:
  Counter& GetCounter(const std::string& name);
  Gauge& GetGauge(const std::string& name);
  Histogram& GetHistogram(const std::string& name);
  void AddTo(MetricsSnapshot* snapshot) const;  // any thread

 private:
  mutable std::mutex mutex_;  // the maps, not the cells
  std::map<std::string, std::unique_ptr<Counter>> counters_;
  std::map<std::string, std::unique_ptr<Gauge>> gauges_;
  std::map<std::string, std::unique_ptr<Histogram>> histograms_;
};

// All shards of a process: one for each data loop, one for the control loop, one for each disk thread.
class Metrics {
 public:
  explicit Metrics(std::size_t shards);
  MetricShard& Shard(std::size_t index) { return *shards_.at(index); }
  MetricsSnapshot Read() const;  // any thread

 private:
  std::vector<std::unique_ptr<MetricShard>> shards_;
};

}  // namespace ottla
