// Our rows against Kafka 3.9's own field tables (tests/golden/kafka-protocol.jsonl.gz): names, order, types, versions,
// nulls, tags, defaults, ignorable.
#include <gtest/gtest.h>

#include <cctype>
#include <map>

#include "common/protocol/api_registry.h"
#include "common/protocol/codec.h"
#include "common/protocol/json_dump.h"
#include "data_messages.h"
#include "tests/support/golden.h"

namespace ottla {
namespace {

using nlohmann::json;

constexpr std::int16_t kForever = std::numeric_limits<std::int16_t>::max();

Versions Parse(const std::string& text) {
  if (text == "none") return kNoVersions;
  const auto first = static_cast<std::int16_t>(std::stoi(text));
  if (text.back() == '+') return {first, kForever};
  const auto dash = text.find('-');
  return {first, dash == std::string::npos ? first : static_cast<std::int16_t>(std::stoi(text.substr(dash + 1)))};
}

Versions Cut(Versions a, Versions b) { return {std::max(a.first, b.first), std::min(a.last, b.last)}; }

bool Same(Versions a, Versions b) {
  const bool a_empty = a.last < a.first;
  const bool b_empty = b.last < b.first;
  return a_empty || b_empty ? a_empty == b_empty : a.first == b.first && a.last == b.last;
}

std::string SnakeCase(const std::string& name) {
  std::string snake;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool upper = std::isupper(name[i]) != 0;
    const bool starts_word =
        upper && i > 0 && (std::isupper(name[i - 1]) == 0 || (i + 1 < name.size() && std::islower(name[i + 1]) != 0));
    if (starts_word) snake += '_';
    snake += static_cast<char>(std::tolower(name[i]));
  }
  return snake;
}

std::string TypeName(FieldKind kind) {
  switch (kind) {
    case FieldKind::kBool: return "bool";
    case FieldKind::kInt8: return "int8";
    case FieldKind::kInt16: return "int16";
    case FieldKind::kUint16: return "uint16";
    case FieldKind::kInt32: return "int32";
    case FieldKind::kUint32: return "uint32";
    case FieldKind::kInt64: return "int64";
    case FieldKind::kFloat64: return "float64";
    case FieldKind::kUuid: return "uuid";
    case FieldKind::kString: return "string";
    case FieldKind::kBytes: return "bytes";
    case FieldKind::kRecords: return "records";
    case FieldKind::kStruct: return "struct";
    case FieldKind::kArray: return "array";
  }
  return "?";
}

std::string ExpectedType(const std::string& type) {
  const bool array = type.starts_with("[]");
  const std::string element = array ? type.substr(2) : type;
  return (array ? "[]" : "") + std::string(std::isupper(element[0]) != 0 ? "struct" : element);
}

std::string ActualType(const Field& field) {
  return field.kind == FieldKind::kArray ? "[]" + TypeName(field.element) : TypeName(field.kind);
}

// A default in the tables is a string, a number or a boolean without system; this gives what our JSON shows for it.
json ExpectedDefault(const json& field) {
  const json given = field.value("default", json());
  const std::string text = given.is_string() ? given.get<std::string>() : given.is_null() ? "" : given.dump();
  const auto type = field["type"].get<std::string>();
  if (text == "null" || type == "records") return nullptr;
  if (type.starts_with("[]")) return json::array();
  if (type == "string" || type == "bytes") return text;
  if (type == "bool") return text == "true";
  if (type == "uuid") return "AAAAAAAAAAAAAAAAAAAAAA";
  if (type == "float64") return text.empty() ? 0.0 : std::stod(text);
  return text.empty() ? std::int64_t{0} : std::stoll(text, nullptr, 0);
}

class Comparison {
 public:
  explicit Comparison(const json& message) : message_(message), valid_(Parse(message["validVersions"])) {}

  void Run(const MessageRows& rows) {
    EXPECT_EQ(rows.min_version, valid_.first);
    EXPECT_EQ(rows.max_version, valid_.last);
    const Versions flexible = Parse(message_["flexibleVersions"]);
    EXPECT_EQ(rows.first_flexible, flexible.last < 0 ? kNeverFlexible : flexible.first);
    Struct(*rows.root, message_["fields"], valid_);
  }

 private:
  void Struct(const StructRows& rows, const json& fields, Versions parent) {
    EXPECT_EQ(rows.count, fields.size());
    std::int8_t last_tag = kNoTag;
    for (std::size_t i = 0; i < std::min(rows.count, fields.size()); ++i) {
      SCOPED_TRACE(fields[i]["name"].get<std::string>());
      OneField(rows, rows.fields[i], fields[i], parent);
      if (rows.fields[i].tag == kNoTag) continue;
      EXPECT_GT(rows.fields[i].tag, last_tag) << "the encoder writes tags in the order of the rows";
      last_tag = rows.fields[i].tag;
    }
  }

  void OneField(const StructRows& rows, const Field& ours, const json& theirs, Versions parent) {
    EXPECT_EQ(ours.name, SnakeCase(theirs["name"].get<std::string>()));
    EXPECT_EQ(ActualType(ours), ExpectedType(theirs["type"].get<std::string>()));
    const Versions versions = Cut(Parse(theirs["versions"].get<std::string>()), parent);
    EXPECT_TRUE(Same(Cut(ours.versions, parent), versions)) << ours.versions.first << '-' << ours.versions.last;
    const Versions nullable = Cut(Parse(theirs.value("nullableVersions", "none")), versions);
    EXPECT_TRUE(Same(Cut(ours.nullable, versions), nullable));
    const bool ever_null = nullable.first <= nullable.last;
    EXPECT_EQ(ours.optional, ever_null && ours.kind != FieldKind::kRecords);
    EXPECT_EQ(ours.ignorable, theirs.value("ignorable", false));
    CheckTag(ours, theirs, versions, parent);
    CheckDefault(rows, ours, theirs);
    if (ours.rows != nullptr) Struct(*ours.rows, FieldsOf(theirs), StructVersions(theirs, versions));
  }

  static void CheckTag(const Field& ours, const json& theirs, Versions versions, Versions parent) {
    const json tag = theirs.value("tag", json(-1));
    EXPECT_EQ(ours.tag, tag.is_string() ? std::stoi(tag.get<std::string>()) : tag.get<int>());
    const Versions tagged = Cut(Parse(theirs.value("taggedVersions", "none")), parent);
    EXPECT_TRUE(Same(tagged, ours.tag == kNoTag ? kNoVersions : versions)) << "we know no field that is tagged in part";
  }

  static void CheckDefault(const StructRows& rows, const Field& ours, const json& theirs) {
    if (ours.kind == FieldKind::kStruct && !ours.optional) return;  // a struct of defaults: compared by its own rows
    if (ours.kind == FieldKind::kStruct) {
      const void* value = ours.optional_struct->get(static_cast<const char*>(rows.defaults) + ours.offset);
      EXPECT_EQ(value == nullptr, theirs.value("default", json()) == "null");
      return;
    }
    // A message of this one field, shown as JSON in the field's first version.
    Field untagged = ours;
    untagged.tag = kNoTag;
    const StructRows one{.fields = &untagged, .count = 1, .defaults = rows.defaults, .has_tags = false};
    MessageRows message{.name = "", .root = &one};
    const json shown = json::parse(ToJson(message, rows.defaults, ours.versions.first));
    ASSERT_EQ(shown.size(), 1u);
    EXPECT_EQ(*shown.begin(), ExpectedDefault(theirs));
  }

  const json* CommonStruct(const json& field) const {
    std::string name = field["type"];
    if (name.starts_with("[]")) name = name.substr(2);
    for (const json& common : message_.value("commonStructs", json::array())) {
      if (common["name"] == name) return &FindCommon(name);
    }
    return nullptr;
  }
  const json& FindCommon(const std::string& name) const {
    for (const json& common : message_["commonStructs"]) {
      if (common["name"] == name) return common;
    }
    throw std::runtime_error("no struct " + name);
  }
  json FieldsOf(const json& field) const {
    return field.contains("fields") ? field["fields"] : (*CommonStruct(field))["fields"];
  }
  Versions StructVersions(const json& field, Versions versions) const {
    if (field.contains("fields")) return versions;
    return Cut(Parse(CommonStruct(field)->value("versions", "0+")), valid_);
  }

  const json& message_;
  const Versions valid_;
};

std::map<std::string, const MessageRows*> AllMessages() {
  std::map<std::string, const MessageRows*> all;
  const auto add = [&all](const MessageRows& rows) { all[std::string(rows.name)] = &rows; };
  for (const ApiInfo& api : AllApis()) {
    add(*api.request);
    add(*api.response);
  }
  for (const MessageRows* rows : test::kDataMessages) add(*rows);
  return all;
}

TEST(FieldFacts, RowsEqualKafkasTables) {
  std::map<std::string, const MessageRows*> left = AllMessages();
  const std::string text = test::ReadAll(std::string(OTTLA_SOURCE_DIR) + "/tests/golden/kafka-protocol.jsonl.gz");
  std::stringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const json message = json::parse(line);
    const auto name = message["name"].get<std::string>();
    const auto found = left.find(name);
    if (found == left.end()) continue;  // KRaft and share state: not spoken here
    SCOPED_TRACE(name);
    EXPECT_EQ(found->second->key, message.value("apiKey", -1));
    Comparison(message).Run(*found->second);
    left.erase(found);
  }
  for (const auto& [name, rows] : left) ADD_FAILURE() << name << " is not in Kafka's tables";
}

}  // namespace
}  // namespace ottla
