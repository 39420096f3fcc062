#include "tools/map_order.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "common/base/java_hash.h"

namespace ottla::tools {
namespace {

// java.util.HashMap doubles when more than three quarters are taken.
std::size_t Grown(std::size_t buckets, std::size_t count) {
  while (count > buckets * 3 / 4) buckets *= 2;
  return buckets;
}

std::size_t BucketOf(const std::string& name, std::size_t buckets) {
  const auto hash = static_cast<std::uint32_t>(JavaStringHash(name));
  return (hash ^ (hash >> 16)) & (buckets - 1);
}

// What went in one after the other comes out by bucket; within a bucket the order stays. (Java makes trees of buckets
// of eight and more in large maps, whose order may be another.)
void Pass(std::size_t buckets, std::vector<std::string>* names) {
  std::ranges::stable_sort(*names, {}, [buckets](const std::string& name) { return BucketOf(name, buckets); });
}

}  // namespace

std::vector<std::string> DescribeOrder(std::vector<std::string> names) {
  const std::size_t asked = Grown(std::bit_ceil(std::max<std::size_t>(names.size(), 1)), names.size());
  const std::size_t copied = std::bit_ceil(names.size() * 4 / 3 + 1);
  Pass(asked, &names);   // the futures
  Pass(copied, &names);  // a copy of them
  Pass(asked, &names);   // the answers
  return names;
}

}  // namespace ottla::tools
