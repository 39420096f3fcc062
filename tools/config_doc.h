// deploy/CONFIGURATION.md, made from the rows. Pure.
#pragma once

#include <string>

namespace ottla::tools {

std::string ConfigurationDoc();

}  // namespace ottla::tools
