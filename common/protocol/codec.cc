#include "common/protocol/codec.h"

#include "common/protocol/field.h"
#include "common/protocol/wire.h"

namespace ottla {

Result<std::int16_t> DecodeVersioned(const MessageRows& rows, std::string_view bytes, void* message) {
  WireReader in(bytes);
  const std::int16_t version = in.I16();
  if (!in.ok()) return Status(StatusCode::kCorrupt, std::string(rows.name) + ": no version");
  const Result<std::size_t> left = Decode(rows, in.rest(), version, message);
  if (!left.ok()) return left.status();
  return version;
}

Result<std::string> EncodeVersioned(const MessageRows& rows, const void* message, std::int16_t version) {
  EncodedBody body;
  WireWriter(&body.bytes).I16(version);
  OTTLA_RETURN_IF_ERROR(Encode(rows, message, version, &body));
  return std::move(body.bytes);
}

AnyMessage::AnyMessage(const MessageRows& rows) : rows_(&rows), message_(rows.create(), rows.destroy) {}

}  // namespace ottla
