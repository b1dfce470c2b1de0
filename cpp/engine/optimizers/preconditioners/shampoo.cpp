// Shampoo's step: each block by one thread, then the length of each layer's direction.

#include "engine/optimizers/preconditioners/shampoo.hpp"

#include "engine/optimizers/preconditioners/blocks.hpp"
#include "engine/optimizers/preconditioners/members.hpp"

#include <algorithm>
#include <bit>

#include <cmath>
#include <utility>

namespace deepgen {
namespace {

constexpr std::string_view graftings[] = {"none", "sgd", "adagrad", "adam"}; // as in Grafting

constexpr Parameter parameters[] = {
    {.name = "beta_2", .value = 1.0, .low = 0.0, .high = 1.0},
    {.name = "epsilon", .value = 1e-12, .low = 0.0, .high = infinity},
    {.name = "block_size", .value = 128.0, .low = 1.0, .high = 32768.0, .integer = true},
    {.name = "interval", .value = 20.0, .low = 1.0, .high = infinity, .integer = true},
    {.name = "grafting",
     .value = 3.0,
     .low = 0.0,
     .high = 3.0,
     .integer = true,
     .choices = graftings},
    {.name = "momentum", .value = 0.9, .low = 0.0, .high = 1.0, .open_high = true},
    {.name = "weight_decay", .value = 0.0, .low = 0.0, .high = infinity},
};

constexpr double grafted_decay = 0.999, grafted_epsilon = 1e-8; // Adam's

bool is_due(Index step, Index interval) {
    return (step - 1) % interval == 0 ||
           (step < interval && std::has_single_bit(static_cast<std::size_t>(step)));
}

} // namespace

constinit const PreconditionerEntry preconditioner::shampoo =
    preconditioner_entry<Shampoo>("shampoo", parameters);

template <class T>
Shampoo<T>::Shampoo(std::unique_ptr<Optimizer<T>> base, const Settings &settings,
                    const Kernels<T> &kernels, const Lapack<T> &lapack)
    : Preconditioner<T>(std::move(base), kernels), kernels_(full_precision(kernels)),
      lapack_(lapack), beta_2_(settings["beta_2"]), epsilon_(settings["epsilon"]),
      momentum_(settings["momentum"]), block_size_(static_cast<Index>(settings["block_size"])),
      interval_(static_cast<Index>(std::min(settings["interval"], 0x1p62))),
      grafting_(static_cast<Grafting>(static_cast<int>(settings["grafting"]))) {}

template <class T>
void Shampoo<T>::allocate(const OptimizerContext &context) {
    Preconditioner<T>::allocate(context);
    // A large matrix is cut into blocks, each with a statistic per side; the cost of a block's
    // roots and products grows with n m (n + m).
    Index n_numbers = 0;
    const auto side = [&](Index n) {
        return Side{n, std::exchange(n_numbers, n_numbers + n * row_stride<T>(n))};
    };
    for (const PackedLayer &packed : context.weights.layers) {
        require(packed.gate == packed.width,
                "shampoo: a layer with a gate (highway) is two matrices, which it does not know");
        const WeightMatrix matrix(packed, context.weights.panel);
        const Blocks rows(matrix.n_inputs(), block_size_), columns(matrix.n_outputs(), block_size_);
        Layer &layer = layers_.emplace_back(Layer{matrix, packed.coefs, packed.intercepts,
                                                  packed.intercepts + packed.n_vectors,
                                                  static_cast<Index>(blocks_.items().size()), 0});
        for (Index i = 0; i < rows.count(); ++i)
            for (Index j = 0; j < columns.count(); ++j) {
                const Block block{static_cast<Index>(layers_.size()) - 1, rows.begin(i),
                                  columns.begin(j), side(rows.length(i)), side(columns.length(j))};
                blocks_.append(block, static_cast<double>(block.left.n * block.right.n) *
                                          static_cast<double>(block.left.n + block.right.n));
            }
        layer.after_blocks = static_cast<Index>(blocks_.items().size());
    }
    // Until the first roots are taken they are the identity.
    statistics_.resize(as_size(n_numbers));
    roots_.resize(as_size(n_numbers));
    for (const Block &block : blocks_.items())
        for (const Side &own : {block.left, block.right})
            for (Index i = 0; i < own.n; ++i)
                roots_[as_size(own.at + i * (row_stride<T>(own.n) + 1))] = T(1);
    if (grafting_ != Grafting::sgd)
        squares_.resize(as_size(context.weights.size));
    norms_.resize(blocks_.items().size());
}

template <class T>
void Shampoo<T>::make_room(Index n_rows, Index n_threads, bool dense_inputs) {
    Preconditioner<T>::make_room(n_rows, n_threads, dense_inputs);
    Index longest = 0;
    for (const Block &block : blocks_.items())
        longest = std::max({longest, block.left.n, block.right.n});
    const std::size_t square = as_size(longest * row_stride<T>(longest));
    const std::size_t panel = as_size(longest * kernels_.panel);
    threads_.clear();
    for (Index thread = 0; thread < n_threads; ++thread)
        threads_.push_back({Buffer<T>(square), Buffer<T>(square), Buffer<T>(panel),
                            Buffer<T>(panel),
                            Roots<T>(lapack_, kernels_, longest, Roots<T>::Purpose::power)});
}

template <class T>
std::vector<StateArray<T>> Shampoo<T>::state() {
    std::vector<StateArray<T>> all = Preconditioner<T>::state();
    all.push_back({"shampoo_statistics", statistics_, false});
    all.push_back({"shampoo_roots", roots_, false});
    if (grafting_ != Grafting::sgd)
        all.push_back({"shampoo_squares", squares_, true});
    return all;
}

template <class T>
void Shampoo<T>::precondition(const Team &team, BatchGradient<T> &, StepSize size,
                              const T *gradient, T *direction) {
    ThreadMemory &own = threads_[as_size(team.rank)];
    const auto step = static_cast<double>(size.count);
    if (team.rank == 0) {
        statistics_scale_ = beta_2_ < 1.0 ? 1.0 / (1.0 - std::pow(beta_2_, step)) : 1.0;
        squares_scale_ =
            grafting_ == Grafting::adam ? 1.0 / (1.0 - std::pow(grafted_decay, step)) : 1.0;
    }
    team.wait();
    const bool due = is_due(size.count, interval_);
    blocks_.for_each(team, [&](const Block &block, Index number) {
        Norms &norms = norms_[as_size(number)];
        norms.grafted = gather(block, gradient, own);
        update_statistic(block.left, own.columns.data(), block.right.n, own);
        update_statistic(block.right, own.rows.data(), block.left.n, own);
        if (due)
            for (const Side &side : {block.left, block.right})
                own.roots.power(statistics_.data() + side.at, side.n, row_stride<T>(side.n),
                                statistics_scale_, epsilon_, -0.25, roots_.data() + side.at);
        norms.preconditioned = multiply(block, direction, own);
    });
    const IndexRange layers = team.share(static_cast<Index>(layers_.size()));
    for (Index l = layers.begin; l < layers.end; ++l)
        for (Index i = layers_[as_size(l)].vectors; i < layers_[as_size(l)].end; ++i) {
            T none = 0;
            T &square = grafting_ == Grafting::sgd ? none : squares_[as_size(i)];
            direction[i] = grafted(gradient[i], square);
        }
    team.wait();
    for (Index l = layers.begin; l < layers.end; ++l) {
        const Layer &layer = layers_[as_size(l)];
        double preconditioned = 0.0, wanted = 0.0;
        for (Index block = layer.first_block; block < layer.after_blocks; ++block) {
            preconditioned += norms_[as_size(block)].preconditioned;
            wanted += norms_[as_size(block)].grafted;
        }
        const bool grafts = grafting_ != Grafting::none && preconditioned > 0.0;
        const double length = grafts ? std::sqrt(wanted / preconditioned) : 1.0;
        // SGD's momentum adds up directions; a mean weighs each new one less.
        kernels_.vectors.scale(layer.vectors - layer.coefs, (1.0 - momentum_) * length,
                               direction + layer.coefs);
        kernels_.vectors.scale(layer.end - layer.vectors, 1.0 - momentum_,
                               direction + layer.vectors);
    }
    team.wait();
}

template <class T>
T Shampoo<T>::grafted(T gradient, T &square) const {
    if (grafting_ == Grafting::sgd)
        return gradient;
    const bool mean = grafting_ == Grafting::adam;
    const T old = static_cast<T>(mean ? grafted_decay : 1.0);
    const T fresh = static_cast<T>(mean ? 1.0 - grafted_decay : 1.0);
    square = old * square + fresh * gradient * gradient;
    return gradient /
           (std::sqrt(static_cast<T>(squares_scale_) * square) + static_cast<T>(grafted_epsilon));
}

// The block's gradient by rows and by columns; the squared norm of the grafted rule's step.
template <class T>
double Shampoo<T>::gather(const Block &block, const T *gradient, ThreadMemory &own) {
    const Index n_rows = block.left.n, n_columns = block.right.n;
    const Index stride = row_stride<T>(n_columns), column_stride = row_stride<T>(n_rows);
    const WeightMatrix &matrix = layers_[as_size(block.layer)].matrix;
    std::fill_n(own.rows.data(), n_rows * stride, T(0));
    std::fill_n(own.columns.data(), n_columns * column_stride, T(0));
    double squares = 0.0;
    for (Index i = 0; i < n_rows; ++i)
        matrix.for_each_run(block.row + i, block.column, block.column + n_columns,
                            [&](Index column, Index offset, Index length) {
                                const Index first = column - block.column;
                                T sum = 0;
                                for (Index j = 0; j < length; ++j) {
                                    const T g = gradient[offset + j];
                                    own.rows[as_size(i * stride + first + j)] = g;
                                    own.columns[as_size((first + j) * column_stride + i)] = g;
                                }
                                if (grafting_ == Grafting::none)
                                    return;
                                for (Index j = 0; j < length; ++j) {
                                    T none = 0;
                                    T &square = grafting_ == Grafting::sgd
                                                    ? none
                                                    : squares_[as_size(offset + j)];
                                    const T u = grafted(gradient[offset + j], square);
                                    sum += u * u;
                                }
                                squares += static_cast<double>(sum);
                            });
    return squares;
}

// statistic <- its mean or sum with rows^T rows, (depth, n) by `rows`: panels on or below the
// diagonal, and their mirror image.
template <class T>
void Shampoo<T>::update_statistic(const Side &side, const T *rows, Index depth, ThreadMemory &own) {
    const Index n = side.n, stride = row_stride<T>(n);
    const T old = static_cast<T>(beta_2_);
    const T fresh = static_cast<T>(beta_2_ < 1.0 ? 1.0 - beta_2_ : 1.0);
    T *const statistic = statistics_.data() + side.at;
    for (Index column = 0; column < n; column += kernels_.panel) {
        const Index width = std::min(kernels_.panel, padded<T>(n) - column);
        kernels_.products.outer({.rows = n - column,
                                 .columns = width,
                                 .depth = depth,
                                 .a = rows + column,
                                 .a_stride = stride,
                                 .b = rows + column,
                                 .b_stride = stride,
                                 .out = own.panel.data()});
        for (Index i = column; i < n; ++i)
            for (Index j = column; j < std::min(column + width, i + 1); ++j) {
                T &value = statistic[i * stride + j];
                value = old * value + fresh * own.panel[as_size((i - column) * width + j - column)];
                statistic[j * stride + i] = value;
            }
    }
}

// direction = L' G R' with the roots; its squared norm.
template <class T>
double Shampoo<T>::multiply(const Block &block, T *direction, ThreadMemory &own) {
    const Index n_rows = block.left.n, n_columns = block.right.n;
    const WeightMatrix &matrix = layers_[as_size(block.layer)].matrix;
    // One panel of columns at a time, so that scratch memory is a panel's: half = G R', then
    // L' half; the roots are symmetric.
    double squares = 0.0;
    for (Index first = 0; first < n_columns; first += kernels_.panel) {
        const Index width = std::min(kernels_.panel, padded<T>(n_columns) - first);
        kernels_.products.outer({.rows = n_rows,
                                 .columns = width,
                                 .depth = n_columns,
                                 .a = own.columns.data(),
                                 .a_stride = row_stride<T>(n_rows),
                                 .b = roots_.data() + block.right.at + first,
                                 .b_stride = row_stride<T>(n_columns),
                                 .out = own.half.data()});
        kernels_.products.outer({.rows = n_rows,
                                 .columns = width,
                                 .depth = n_rows,
                                 .a = roots_.data() + block.left.at,
                                 .a_stride = row_stride<T>(n_rows),
                                 .b = own.half.data(),
                                 .b_stride = width,
                                 .out = own.panel.data()});
        // Packed weights are runs of columns with gaps of padding between them.
        const Index begin = block.column + first;
        const Index end = std::min(begin + width, block.column + n_columns);
        for (Index i = 0; i < n_rows; ++i)
            matrix.for_each_run(
                block.row + i, begin, end, [&](Index column, Index offset, Index length) {
                    T sum = 0;
                    for (Index j = 0; j < length; ++j) {
                        const T v = own.panel[as_size(i * width + column - begin + j)];
                        direction[offset + j] = v;
                        sum += v * v;
                    }
                    squares += static_cast<double>(sum);
                });
    }
    return squares;
}

template class Shampoo<float>;
template class Shampoo<double>;

} // namespace deepgen
