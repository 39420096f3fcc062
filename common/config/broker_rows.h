// The broker rows by subject; BrokerRows() in broker_config.h is all of them in order.
#pragma once

#include <span>

#include "common/config/config_row.h"

namespace ottla {

std::span<const ConfigRow> GeneralRows();      // identity, threads, network, replication
std::span<const ConfigRow> CoordinatorRows();  // groups and transactions
std::span<const ConfigRow> LogRows();
std::span<const ConfigRow> ClusterRows();   // ZooKeeper, quotas, metrics, tokens
std::span<const ConfigRow> SecurityRows();  // TLS and SASL
std::span<const ConfigRow> InertRows();     // accepted without effect under ZooKeeper

}  // namespace ottla
