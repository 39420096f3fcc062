#include "broker/server/request_versions.h"

namespace ottla {

std::int16_t FetchVersion(const InterBrokerVersion& ibp) {
  if (ibp >= InterBrokerVersion{3, 9, 0}) return 17;
  if (ibp >= InterBrokerVersion{3, 7, 4}) return 16;
  if (ibp >= InterBrokerVersion{3, 5, 1}) return 15;
  if (ibp >= InterBrokerVersion{3, 5, 0}) return 14;
  if (ibp >= InterBrokerVersion{3, 1, 0}) return 13;
  return 12;
}

std::int16_t ListOffsetsVersion(const InterBrokerVersion& ibp) {
  if (ibp >= InterBrokerVersion{3, 9, 0}) return 9;
  if (ibp >= InterBrokerVersion{3, 5, 0}) return 8;
  if (ibp >= InterBrokerVersion{3, 0, 1}) return 7;
  return 6;
}

}  // namespace ottla
