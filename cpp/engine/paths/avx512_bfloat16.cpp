// Products in bfloat16, to take the place of AVX-512's; compiled with this path's flags, see
// CMakeLists.txt.

#include "engine/kernels/bfloat16.hpp"
#include "engine/kernels/kernel_table.hpp"

namespace deepgen::DEEPGEN_PATH {
namespace {

void outer_product_of_pairs(const OuterProduct<float> &p) {
    for (Index first = 0; first < p.depth; first += PairBlock::depth) {
        const Index depth = std::min(PairBlock::depth, p.depth - first);
        const PairBlock a(p.a + first * p.a_stride, p.a_stride, depth, p.rows);
        const PairBlock b(p.b + first * p.b_stride, p.b_stride, depth, p.columns);
        const Tile<float> t{.depth = a.n_pairs,
                            .a = a.values,
                            .a_stride = PairBlock::columns,
                            .b = b.values,
                            .b_stride = PairBlock::columns,
                            .c = p.out,
                            .c_stride = p.columns,
                            .bias = nullptr,
                            .mask = nullptr,
                            .mask_stride = 0,
                            .mask_scale = 1};
        if (first == 0)
            panel_of_width<float, Epilogue::store, false, Bfloat16>(p.columns, t, p.rows);
        else
            panel_of_width<float, Epilogue::accumulate, false, Bfloat16>(p.columns, t, p.rows);
    }
}

} // namespace

void replace_products(Kernels<float> &kernels) {
    kernels.path = "avx512_bfloat16";
    std::ranges::copy(products<float, Bfloat16>, kernels.products.dense);
    kernels.products.outer = outer_product_of_pairs;
}

} // namespace deepgen::DEEPGEN_PATH
