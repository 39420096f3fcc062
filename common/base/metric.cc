#include "common/base/metric.h"

#include <string_view>

namespace ottla {
namespace {

template <class T>
T& FindOrMake(std::map<std::string, std::unique_ptr<T>>& all, const std::string& name) {
  std::unique_ptr<T>& metric = all[name];
  if (!metric) metric = std::make_unique<T>();
  return *metric;
}

// `name{a="b"}` with one more label, or with the suffix in front of the labels.
std::string Decorate(const std::string& name, std::string_view suffix, const std::string& label) {
  const std::size_t brace = name.find('{');
  std::string base = name.substr(0, brace);
  base += suffix;
  std::string labels = brace == std::string::npos ? "" : name.substr(brace + 1, name.size() - brace - 2);
  if (!label.empty()) labels += (labels.empty() ? "" : ",") + label;
  return labels.empty() ? base : base + "{" + labels + "}";
}

void AppendFamily(const std::map<std::string, std::int64_t>& values, const char* type, std::string* out) {
  std::string last;
  for (const auto& [name, value] : values) {
    const std::string family = name.substr(0, name.find('{'));
    if (family != last) *out += "# TYPE " + family + " " + type + "\n";
    last = family;
    *out += name + " " + std::to_string(value) + "\n";
  }
}

}  // namespace

std::int64_t HistogramSnapshot::Percentile(double fraction) const {
  if (count == 0) return 0;
  const auto wanted = static_cast<std::int64_t>(fraction * static_cast<double>(count));
  std::int64_t below = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    below += buckets[i];
    if (below > wanted || below == count) return static_cast<std::int64_t>(Histogram::UpperBound(i));
  }
  return 0;
}

std::string MetricsSnapshot::ToPrometheus() const {
  std::string out;
  AppendFamily(counters, "counter", &out);
  AppendFamily(gauges, "gauge", &out);
  std::string last;
  for (const auto& [name, histogram] : histograms) {
    const std::string family = name.substr(0, name.find('{'));
    if (family != last) out += "# TYPE " + family + " summary\n";
    last = family;
    for (const auto& [label, fraction] : {std::pair{"0.5", 0.5}, {"0.99", 0.99}, {"0.999", 0.999}}) {
      out += Decorate(name, "", std::string("quantile=\"") + label + "\"") + " " +
             std::to_string(histogram.Percentile(fraction)) + "\n";
    }
    out += Decorate(name, "_sum", "") + " " + std::to_string(histogram.sum) + "\n";
    out += Decorate(name, "_count", "") + " " + std::to_string(histogram.count) + "\n";
  }
  return out;
}

Counter& MetricShard::GetCounter(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return FindOrMake(counters_, name);
}

Gauge& MetricShard::GetGauge(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return FindOrMake(gauges_, name);
}

Histogram& MetricShard::GetHistogram(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return FindOrMake(histograms_, name);
}

void MetricShard::AddTo(MetricsSnapshot* snapshot) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, counter] : counters_) snapshot->counters[name] += counter->value();
  for (const auto& [name, gauge] : gauges_) snapshot->gauges[name] += gauge->value();
  for (const auto& [name, histogram] : histograms_) {
    HistogramSnapshot& to = snapshot->histograms[name];
    for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
      const std::int64_t n = histogram->bucket(i);
      to.buckets[i] += n;
      to.count += n;
    }
    to.sum += histogram->sum();
  }
}

Metrics::Metrics(std::size_t shards) {
  for (std::size_t i = 0; i < shards; ++i) shards_.push_back(std::make_unique<MetricShard>());
}

MetricsSnapshot Metrics::Read() const {
  MetricsSnapshot snapshot;
  for (const auto& shard : shards_) shard->AddTo(&snapshot);
  return snapshot;
}

}  // namespace ottla
