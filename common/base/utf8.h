// UTF-8 as Java's decoder sees it. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace ottla {

// The length (1-4) of the well-formed sequence that `text` starts with; 0: none, or `text` is empty.
std::size_t Utf8SequenceLength(std::string_view text);

// Takes one code point off the front; a byte that begins no well-formed sequence counts as U+FFFD.
// REQUIRES: !text->empty().
char32_t TakeCodePoint(std::string_view* text);

}  // namespace ottla
