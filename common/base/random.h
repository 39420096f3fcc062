// Seam: chance. The only source of randomness in the product; seeded by main from the system, by the simulator from its
// seed. Not for secrets. Owner: whoever holds it (one per loop), never shared between threads.
#pragma once

#include <cstdint>

namespace ottla {

// SplitMix64 (Steele, Lea, Flood 2014): small state, good enough spread, the same on every platform.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  // Uniform in [0, bound); bound > 0.
  std::uint64_t Below(std::uint64_t bound) { return Next() % bound; }
  bool Chance(double probability) { return static_cast<double>(Next() >> 11) * 0x1.0p-53 < probability; }
  Random Fork() { return Random(Next()); }

 private:
  std::uint64_t state_;
};

}  // namespace ottla
