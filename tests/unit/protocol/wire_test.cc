// Primitive types of the wire, and what becomes of bytes that end too soon or never.
#include "common/protocol/wire.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "tests/support/golden.h"

namespace ottla {
namespace {

using nlohmann::json;
using namespace std::string_view_literals;

std::string Written(const std::function<void(WireWriter&)>& write) {
  std::string bytes;
  WireWriter writer(&bytes);
  write(writer);
  writer.Finish();
  return test::ToHex(bytes);
}

std::int64_t ReadNumber(const std::string& kind, WireReader& in) {
  if (kind == "unsigned_varint") return in.UVarint();
  return kind == "varint" ? in.Varint() : in.Varlong();
}

TEST(Varints, EqualKafkas) {
  int seen = 0;
  test::ForEachGolden("hashes.jsonl", [&](const json& line) {
    const auto kind = line["kind"].get<std::string>();
    if (kind != "varint" && kind != "varlong" && kind != "unsigned_varint") return;
    SCOPED_TRACE(line.dump());
    const auto value = line["value"].get<std::int64_t>();
    EXPECT_EQ(Written([&](WireWriter& out) {
                if (kind == "varint") out.Varint(static_cast<std::int32_t>(value));
                if (kind == "varlong") out.Varlong(value);
                if (kind == "unsigned_varint") out.UVarint(static_cast<std::uint32_t>(value));
              }),
              line["hex"].get<std::string>());
    const std::string bytes = test::FromHex(line["hex"].get<std::string>());
    WireReader in(bytes);
    EXPECT_EQ(ReadNumber(kind, in), value);
    EXPECT_TRUE(in.ok());
    EXPECT_EQ(in.remaining(), 0u);
    ++seen;
  });
  EXPECT_GT(seen, 0);
}

TEST(Varints, OddFormsReadAsKafkaReadsThem) {
  int seen = 0;
  test::ForEachGolden("hashes.jsonl", [&](const json& line) {
    if (line["kind"] != "decode_varint") return;
    const std::string bytes = test::FromHex(line["hex"].get<std::string>());
    for (const char* kind : {"unsigned_varint", "varint", "varlong"}) {
      SCOPED_TRACE(line.dump() + kind);
      WireReader in(bytes);
      const std::int64_t value = ReadNumber(kind, in);
      EXPECT_EQ(in.ok(), line[kind].is_number());
      if (in.ok()) {
        EXPECT_EQ(value, line[kind].get<std::int64_t>());
      }
    }
    ++seen;
  });
  EXPECT_GT(seen, 0);
}

TEST(WireWriter, WritesBigEndian) {
  EXPECT_EQ(Written([](WireWriter& out) {
              out.I8(-2);
              out.I16(-2);
              out.U16(0xfffe);
              out.I32(0x01020304);
              out.I64(-2);
              out.F64(1.5);
            }),
            "fe"
            "fffe"
            "fffe"
            "01020304"
            "fffffffffffffffe"
            "3ff8000000000000");
}

TEST(WireWriter, AppendsAndCutsItsSpareRoom) {
  std::string bytes = "before";
  {
    WireWriter writer(&bytes);
    for (int i = 0; i < 1000; ++i) writer.Raw("0123456789");
    EXPECT_EQ(writer.size(), 10006u);
  }
  EXPECT_EQ(bytes.size(), 10006u);
  EXPECT_TRUE(bytes.starts_with("before0123456789"));
}

TEST(WireWriter, PrefixSizeMovesTheBytesUp) {
  for (const std::size_t size : {0u, 1u, 127u, 128u, 300u, 20000u}) {
    std::string bytes;
    {
      WireWriter writer(&bytes);
      writer.Raw("ab");
      writer.Raw(std::string(size, 'x'));
      writer.PrefixSize(2);
    }
    WireReader in(std::string_view(bytes).substr(2));
    EXPECT_EQ(in.UVarint(), size);
    EXPECT_EQ(in.Raw(size), std::string(size, 'x'));
    EXPECT_EQ(in.remaining(), 0u);
  }
}

TEST(WireReader, FirstFailureSticks) {
  WireReader in("\0\1\2"sv);
  EXPECT_EQ(in.I16(), 1);
  EXPECT_EQ(in.I32(), 0);
  EXPECT_FALSE(in.ok());
  EXPECT_STREQ(in.error(), "unexpected end of the bytes");
  EXPECT_EQ(in.U8(), 0);  // the byte that is left does not come after what failed
  EXPECT_EQ(in.remaining(), 0u);
  in.Fail("later");
  EXPECT_STREQ(in.error(), "unexpected end of the bytes");
}

TEST(WireReader, EveryTypeEndsWithItsBytes) {
  const std::map<std::size_t, std::function<void(WireReader&)>> reads = {
      {1, [](WireReader& in) { in.U8(); }},        {2, [](WireReader& in) { in.U16(); }},
      {4, [](WireReader& in) { in.I32(); }},       {8, [](WireReader& in) { in.I64(); }},
      {16, [](WireReader& in) { in.ReadUuid(); }}, {5, [](WireReader& in) { in.Raw(5); }},
  };
  for (const auto& [size, read] : reads) {
    const std::string bytes(size, '\1');
    WireReader exact(bytes);
    read(exact);
    EXPECT_TRUE(exact.ok()) << size;
    EXPECT_EQ(exact.remaining(), 0u) << size;
    WireReader cut(std::string_view(bytes).substr(1));
    read(cut);
    EXPECT_FALSE(cut.ok()) << size;
  }
}

TEST(WireReader, SkipTagsStaysInside) {
  struct Case {
    std::string_view bytes;
    bool ok;
    std::size_t left;
  };
  static constexpr Case kCases[] = {
      {"\0"sv, true, 0},
      {"\0z"sv, true, 1},
      {"\1\5\2ab"sv, true, 0},
      {"\2\5\0\6\1az"sv, true, 1},
      {""sv, false, 0},
      {"\1"sv, false, 0},
      {"\1\5"sv, false, 0},
      {"\1\5\3ab"sv, false, 0},
      {"\1\5\xff\xff\xff\xff\x0f"sv, false, 0},
      {"\xff\xff\xff\xff\x0f\5\0"sv, false, 0},  // 4 billion tags, and the bytes of one
  };
  for (const Case& c : kCases) {
    WireReader in(c.bytes);
    in.SkipTags();
    EXPECT_EQ(in.ok(), c.ok) << test::ToHex(c.bytes);
    EXPECT_EQ(in.remaining(), c.left) << test::ToHex(c.bytes);
  }
}

}  // namespace
}  // namespace ottla
