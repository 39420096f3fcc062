// Stories of a recording that nobody has described: where they begin and what caused them is read out of it.
#pragma once

#include <vector>

#include "conversation_stage.h"

namespace ottla::controller::test {

// A story begins where the recorder noted what it did next (a process started, stopped or killed, an operation of a
// client), and where another controller speaks. Causes: brokers that come and go (the lists in UpdateMetadata, broker
// epochs), topics and partitions told as new, topics told as deleted, elections and moves as noted. What leaders and
// leaving brokers ask the stage takes from the frames itself. A recording that does not begin with the first controller
// of a new cluster gives stories from where a broker has come: it is told of every partition.
std::vector<Story> DeriveStories(const std::vector<std::vector<Frame>>& steps);

}  // namespace ottla::controller::test
