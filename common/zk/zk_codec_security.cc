// ACLs and delegation tokens: the security stores of zk_codec.h.
#include <algorithm>
#include <array>

#include "common/zk/zk_codec.h"
#include "common/zk/zk_json.h"
#include "common/zk/zk_paths.h"

namespace ottla::zk {
namespace {

constexpr std::array<std::string_view, 6> kResourceTypes = {
    "TOPIC", "GROUP", "CLUSTER", "TRANSACTIONAL_ID", "DELEGATION_TOKEN", "USER"};
constexpr std::array<std::string_view, 14> kOperations = {"ALL",
                                                          "READ",
                                                          "WRITE",
                                                          "CREATE",
                                                          "DELETE",
                                                          "ALTER",
                                                          "DESCRIBE",
                                                          "CLUSTER_ACTION",
                                                          "DESCRIBE_CONFIGS",
                                                          "ALTER_CONFIGS",
                                                          "IDEMPOTENT_WRITE",
                                                          "CREATE_TOKENS",
                                                          "DESCRIBE_TOKENS",
                                                          "ANY"};

std::optional<std::string> Text(const JsonIn& object, const char* key) { return zk::Text(Find(object, key)); }

std::string Upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

// Kafka's own comparison of names: without case, "DescribeConfigs" equal to DESCRIBE_CONFIGS.
template <std::size_t N>
std::string KnownName(std::string_view text, const std::array<std::string_view, N>& known) {
  const std::string upper = Upper(text);
  for (const std::string_view name : known) {
    std::string joined(name);
    std::erase(joined, '_');
    if (upper == name || upper == joined) return std::string(name);
  }
  return "UNKNOWN";
}

std::optional<AclEntry> ReadAcl(const JsonIn& json) {
  if (!json.is_object()) return std::nullopt;
  const auto principal = Text(json, "principal");
  const auto host = Text(json, "host");
  const auto operation = Text(json, "operation");
  const auto permission = Text(json, "permissionType");
  if (!principal || !host || !operation || !permission) return std::nullopt;
  const std::string allow = Upper(*permission);
  if (principal->find(':') == std::string::npos || (allow != "ALLOW" && allow != "DENY")) return std::nullopt;
  return AclEntry{*principal, *host, KnownName(*operation, kOperations), allow};
}

// Bytes as Java's form decoding gives them back; text that was never encoded stays as it is.
std::string Decoded(const std::string& name) { return Desanitize(name).value_or(name); }

}  // namespace

std::string PascalCase(std::string_view upper) {
  std::string out;
  bool start = true;
  for (const char c : upper) {
    if (c == '_') {
      start = true;
      continue;
    }
    out += !start && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    start = false;
  }
  return out;
}

Result<std::vector<AclEntry>> DecodeAcls(const ZkData& data) {
  std::vector<AclEntry> acls;
  const std::optional<JsonIn> json = ParseJson(data);
  if (!json) return acls;
  if (!json->is_object() || Int32(Find(*json, "version")) != 1) return Corrupt("acl", "version is not 1");
  const JsonIn* list = Find(*json, "acls");
  if (list == nullptr || !list->is_array()) return Corrupt("acl", "no acls");
  for (const JsonIn& element : *list) {
    std::optional<AclEntry> acl = ReadAcl(element);
    if (!acl) return Corrupt("acl", "an entry does not parse");
    acls.push_back(std::move(*acl));
  }
  return acls;
}

std::string EncodeAcls(const std::vector<AclEntry>& acls) {
  JsonOut list = JsonOut::array();
  for (const AclEntry& acl : acls) {
    list.push_back(JsonOut{{"principal", acl.principal},
                           {"permissionType", PascalCase(acl.permission)},
                           {"operation", PascalCase(acl.operation)},
                           {"host", acl.host}});
  }
  return Dump(JsonOut{{"version", 1}, {"acls", std::move(list)}});
}

Result<AclChange> DecodeLiteralAclChange(const ZkData& data) {
  const std::string text = data.value_or("");
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return Corrupt("acl change", "no type");
  return AclChange{KnownName(std::string_view(text).substr(0, colon), kResourceTypes), text.substr(colon + 1),
                   "LITERAL"};
}

Result<AclChange> DecodePrefixedAclChange(const ZkData& data) {
  const Result<JsonIn> json = ParseObject(data, "acl change");
  if (!json.ok()) return json.status();
  const auto type = Text(*json, "resourceType");
  const auto name = Text(*json, "name");
  const auto pattern = Text(*json, "patternType");
  if (Int32(Find(*json, "version")) != 1 || !type || !name || !pattern) return Corrupt("acl change", "fields");
  return AclChange{KnownName(*type, kResourceTypes), *name, Upper(*pattern)};
}

std::string EncodeLiteralAclChange(const AclChange& change) { return change.resource_type + ":" + change.name; }

std::string EncodePrefixedAclChange(const AclChange& change) {
  return Dump(JsonOut{{"version", 1},
                      {"resourceType", change.resource_type},
                      {"name", change.name},
                      {"patternType", change.pattern_type}});
}

Result<TokenInfo> DecodeToken(const ZkData& data) {
  const Result<JsonIn> json = ParseObject(data, "token");
  if (!json.ok()) return json.status();
  const auto id = Text(*json, "tokenId");
  const auto owner = Text(*json, "owner");
  const auto issue = Int64(Find(*json, "issueTimestamp"));
  const auto max = Int64(Find(*json, "maxTimestamp"));
  const auto expiry = Int64(Find(*json, "expiryTimestamp"));
  const JsonIn* renewers = Find(*json, "renewers");
  if (!id || !owner || !issue || !max || !expiry || renewers == nullptr || !renewers->is_array()) {
    return Corrupt("token", "a field is missing");
  }
  // Versions 1 and 2 have no requester: the owner asked.
  TokenInfo token{*id,  Decoded(*owner), Decoded(Text(*json, "tokenRequester").value_or(*owner)), {}, *issue,
                  *max, *expiry};
  for (const JsonIn& renewer : *renewers) {
    if (!renewer.is_string()) return Corrupt("token", "a renewer is not a string");
    token.renewers.push_back(Decoded(renewer.get<std::string>()));
  }
  return token;
}

std::string Encode(const TokenInfo& token) {
  JsonOut renewers = JsonOut::array();
  for (const std::string& renewer : token.renewers) renewers.push_back(Sanitize(renewer));
  return Dump(JsonOut{{"version", 3},
                      {"owner", Sanitize(token.owner)},
                      {"tokenRequester", Sanitize(token.requester)},
                      {"renewers", std::move(renewers)},
                      {"issueTimestamp", token.issue_ms},
                      {"maxTimestamp", token.max_ms},
                      {"expiryTimestamp", token.expiry_ms},
                      {"tokenId", token.id}});
}

}  // namespace ottla::zk
