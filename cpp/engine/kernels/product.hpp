// The three products of a dense layer on one register-tiled kernel.
//
//   forward   Z  = X W        a = X by rows,       b = W packed
//   backward  dX = dZ W^T     a = dZ by rows,      b = W^T packed
//   weights   dW = X^T dZ     a = X by columns,    b = dZ by rows
//
// A tile of `Height` rows and `Vectors` registers of columns stays in registers while k runs over
// the depth; a is broadcast from memory, which costs nothing beside the multiply-adds. The sum over
// k is one chain in order, so a row's result depends neither on its tile nor on its neighbours.
//
// Goto & van de Geijn (2008), Anatomy of high-performance matrix multiplication; without packing of
// a, since its rows are few and stay in the second cache.

#pragma once

#include "engine/kernels/simd.hpp"
#include "engine/kernels/views.hpp"

#include <algorithm>
#include <utility>

namespace deepgen::DEEPGEN_PATH {

// Registers in a panel, and the tallest tile for a number of column registers: accumulators, one
// row of b and one broadcast have to fit the register file (32 of AVX-512, 16 elsewhere).
#if DEEPGEN_REGISTER_BYTES == 64
inline constexpr Index panel_registers = 4;
constexpr Index tile_height(Index vectors) {
    return vectors == 4 ? 6 : vectors == 3 ? 8 : vectors == 2 ? 12 : 14;
}
#elif DEEPGEN_REGISTER_BYTES == 32
inline constexpr Index panel_registers = 2;
constexpr Index tile_height(Index) {
    return 6;
}
#else
inline constexpr Index panel_registers = cache_line / register_bytes;
constexpr Index tile_height(Index) {
    return 2;
}
#endif

// Columns come in whole cache lines, so a panel's width is one of these numbers of registers.
inline constexpr Index width_step = cache_line / register_bytes;

template <class T>
inline constexpr Index panel_columns = panel_registers * Simd<T>::lanes;

// One tile, as the kernel sees it.
template <class T>
struct Tile {
    Index depth;
    const T *a;
    Index a_stride;
    const T *b;
    Index b_stride;
    T *c;
    Index c_stride;
    const T *bias;
    const T *mask;
    Index mask_stride;
    T mask_scale;
};

// How many rows of the batch dW fetches ahead: its a and b lie a row of the layer apart, often more
// than half a page, and the hardware's own prefetching stops at the end of a page.
inline constexpr Index rows_ahead = 8;

// The arithmetic of a tile, as exact as the type; bfloat16.hpp has another.
struct FullPrecision {
    // sum += a b
    template <class T, Index Height, Index Vectors, bool by_rows>
    static DEEPGEN_INLINE void multiply_add(const Tile<T> &t, Simd<T> (&sum)[Height][Vectors]) {
        using V = Simd<T>;
        const Index step = by_rows ? 1 : t.a_stride;
        const Index across = by_rows ? t.a_stride : 1;
        const T *a = t.a;
        const T *b = t.b;
#pragma GCC unroll 2
        for (Index k = 0; k < t.depth; ++k, a += step, b += t.b_stride) {
            if constexpr (!by_rows) {
                __builtin_prefetch(a + rows_ahead * step + Height - 1);
#pragma GCC unroll 4
                for (Index j = 0; j < Vectors; j += width_step)
                    __builtin_prefetch(b + rows_ahead * t.b_stride + j * V::lanes);
            }
            V row[Vectors];
#pragma GCC unroll 4
            for (Index j = 0; j < Vectors; ++j)
                row[j] = V::load(b + j * V::lanes);
#pragma GCC unroll 16
            for (Index i = 0; i < Height; ++i) {
                const V x(a[i * across]);
#pragma GCC unroll 4
                for (Index j = 0; j < Vectors; ++j)
                    sum[i][j] = fmadd(x, row[j], sum[i][j]);
            }
        }
    }
};

template <class T, Index Height, Index Vectors, Epilogue epilogue, bool by_rows, class Arithmetic>
void tile(const Tile<T> &given) {
    using V = Simd<T>;
    const Tile<T> t = given; // a store to c might change what is only referred to
    V sum[Height][Vectors];
#pragma GCC unroll 16
    for (Index i = 0; i < Height; ++i)
#pragma GCC unroll 4
        for (Index j = 0; j < Vectors; ++j)
            sum[i][j] = V(T(0));

    Arithmetic::template multiply_add<T, Height, Vectors, by_rows>(t, sum);

#pragma GCC unroll 4
    for (Index j = 0; j < Vectors; ++j)
#pragma GCC unroll 16
        for (Index i = 0; i < Height; ++i) {
            T *const c = t.c + i * t.c_stride + j * V::lanes;
            V value = sum[i][j];
            if constexpr (epilogue == Epilogue::accumulate || epilogue == Epilogue::accumulate_mask)
                value += V::load(c);
            if constexpr (epilogue == Epilogue::bias || epilogue == Epilogue::bias_relu)
                value += V::load(t.bias + j * V::lanes);
            if constexpr (epilogue == Epilogue::bias_relu)
                value = max(V(T(0)), value); // in this order NaN passes
            if constexpr (epilogue == Epilogue::mask || epilogue == Epilogue::accumulate_mask) {
                const V mask = V::load(t.mask + i * t.mask_stride + j * V::lanes);
                value = select(mask > V(T(0)), value * V(t.mask_scale), V(T(0)));
            }
            value.store(c);
        }
}

template <class T>
using TileFunction = void (*)(const Tile<T> &);

// The tiles of one panel width, by height - 1.
template <class T, Index Vectors, Epilogue epilogue, bool by_rows, class Arithmetic,
          std::size_t... Heights>
constexpr auto tiles_of(std::index_sequence<Heights...>) {
    return std::array<TileFunction<T>, sizeof...(Heights)>{
        tile<T, static_cast<Index>(Heights) + 1, Vectors, epilogue, by_rows, Arithmetic>...};
}

// All rows of one panel, in tiles of balanced height.
template <class T, Index Vectors, Epilogue epilogue, bool by_rows, class Arithmetic>
void panel(Tile<T> t, Index rows) {
    constexpr Index tallest = tile_height(Vectors);
    static constexpr auto tiles = tiles_of<T, Vectors, epilogue, by_rows, Arithmetic>(
        std::make_index_sequence<static_cast<std::size_t>(tallest)>{});
    const Index n_tiles = (rows + tallest - 1) / tallest;
    for (Index left = n_tiles; left > 0; --left) {
        const Index height = (rows + left - 1) / left;
        tiles[static_cast<std::size_t>(height - 1)](t);
        rows -= height;
        t.a += height * (by_rows ? t.a_stride : 1);
        t.c += height * t.c_stride;
        t.mask += height * t.mask_stride;
    }
}

// Calls function.template operator()<Vectors>() for a panel of so many columns.
template <class T, class Function>
DEEPGEN_INLINE void with_vectors(Index columns, Function function) {
    const Index vectors = columns / Simd<T>::lanes;
    if (vectors == panel_registers)
        function.template operator()<panel_registers>();
    else if constexpr (panel_registers > width_step) {
        if (vectors == 3)
            function.template operator()<3>();
        else if (vectors == 2)
            function.template operator()<2>();
        else
            function.template operator()<1>();
    }
}

template <class T, Epilogue epilogue, bool by_rows, class Arithmetic>
void panel_of_width(Index columns, const Tile<T> &t, Index rows) {
    with_vectors<T>(columns, [&]<Index Vectors>() {
        panel<T, Vectors, epilogue, by_rows, Arithmetic>(t, rows);
    });
}

template <class T, Epilogue epilogue, class Arithmetic>
void product(const Product<T> &p) {
    for (Index j = 0; j < p.columns; j += panel_columns<T>) {
        const Index width = std::min(panel_columns<T>, p.columns - j);
        const Tile<T> t{.depth = p.depth,
                        .a = p.a,
                        .a_stride = p.a_stride,
                        .b = p.b + j * p.b_rows,
                        .b_stride = width,
                        .c = p.c + j,
                        .c_stride = p.c_stride,
                        .bias = p.bias ? p.bias + j : nullptr,
                        .mask = p.mask ? p.mask + j : nullptr,
                        .mask_stride = p.mask_stride,
                        .mask_scale = p.mask_scale};
        panel_of_width<T, epilogue, true, Arithmetic>(width, t, p.rows);
    }
}

// In the order of the epilogues.
template <class T, class Arithmetic>
inline constexpr void (*products[n_epilogues])(const Product<T> &) = {
    product<T, Epilogue::store, Arithmetic>, product<T, Epilogue::accumulate, Arithmetic>,
    product<T, Epilogue::bias, Arithmetic>,  product<T, Epilogue::bias_relu, Arithmetic>,
    product<T, Epilogue::mask, Arithmetic>,  product<T, Epilogue::accumulate_mask, Arithmetic>,
};

template <class T>
void outer_product(const OuterProduct<T> &p) {
    const Tile<T> t{.depth = p.depth,
                    .a = p.a,
                    .a_stride = p.a_stride,
                    .b = p.b,
                    .b_stride = p.b_stride,
                    .c = p.out,
                    .c_stride = p.columns,
                    .bias = nullptr,
                    .mask = nullptr,
                    .mask_stride = 0,
                    .mask_scale = 1};
    panel_of_width<T, Epilogue::store, false, FullPrecision>(p.columns, t, p.rows);
}

} // namespace deepgen::DEEPGEN_PATH
