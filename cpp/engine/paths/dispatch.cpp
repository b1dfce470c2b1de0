// Which SIMD path runs: the best that processor and operating system offer, or a lower one on
// request.

#include "engine/kernels/kernel_table.hpp"

#include <algorithm>
#include <cstdlib>

namespace deepgen {

namespace portable {
const Kernels<float> &kernels_float();
const Kernels<double> &kernels_double();
} // namespace portable

#if defined(__x86_64__)
namespace avx2 {
const Kernels<float> &kernels_float();
const Kernels<double> &kernels_double();
} // namespace avx2
namespace avx512 {
const Kernels<float> &kernels_float();
const Kernels<double> &kernels_double();
} // namespace avx512
namespace avx512_bfloat16 {
void replace_products(Kernels<float> &kernels);
} // namespace avx512_bfloat16
#endif

namespace {

struct Path {
    std::string_view name;
    bool usable;
    const Kernels<float> &(*for_float)();
    const Kernels<double> &(*for_double)();
};

// Best first.
const std::vector<Path> &paths() {
#if defined(__x86_64__)
    static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#if defined(DEEPGEN_EMULATE_AVX512)
    static const bool has_avx512 = true;
#else
    static const bool has_avx512 =
        has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
#endif
#endif
    static const std::vector<Path> all{
#if defined(__x86_64__)
        {"avx512", has_avx512, avx512::kernels_float, avx512::kernels_double},
        {"avx2", has_avx2, avx2::kernels_float, avx2::kernels_double},
#endif
        {"portable", true, portable::kernels_float, portable::kernels_double},
    };
    return all;
}

} // namespace

std::span<const std::string_view> simd_paths() {
    static const std::vector<std::string_view> usable = [] {
        std::vector<std::string_view> names;
        for (const Path &path : paths())
            if (path.usable)
                names.push_back(path.name);
        return names;
    }();
    return usable;
}

template <class T>
const Kernels<T> &kernels(std::string_view name) {
    if (name.empty())
        if (const char *forced = std::getenv("DEEPGEN_SIMD"))
            name = forced;
    if (name.empty())
        name = simd_paths().front();
    for (const Path &path : paths())
        if (path.usable && path.name == name) {
            if constexpr (std::is_same_v<T, float>)
                return path.for_float();
            else
                return path.for_double();
        }
    refuse("unknown SIMD path '", name, "' on this machine; known: ", joined(simd_paths()));
}

template <class T>
const Kernels<T> &full_precision(const Kernels<T> &table) {
    const auto own = std::ranges::find(simd_paths(), table.path);
    return own == simd_paths().end() ? kernels<T>("avx512") : table;
}

const Kernels<float> &kernels_bfloat16(std::string_view name) {
    const Kernels<float> &plain = kernels<float>(name);
#if defined(__x86_64__) && !defined(DEEPGEN_EMULATE_AVX512)
    if (plain.path == "avx512" && __builtin_cpu_supports("avx512bf16")) {
        static const Kernels<float> table = [&plain] {
            Kernels<float> kernels = plain;
            avx512_bfloat16::replace_products(kernels);
            return kernels;
        }();
        return table;
    }
#endif
    refuse("products in bfloat16 need a processor with AVX-512 BF16 and the SIMD path avx512; here "
           "the path is ",
           plain.path, plain.path == "avx512" ? " without BF16" : "", "; use float32");
}

template const Kernels<float> &kernels<float>(std::string_view);
template const Kernels<double> &kernels<double>(std::string_view);
template const Kernels<float> &full_precision(const Kernels<float> &);
template const Kernels<double> &full_precision(const Kernels<double> &);

} // namespace deepgen
