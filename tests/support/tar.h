// Reads the tar archives of the fixtures (POSIX ustar and GNU long names), whole in memory.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace ottla::test {

// Calls `each` with name and content of every regular file. Aborts the test program on a broken archive.
void ForEachInTar(std::string_view tar, const std::function<void(const std::string&, std::string_view)>& each);

}  // namespace ottla::test
