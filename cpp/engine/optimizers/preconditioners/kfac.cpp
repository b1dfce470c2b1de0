// K-FAC's step: factors now and then, and the gradient between their roots each time.

#include "engine/optimizers/preconditioners/kfac.hpp"

#include "engine/core/random.hpp"
#include "engine/optimizers/preconditioners/members.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace deepgen {
namespace {

constexpr Parameter parameters[] = {
    {.name = "empirical", .value = 0.0, .low = 0.0, .high = 1.0},
    {.name = "eigen", .value = 0.0, .low = 0.0, .high = 1.0},
    {.name = "damping", .value = 0.01, .low = 0.0, .high = infinity},
    {.name = "factor_decay", .value = 0.95, .low = 0.0, .high = 1.0, .open_high = true},
    {.name = "interval", .value = 20.0, .low = 1.0, .high = infinity, .integer = true},
    {.name = "kl_clip", .value = 1e-3, .low = 0.0, .high = infinity},
    {.name = "largest_factor", .value = 4096.0, .low = 1.0, .high = 32768.0, .integer = true},
    {.name = "momentum", .value = 0.9, .low = 0.0, .high = 1.0},
    {.name = "weight_decay", .value = 0.0, .low = 0.0, .high = infinity},
};

// Rows of a matrix that one thread takes through a product; a whole number of the kernels' tiles.
constexpr Index rows_at_once = 48;

} // namespace

constinit const PreconditionerEntry preconditioner::kfac =
    preconditioner_entry<KFac>("kfac", parameters);

template <class T>
KFac<T>::Layer::Layer(const PackedLayer &packed, Index panel, Index limit)
    : matrix(packed, panel), coefs(packed.coefs),
      scaled(packed.intercepts + (packed.has_bias ? packed.width : 0)),
      vectors_end(packed.intercepts + packed.n_vectors),
      inputs(packed.n_features + (packed.has_bias ? 1 : 0), limit),
      gradients(packed.n_outputs, limit) {}

template <class T>
KFac<T>::KFac(std::unique_ptr<Optimizer<T>> base, const Settings &settings,
              const Kernels<T> &kernels, const Lapack<T> &lapack)
    : Preconditioner<T>(std::move(base), kernels), kernels_(full_precision(kernels)),
      lapack_(lapack), empirical_(settings["empirical"] != 0.0), eigen_(settings["eigen"] != 0.0),
      damping_(settings["damping"]), decay_(settings["factor_decay"]),
      kl_clip_(settings["kl_clip"]),
      interval_(static_cast<Index>(std::min(settings["interval"], 0x1p62))),
      limit_(static_cast<Index>(settings["largest_factor"])) {}

template <class T>
void KFac<T>::allocate(const OptimizerContext &context) {
    require(empirical_ || context.likelihood,
            "kfac: this loss is no likelihood, so there is nothing to draw targets from; use the "
            "empirical Fisher information (fisher='empirical')");
    require(!context.reparametrized,
            "kfac: weights that are made of others (weight norm, fixup) have no "
            "Kronecker factors");
    Preconditioner<T>::allocate(context);
    key_ = random::stream(context.seed, random::Purpose::fisher);
    Index n_numbers = 0;
    for (const PackedLayer &packed : context.weights.layers) {
        require(packed.gate == packed.width,
                "kfac: a layer with a gate (highway) is two matrices, which it does not know");
        Layer &layer = layers_.emplace_back(packed, context.weights.panel, limit_);
        layer.first = n_numbers;
        n_numbers += layer.n_rows() * layer.stride();
        const Index right = layer.gradients.blocks().largest() * layer.stride();
        layer.right.resize(as_size(right));
        if (eigen_)
            layer.right_back.resize(as_size(right));
        for (const Factor<T> *side : {&layer.inputs, &layer.gradients}) {
            largest_block_ = std::max(largest_block_, side->blocks().largest());
            widest_ = std::max(widest_, side->places());
        }
    }
    preconditioned_.resize(as_size(n_numbers));
    if (eigen_)
        half_.resize(as_size(n_numbers));
    list_work();
    products_.resize(panel_items_.items().size());
}

template <class T>
void KFac<T>::list_work() {
    const auto cost = [](auto... sizes) { return (static_cast<double>(sizes) * ...); };
    // Lists of work that threads share out by cost. First the factors: one item per block for its
    // inverse, and tiles of the lower triangle, which the statistics of a batch fill.
    tiles_.resize(layers_.size());
    for (std::size_t l = 0; l < layers_.size(); ++l) {
        const auto number = static_cast<Index>(l);
        const Layer &layer = layers_[l];
        for (const bool of_inputs : {true, false}) {
            const Factor<T> &side = of_inputs ? layer.inputs : layer.gradients;
            for (Index block = 0; block < side.blocks().count(); ++block) {
                const Index n = side.blocks().length(block);
                sides_.append({number, block, of_inputs}, cost(n, n, n));
                for (Index row = 0; row < n; row += rows_at_once)
                    for (Index column = 0; column < std::min(n, row + rows_at_once);
                         column += kernels_.panel)
                        tiles_[l].append({number, block, row, std::min(rows_at_once, n - row),
                                          column, std::min(kernels_.panel, padded<T>(n) - column),
                                          of_inputs},
                                         1.0);
            }
        }
        // Then the products of the direction: rows for the factor on the right, panels of columns
        // for that on the left.
        for (Index a = 0; a < layer.inputs.blocks().count(); ++a)
            for (Index g = 0; g < layer.gradients.blocks().count(); ++g) {
                const Index n = layer.inputs.blocks().length(a);
                const Index width = padded<T>(layer.gradients.blocks().length(g));
                for (Index row = 0; row < n; row += rows_at_once) {
                    const Index n_rows = std::min(rows_at_once, n - row);
                    row_items_.append({number, a, g, row, n_rows}, cost(n_rows, width, width));
                }
                for (Index column = 0; column < width; column += kernels_.panel) {
                    const Index columns = std::min(kernels_.panel, width - column);
                    panel_items_.append({number, a, g, column, columns}, cost(n, n, columns));
                }
            }
    }
}

template <class T>
void KFac<T>::make_room(Index n_rows, Index n_threads, bool dense_inputs) {
    Preconditioner<T>::make_room(n_rows, n_threads, dense_inputs);
    dense_inputs_ = dense_inputs;
    Index widest = 0;
    for (const Layer &layer : layers_)
        if (dense_inputs || &layer != layers_.data())
            widest = std::max(widest, layer.inputs.places());
        else
            widest = std::max(widest, layer.gradients.places());
    rows_stride_ = row_stride<T>(widest);
    input_rows_.assign(as_size(n_rows * rows_stride_), T(0));
    gradient_rows_.assign(as_size(n_rows * row_stride<T>(widest_)), T(0));
    threads_.clear();
    for (Index thread = 0; thread < n_threads; ++thread) {
        const auto purpose = eigen_ ? Roots<T>::Purpose::eigenbasis : Roots<T>::Purpose::inverse;
        threads_.push_back(
            {Buffer<T>(as_size(rows_at_once * row_stride<T>(widest_))),
             Buffer<T>(as_size(std::max(rows_at_once, largest_block_) * kernels_.panel)),
             Roots<T>(lapack_, kernels_, largest_block_, purpose)});
    }
}

template <class T>
std::vector<StateArray<T>> KFac<T>::state() {
    std::vector<StateArray<T>> all = Preconditioner<T>::state();
    const char *const root = eigen_ ? "_basis" : "_inverse";
    for (std::size_t l = 0; l < layers_.size(); ++l) {
        layers_[l].inputs.append_state("kfac_inputs_" + std::to_string(l), root, all);
        layers_[l].gradients.append_state("kfac_gradients_" + std::to_string(l), root, all);
    }
    return all;
}

template <class T>
void KFac<T>::state_loaded() {
    Preconditioner<T>::state_loaded();
    unpacked_ = true;
}

template <class T>
void KFac<T>::precondition(const Team &team, BatchGradient<T> &batch, StepSize size,
                           const T *gradient, T *direction) {
    ThreadMemory &own = threads_[as_size(team.rank)];
    const bool due = (size.count - 1) % interval_ == 0;
    const bool unpacked = unpacked_ || due;
    if (due) {
        if (!empirical_)
            batch.backward_from_sampled_targets(
                team, random::child(key_, static_cast<std::uint64_t>(size.count)));
        update_factors(team, batch, (size.count - 1) / interval_ + 1);
    }
    if (unpacked)
        pack_roots(team);
    row_items_.for_each(team,
                        [&](const RowItem &item, Index) { multiply_right(item, gradient, own); });
    team.wait();
    if (team.rank == 0)
        unpacked_ = false;
    if (eigen_) {
        row_items_.for_each(team, [&](const RowItem &item, Index) { divide(item, own); });
        team.wait();
    }
    panel_items_.for_each(team, [&](const PanelItem &item, Index number) {
        products_[as_size(number)] = multiply_left(item, gradient, direction, own);
    });
    const IndexRange layers = team.share(static_cast<Index>(layers_.size()));
    for (Index l = layers.begin; l < layers.end; ++l) {
        const Layer &layer = layers_[as_size(l)];
        std::copy(gradient + layer.scaled, gradient + layer.vectors_end, direction + layer.scaled);
    }
    team.wait();
    const double product = std::accumulate(products_.begin(), products_.end(), 0.0);
    const double change = size.rate * size.rate * product;
    if (change > kl_clip_) {
        for (Index l = layers.begin; l < layers.end; ++l) {
            const Layer &layer = layers_[as_size(l)];
            kernels_.vectors.scale(layer.scaled - layer.coefs, std::sqrt(kl_clip_ / change),
                                   direction + layer.coefs);
        }
    }
    team.wait();
}

// preconditioned = dW R, or in the eigenbasis half = dW Q, the latter in panels.
template <class T>
void KFac<T>::multiply_right(const RowItem &item, const T *gradient, ThreadMemory &own) {
    Layer &layer = layers_[as_size(item.layer)];
    const Blocks &inputs = layer.inputs.blocks(), &gradients = layer.gradients.blocks();
    const Index begin = gradients.begin(item.gradients), end = gradients.end(item.gradients);
    const Index stride = row_stride<T>(end - begin), place = layer.gradients.place(item.gradients);
    const Index first_row = inputs.begin(item.inputs) + item.row;
    // The rows of dW without the gaps that packed weights have.
    for (Index i = 0; i < item.n_rows; ++i)
        layer.matrix.for_each_run(first_row + i, begin, end,
                                  [&](Index column, Index offset, Index length) {
                                      std::copy_n(gradient + offset, length,
                                                  own.rows.data() + i * stride + column - begin);
                                  });
    const T *const right = layer.right.data() + gradients.largest() * place;
    const Index width = padded<T>(end - begin);
    Product<T> product{.rows = item.n_rows,
                       .columns = width,
                       .depth = end - begin,
                       .a = own.rows.data(),
                       .a_stride = stride,
                       .b = right,
                       .b_rows = end - begin,
                       .c = preconditioned_.data() + layer.first + first_row * layer.stride() +
                            place,
                       .c_stride = layer.stride()};
    if (!eigen_) {
        kernels_.products.dense[static_cast<int>(Epilogue::store)](product);
        return;
    }
    // In panels, which the product with Q_A^T takes one at a time.
    for (Index column = 0; column < width; column += kernels_.panel) {
        product.columns = std::min(kernels_.panel, width - column);
        product.b = right + column * (end - begin);
        product.c = half_.data() + layer.first + (place + column) * layer.n_rows() +
                    first_row * product.columns;
        product.c_stride = product.columns;
        kernels_.products.dense[static_cast<int>(Epilogue::store)](product);
    }
}

// preconditioned = ((Q_A^T half) / (d_A d_G^T + damping)) Q_G^T, rows being those of Q_A^T.
template <class T>
void KFac<T>::divide(const RowItem &item, ThreadMemory &own) {
    Layer &layer = layers_[as_size(item.layer)];
    const Blocks &inputs = layer.inputs.blocks(), &gradients = layer.gradients.blocks();
    const Index depth = inputs.length(item.inputs), n = gradients.length(item.gradients);
    const Index stride = row_stride<T>(n), place = layer.gradients.place(item.gradients);
    for (Index column = 0; column < padded<T>(n); column += kernels_.panel) {
        const Index width = std::min(kernels_.panel, padded<T>(n) - column);
        kernels_.products.dense[static_cast<int>(Epilogue::store)](
            {.rows = item.n_rows,
             .columns = width,
             .depth = depth,
             .a = layer.inputs.root(item.inputs) + item.row * depth,
             .a_stride = depth,
             .b = half_.data() + layer.first + (place + column) * layer.n_rows() +
                  inputs.begin(item.inputs) * width,
             .b_rows = depth,
             .c = own.rows.data() + column,
             .c_stride = stride});
    }
    const T damping = static_cast<T>(damping_);
    const T *const columns = layer.gradients.values(item.gradients);
    for (Index i = 0; i < item.n_rows; ++i) {
        const T value = layer.inputs.values(item.inputs)[item.row + i];
        T *const row = own.rows.data() + i * stride;
        for (Index j = 0; j < n; ++j) {
            const T curvature = value * columns[j] + damping;
            row[j] = curvature > T(0) ? row[j] / curvature : T(0); // flat: no information
        }
    }
    const Index row = inputs.begin(item.inputs) + item.row;
    kernels_.products.dense[static_cast<int>(Epilogue::store)](
        {.rows = item.n_rows,
         .columns = padded<T>(n),
         .depth = n,
         .a = own.rows.data(),
         .a_stride = stride,
         .b = layer.right_back.data() + gradients.largest() * place,
         .b_rows = n,
         .c = preconditioned_.data() + layer.first + row * layer.stride() + place,
         .c_stride = layer.stride()});
}

// direction = root^T preconditioned, which is the inverse's own or Q_A's; v dW of the panel.
template <class T>
double KFac<T>::multiply_left(const PanelItem &item, const T *gradient, T *direction,
                              ThreadMemory &own) {
    Layer &layer = layers_[as_size(item.layer)];
    const Blocks &inputs = layer.inputs.blocks(), &gradients = layer.gradients.blocks();
    const Index n = inputs.length(item.inputs), begin = inputs.begin(item.inputs);
    kernels_.products.outer({.rows = n,
                             .columns = item.width,
                             .depth = n,
                             .a = layer.inputs.root(item.inputs),
                             .a_stride = n,
                             .b = preconditioned_.data() + layer.first + begin * layer.stride() +
                                  layer.gradients.place(item.gradients) + item.column,
                             .b_stride = layer.stride(),
                             .out = own.panel.data()});
    const Index first = gradients.begin(item.gradients) + item.column;
    const Index end = std::min(first + item.width, gradients.end(item.gradients));
    double product = 0.0;
    for (Index i = 0; i < n; ++i) {
        const T *const row = own.panel.data() + i * item.width;
        layer.matrix.for_each_run(begin + i, first, end,
                                  [&](Index column, Index offset, Index length) {
                                      T sum = 0;
                                      for (Index j = 0; j < length; ++j) {
                                          direction[offset + j] = row[column - first + j];
                                          sum += row[column - first + j] * gradient[offset + j];
                                      }
                                      product += static_cast<double>(sum);
                                  });
    }
    return product;
}

template class KFac<float>;
template class KFac<double>;

} // namespace deepgen
