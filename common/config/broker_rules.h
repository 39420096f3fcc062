// Rules between two or more broker settings. Pure.
#pragma once

#include "common/config/broker_config.h"

namespace ottla {

// `config` is filled in except for what the rules themselves decide. The text names the settings that do not agree.
Status CheckBrokerRules(const BrokerConfig& config);

}  // namespace ottla
