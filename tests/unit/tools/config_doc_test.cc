#include "tools/config_doc.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace ottla::tools {
namespace {

TEST(ConfigDoc, TheFileInTheTreeIsWhatTheRowsSay) {
  std::ifstream file(OTTLA_SOURCE_DIR "/deploy/CONFIGURATION.md", std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(text.str() == ConfigurationDoc()) << "run: build/bin/ottla config-doc > deploy/CONFIGURATION.md";
}

}  // namespace
}  // namespace ottla::tools
