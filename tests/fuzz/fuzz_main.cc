#include "fuzz_main.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace ottla::test {
namespace {

// Set before each iteration, so that a handler of a deadly signal has only to write it.
std::array<char, 64> g_repeat{};
volatile sig_atomic_t g_time_is_over = 0;

void SayHowToRepeat() {
  const ssize_t ignored = write(STDERR_FILENO, g_repeat.data(), std::strlen(g_repeat.data()));
  (void)ignored;  // nothing is left to do about it
}

void OnDeadlySignal(int number) {
  SayHowToRepeat();
  signal(number, SIG_DFL);
  raise(number);
}

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t iterations = 1000;
  unsigned seconds = 0;
};

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--seed") {
      options.seed = value;
    } else if (name == "--iterations") {
      options.iterations = value;
    } else if (name == "--seconds") {
      options.seconds = static_cast<unsigned>(value);
      options.iterations = UINT64_MAX;
    } else {
      std::fprintf(stderr, "usage: %s [--seed N] [--iterations N | --seconds N]\n", argv[0]);
      std::exit(2);
    }
  }
  return options;
}

void WatchForDeath() {
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) signal(number, OnDeadlySignal);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(SayHowToRepeat);
}

char InterestingByte(Random& random) {
  static constexpr std::array<unsigned char, 10> kBytes = {0, 1, 2, 0x10, 0x7f, 0x80, 0x81, 0xfe, 0xff, 0x0f};
  return static_cast<char>(kBytes[random.Below(kBytes.size())]);
}

std::size_t Position(const std::string& bytes, Random& random) { return random.Below(bytes.size() + 1); }

void ChangeOnce(std::string& bytes, std::string_view other, Random& random) {
  const std::size_t at = Position(bytes, random);
  const std::size_t length = std::min<std::size_t>(1 + random.Below(8), bytes.size() - at);
  switch (random.Below(9)) {
    case 0:
      if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
      break;
    case 1:
      if (at < bytes.size()) bytes[at] = static_cast<char>(random.Next());
      break;
    case 2:
      if (at < bytes.size()) bytes[at] = InterestingByte(random);
      break;
    case 3: bytes.replace(at, length, std::string(length, InterestingByte(random))); break;
    case 4: bytes.insert(at, std::string(1 + random.Below(8), InterestingByte(random))); break;
    case 5: bytes.erase(at, length); break;
    case 6: bytes.insert(at, bytes.substr(at, length)); break;
    case 7: bytes.resize(at); break;
    default: {
      if (other.empty()) break;
      const std::size_t from = random.Below(other.size());
      bytes.replace(at, length, other.substr(from, 1 + random.Below(16)));
    }
  }
}

}  // namespace

std::string Mutate(std::string bytes, std::string_view other, Random& random) {
  for (std::uint64_t changes = 1 + random.Below(8); changes > 0; --changes) ChangeOnce(bytes, other, random);
  return bytes;
}

int FuzzMain(int argc, char** argv, const std::function<void(Random&)>& one) {
  const Options options = Parse(argc, argv);
  WatchForDeath();
  if (options.seconds > 0) {
    signal(SIGALRM, [](int) { g_time_is_over = 1; });
    alarm(options.seconds);
  }
  std::uint64_t done = 0;
  for (; done < options.iterations && g_time_is_over == 0; ++done) {
    const std::uint64_t seed = options.seed + done;
    std::snprintf(g_repeat.data(), g_repeat.size(), "repeat with: --seed %llu --iterations 1\n",
                  static_cast<unsigned long long>(seed));
    Random random(seed);
    one(random);
  }
  std::printf("%llu iterations from seed %llu: nothing found\n", static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(options.seed));
  return 0;
}

}  // namespace ottla::test
