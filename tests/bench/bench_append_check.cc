// What a leader pays per batch of 16 KiB and of 1 MB produced: the checks on the connection's loop, beside the CRC
// alone.
#include <cstdio>

#include "broker/log/append_check.h"
#include "common/base/crc32c.h"
#include "common/env/system_clock.h"
#include "common/record/batch_builder.h"

namespace ottla {
namespace {

std::string MakeBatch(Codec codec, std::size_t record_bytes, std::size_t batch_bytes, AppendScratch& scratch) {
  BatchFields fields;
  fields.codec = codec;
  BatchBuilder builder(fields);
  std::string value(record_bytes, '\0');
  for (std::int64_t i = 0; builder.size_estimate() < batch_bytes; ++i) {
    for (std::size_t at = 0; at < value.size(); ++at) value[at] = static_cast<char>('a' + (at * 7919 + i * at) % 26);
    builder.Append(1'700'000'000'000 + i, std::nullopt, value);
  }
  std::string out;
  builder.Build(&scratch.codecs, out);
  return out;
}

template <class Body>
double NanosPer(const Clock& clock, int rounds, Body body) {
  const MonoTime begin = clock.Now();
  for (int i = 0; i < rounds; ++i) body();
  return 1000.0 * static_cast<double>((clock.Now() - begin).count()) / rounds;
}

void Measure(const Clock& clock, Codec codec, std::size_t record_bytes, std::size_t batch_bytes) {
  AppendScratch scratch;
  const AppendRules rules;
  AppendSource source;
  source.topic = "bench";
  std::string batch = MakeBatch(codec, record_bytes, batch_bytes, scratch);
  const int rounds = static_cast<int>((std::size_t{300} << 20) / batch_bytes);
  std::uint32_t sink = 0;
  const double crc = NanosPer(clock, rounds, [&] { sink += Crc32c(sink, batch.data(), batch.size()); });
  const double check = NanosPer(clock, rounds, [&] { sink += CheckAppend(batch, rules, source, scratch).header.crc; });
  std::printf("%4zu B records, %-6s %7zu bytes: check %7.0f ns (%5.2f GB/s of the batch), CRC alone %5.0f ns  [%08x]\n",
              record_bytes, std::string(ToString(codec)).c_str(), batch.size(), check,
              static_cast<double>(batch.size()) / check, crc, sink);
}

void Run() {
  const SystemClock clock;
  for (const std::size_t record_bytes : {100U, 1024U}) {
    for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd, Codec::kSnappy, Codec::kGzip}) {
      Measure(clock, codec, record_bytes, 16384);
    }
    Measure(clock, Codec::kNone, record_bytes, 1'000'000);
  }
}

}  // namespace
}  // namespace ottla

int main() { ottla::Run(); }
