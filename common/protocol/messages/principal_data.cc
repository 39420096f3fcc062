#include "common/protocol/messages/principal_data.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DefaultPrincipalData, ROW(type), ROW(name), ROW(token_authenticated))

OTTLA_MESSAGE(DefaultPrincipalData, kData)

}  // namespace ottla
