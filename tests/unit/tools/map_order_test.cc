#include "tools/map_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "common/base/java_hash.h"

namespace ottla::tools {
namespace {

std::vector<std::string> Names(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    std::ostringstream name;
    if (i % 3 == 0) name << "orders-" << i;
    if (i % 3 == 1) name << "AaBB." << i * 7919;
    if (i % 3 == 2) name << "__x_" << std::hex << i * 104729;
    names.push_back(name.str());
  }
  std::ranges::sort(names);
  return names;
}

struct Row {
  int count;
  std::uint32_t fold;  // of the names' hashes, in the order in which Java 17 gave them
};

TEST(DescribeOrder, IsThatOfJava) {
  const Row rows[] = {{0, 0},           {1, 1234322248}, {2, 17140464},    {3, 3649438138},  {4, 1721928177},
                      {5, 1487728890},  {6, 3516672291}, {7, 3417023089},  {12, 3849780482}, {13, 689501591},
                      {20, 1524668294}, {50, 185105897}, {97, 3232290822}, {3000, 123490385}};
  for (const Row& row : rows) {
    std::uint32_t fold = 0;
    for (const std::string& name : DescribeOrder(Names(row.count))) {
      fold = fold * 31 + static_cast<std::uint32_t>(JavaStringHash(name));
    }
    EXPECT_EQ(fold, row.fold) << row.count << " names";
  }
  const std::vector<std::string> seven = {"AaBB.7919", "AaBB.31676", "__x_7fd7d", "__x_33232",
                                          "orders-3",  "orders-0",   "orders-6"};
  EXPECT_EQ(DescribeOrder(Names(7)), seven);
}

}  // namespace
}  // namespace ottla::tools
