#include "engine/probes/weight_sums.hpp"

#include <algorithm>

namespace deepgen {
namespace {

// Rows of weights in one tile: enough to pay for a call, few enough to share out.
constexpr Index tile_rows = 96;

} // namespace

WeightSums::WeightSums(const Network<double> &network, Index max_rows, bool dense_inputs)
    : network_(network), max_rows_(max_rows), dense_inputs_(dense_inputs) {
    using Kind = GradientTask::Kind;
    const GradientTasks<double> tasks(network.packed(), dense_inputs);
    for (const GradientTask &task : tasks.tasks())
        if (task.kind != Kind::tile)
            others_.append(task, task.cost);
    for (Index l = 0; l < static_cast<Index>(network.layers().size()); ++l) {
        const PackedLayer &packed = network.packed().layers()[as_size(l)];
        if (!summed(l))
            continue;
        for (Index column = 0; column < packed.width; column += network.kernels().panel)
            for (Index row = 0; row < packed.n_features; row += tile_rows) {
                const Tile tile{l, row, std::min(tile_rows, packed.n_features - row), column,
                                network.packed().panel_width(column, packed.width)};
                tiles_.append(tile, static_cast<double>(tile.n_rows * tile.columns));
            }
    }
}

bool WeightSums::summed(Index layer) const {
    return !network_.packed().layers()[as_size(layer)].narrow && (layer > 0 || dense_inputs_);
}

WeightSums::Factors WeightSums::factors(Side side, bool of_tangent) const {
    Factors factors(network_.layers().size());
    for (std::size_t l = 0; l < factors.size(); ++l) {
        const PackedLayer &packed = network_.packed().layers()[l];
        if (!summed(static_cast<Index>(l)) || (of_tangent && l == 0 && !network_.has_front()))
            continue;
        factors[l].resize(as_size(side == Side::inputs
                                      ? packed.n_inputs * row_stride<double>(max_rows_)
                                      : packed.width * max_rows_));
    }
    return factors;
}

void WeightSums::turn_inputs(const Team &team, Index n_rows, OfLayer rows_of,
                             Factors &factors) const {
    const IndexRange own = Pass<double>::row_range(team, n_rows);
    const Index stride = row_stride<double>(max_rows_), step = lane_pad<double>;
    for (std::size_t l = 0; l < factors.size(); ++l) {
        if (factors[l].empty())
            continue;
        const Rows<const double> rows = rows_of(static_cast<Index>(l));
        double *const to = factors[l].data();
        Index i = own.begin;
        for (; i + step <= own.end; i += step)
            for (Index k = 0; k < rows.width; k += step)
                network_.kernels().products.transpose(rows.data + i * rows.stride + k, rows.stride,
                                                      to + k * stride + i, stride);
        for (; i < own.end; ++i)
            for (Index k = 0; k < rows.width; ++k)
                to[k * stride + i] = rows.data[i * rows.stride + k];
    }
}

void WeightSums::turn_gradients(const Team &team, Index n_rows, OfLayer rows_of,
                                Factors &factors) const {
    const IndexRange own = Pass<double>::row_range(team, n_rows);
    for (std::size_t l = 0; l < factors.size(); ++l) {
        if (factors[l].empty())
            continue;
        const Rows<const double> rows = rows_of(static_cast<Index>(l));
        const Index width = network_.packed().layers()[l].width;
        for (Index column = 0; column < width; column += network_.kernels().panel) {
            const Index columns = network_.packed().panel_width(column, width);
            for (Index i = own.begin; i < own.end; ++i)
                std::copy_n(rows.data + i * rows.stride + column, columns,
                            factors[l].data() + column * n_rows + i * columns);
        }
    }
}

void WeightSums::add(const Team &team, Index n_rows, std::span<const Term> terms,
                     double *sum) const {
    const Index stride = row_stride<double>(max_rows_);
    tiles_.for_each(team, [&](const Tile &tile, Index) {
        const PackedLayer &packed = network_.packed().layers()[as_size(tile.layer)];
        for (const Term &term : terms) {
            const Buffer<double> &inputs = term.inputs[as_size(tile.layer)];
            if (inputs.empty())
                continue;
            network_.kernels().products.dense[static_cast<int>(Epilogue::accumulate)](
                {.rows = tile.n_rows,
                 .columns = tile.columns,
                 .depth = n_rows,
                 .a = inputs.data() + tile.row * stride,
                 .a_stride = stride,
                 .b = term.gradients[as_size(tile.layer)].data() + tile.column * n_rows,
                 .b_rows = n_rows,
                 .c = sum + packed.coefs + tile.column * packed.n_inputs + tile.row * tile.columns,
                 .c_stride = tile.columns});
        }
    });
}

} // namespace deepgen
