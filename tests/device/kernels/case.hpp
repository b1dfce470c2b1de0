// What a test of a kernel is called with, and how it answers.

#pragma once

#include <cstdint>
#include <string>

namespace deepgen::cuda {

// Sizes of the numbers: ordinary ones, those whose products vanish, those whose products overflow,
// and ordinary ones with a few NaN, infinities and zeros among them.
enum class Kind { ordinary, tiny, huge, special };

struct Case {
    std::int32_t rows, inputs, outputs;
    Kind kind;
    std::int32_t number;  // of the activation, the rule ...
    std::int32_t variant; // what else there is
    std::int32_t several; // blocks share the work
};

// For C: an empty text where all bits are the same.
inline const char *answer(std::string text) {
    static std::string last;
    last = std::move(text);
    return last.c_str();
}

} // namespace deepgen::cuda

#define DEEPGEN_KERNEL_TEST(name)                                                                  \
    std::string name(const Case &given);                                                           \
    extern "C" __attribute__((visibility("default"))) const char *test_##name(const Case *given) { \
        return answer(name(*given));                                                               \
    }                                                                                              \
    std::string name(const Case &given)
