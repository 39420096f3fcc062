// What fuzzers share: the command line, seeds, and ways to spoil bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/random.h"

namespace ottla::test {

// Runs `one` again and again, each time with a generator of the next seed, until --iterations (default 1000) or
// --seconds are over. `one` fails by CHECK or a sanitizer; the seed of that iteration is then printed.
int FuzzMain(int argc, char** argv, const std::function<void(Random&)>& one);

// `bytes` with one to eight changes: bits, bytes that lengths and counts like (0, 1, 7f, 80, ff, runs of them), bytes
// inserted, removed, doubled, cut off, or taken from `other`.
std::string Mutate(std::string bytes, std::string_view other, Random& random);

}  // namespace ottla::test
