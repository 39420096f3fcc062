// kafka-server-start and kafka-server-stop.
#pragma once

#include <span>
#include <string>

#include "tools/args.h"

namespace ottla::tools {

// Replaces this process by ottla-broker, found beside `own_path`'s binary. Returns only when that fails, or after
// starting it in the background (-daemon): then the exit status.
int ServerStartMain(std::span<const std::string> words, const std::string& invoked_as, const Streams& io);

// Sends $SIGNAL (TERM) to every ottla-broker of this machine that the user may signal. Does not wait.
int ServerStopMain(std::span<const std::string> words, const Streams& io);

}  // namespace ottla::tools
