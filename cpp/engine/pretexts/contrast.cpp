// Contrast: which row of the batch is this the changed view of?
//
//   l_i = -log (exp(s_ii) / sum_k exp(s_ik)),   s_ik = cos(z_i, z~_k) / temperature
//
// z are the outputs of the rows as they are, the first view, and z~ those of the changed ones. With
// q_ik = exp(s_ik) / sum_k exp(s_ik) - [i = k] over the batch's N rows and unit vectors u, u~:
//
//   dL/du_i = sum_k q_ik u~_k / (temperature N),   dL/du~_k = sum_i q_ik u_i / (temperature N)
//   dL/dz = (g - u (u . g)) / |z| with g = dL/du;   z = 0 has no direction: u = 0, and no gradient
//
// Rows meet here twice: each thread writes the unit vectors of its rows, then q of its share of the
// first view, then the gradients of its rows. Sums go over rows in order, whoever has them.
//
// van den Oord, Li & Vinyals (2018), Representation learning with contrastive predictive coding
// (InfoNCE); Bahri, Jiang, Tay & Metzler (2022), SCARF, algorithm 1.

#include "engine/pretexts/members.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen::pretext {
namespace {

constexpr Parameter parameters[] = {
    {.name = "temperature", .value = 1.0, .low = 0.0, .high = infinity, .open_low = true},
};

template <class T>
class Contrast final : public Pretext<T> {
  public:
    explicit Contrast(const PretextCall<T> &call)
        : kernels_(full_precision(call.kernels)), temperature_(call.settings["temperature"]),
          width_(call.n_outputs), columns_(padded<T>(width_)), stride_(row_stride<T>(width_)) {
        require(!call.part.weights, "contrast does not support sample weights");
    }

    void make_room(Index max_rows, Index team_size) override {
        const Index n = max_rows / 2;
        units_.resize(as_size(max_rows * stride_));
        lengths_.resize(as_size(max_rows));
        by_feature_.resize(as_size(padded<T>(n) * width_));
        by_row_.resize(as_size(n * columns_));
        quotients_.resize(as_size(n * row_stride<T>(n)));
        losses_.resize(as_size(n));
        threads_.resize(as_size(team_size));
        for (Buffer<T> &panel : threads_)
            panel.resize(as_size(max_rows * kernels_.panel));
    }

    void evaluate(const Team &team, const PretextRows<T> &batch, IndexRange rows) override {
        const Index n = batch.outputs.rows / 2;
        for (Index i = rows.begin; i < rows.end; ++i)
            write_unit(batch, i, n);
        team.wait();
        const IndexRange blocks = team.share(n_row_blocks(n));
        compare({std::min(blocks.begin * row_block, n), std::min(blocks.end * row_block, n)}, n,
                batch.weight_sum);
        team.wait();
        differentiate(threads_[as_size(team.rank)].data(), batch, rows, n);
        for (Index row = rows.begin; row < rows.end; row += row_block) {
            double loss = 0.0;
            for (Index i = row; i < std::min({row + row_block, rows.end, n}); ++i)
                loss += losses_[as_size(i)];
            batch.block_loss[row / row_block] = loss;
        }
    }

  private:
    // The unit vector of a row; of the second view also where the products want it: as a column
    // of features and as a row, both in panels.
    void write_unit(const PretextRows<T> &batch, Index i, Index n) {
        const T *const z = batch.outputs.data + i * batch.outputs.stride;
        T *const u = units_.data() + i * stride_;
        double squares = 0.0;
        for (Index j = 0; j < width_; ++j)
            squares += static_cast<double>(z[j]) * static_cast<double>(z[j]);
        const double length = lengths_[as_size(i)] = std::sqrt(squares);
        const double factor = length == 0.0 ? 0.0 : 1.0 / length;
        for (Index j = 0; j < width_; ++j)
            u[j] = static_cast<T>(factor * static_cast<double>(z[j]));
        if (i < n)
            return;
        const Index k = i - n, panel = kernels_.panel, n_columns = padded<T>(n);
        const Index first = k / panel * panel, across = std::min(panel, n_columns - first);
        for (Index j = 0; j < width_; ++j)
            by_feature_[as_size(first * width_ + j * across + k - first)] = u[j];
        for (Index j = 0; j < columns_; j += panel) {
            const Index width = std::min(panel, columns_ - j);
            std::copy_n(u + j, width, by_row_.data() + j * n + k * width);
        }
    }

    // q / (temperature N) of some rows of the first view, and their losses.
    void compare(IndexRange rows, Index n, double weight_sum) {
        const Index stride = row_stride<T>(n);
        kernels_.products.dense[static_cast<int>(Epilogue::store)](
            {.rows = rows.end - rows.begin,
             .columns = padded<T>(n),
             .depth = width_,
             .a = units_.data() + rows.begin * stride_,
             .a_stride = stride_,
             .b = by_feature_.data(),
             .b_rows = width_,
             .c = quotients_.data() + rows.begin * stride,
             .c_stride = stride});
        const double scale = 1.0 / (temperature_ * weight_sum);
        for (Index i = rows.begin; i < rows.end; ++i) {
            T *const q = quotients_.data() + i * stride;
            const double highest = static_cast<double>(*std::max_element(q, q + n));
            const double below = (static_cast<double>(q[i]) - highest) / temperature_;
            const double own = std::exp(below);
            double others = 0.0; // 1 - q_ii is these over the sum: it keeps its digits near 1
            for (Index k = 0; k < n; ++k) {
                const double e = std::exp((static_cast<double>(q[k]) - highest) / temperature_);
                others += k == i ? 0.0 : e;
                q[k] = static_cast<T>(e);
            }
            const double sum = own + others;
            for (Index k = 0; k < n; ++k)
                q[k] = static_cast<T>(scale * static_cast<double>(q[k]) / sum);
            q[i] = static_cast<T>(-scale * others / sum);
            losses_[as_size(i)] = (below == 0.0 ? std::log1p(others) : std::log(sum)) - below;
        }
    }

    void differentiate(T *panel, const PretextRows<T> &batch, IndexRange rows, Index n) const {
        const Index stride = row_stride<T>(n);
        T *const gradients = batch.gradients.data;
        if (const IndexRange own{rows.begin, std::min(rows.end, n)}; own.begin < own.end)
            kernels_.products.dense[static_cast<int>(Epilogue::store)](
                {.rows = own.end - own.begin,
                 .columns = columns_,
                 .depth = n,
                 .a = quotients_.data() + own.begin * stride,
                 .a_stride = stride,
                 .b = by_row_.data(),
                 .b_rows = n,
                 .c = gradients + own.begin * batch.gradients.stride,
                 .c_stride = batch.gradients.stride});
        if (const IndexRange own{std::max(rows.begin, n), rows.end}; own.begin < own.end)
            for (Index j = 0; j < columns_; j += kernels_.panel) {
                const Index width = std::min(kernels_.panel, columns_ - j);
                kernels_.products.outer({.rows = own.end - own.begin,
                                         .columns = width,
                                         .depth = n,
                                         .a = quotients_.data() + own.begin - n,
                                         .a_stride = stride,
                                         .b = units_.data() + j,
                                         .b_stride = stride_,
                                         .out = panel});
                for (Index i = own.begin; i < own.end; ++i)
                    std::copy_n(panel + (i - own.begin) * width, width,
                                gradients + i * batch.gradients.stride + j);
            }
        for (Index i = rows.begin; i < rows.end; ++i) {
            const T *const u = units_.data() + i * stride_;
            T *const g = gradients + i * batch.gradients.stride;
            double along = 0.0;
            for (Index j = 0; j < width_; ++j)
                along += static_cast<double>(u[j]) * static_cast<double>(g[j]);
            const double length = lengths_[as_size(i)];
            const double factor = length == 0.0 ? 0.0 : 1.0 / length;
            for (Index j = 0; j < width_; ++j)
                g[j] = static_cast<T>(
                    factor * (static_cast<double>(g[j]) - along * static_cast<double>(u[j])));
        }
    }

    const Kernels<T> &kernels_;
    double temperature_;
    Index width_, columns_, stride_; // of the outputs; in whole cache lines; between unit vectors
    Buffer<T> units_;                // of both views
    std::vector<double> lengths_;    // of the outputs
    Buffer<T> by_feature_, by_row_;  // those of the second view, packed
    Buffer<T> quotients_;            // q / (temperature N), (N, N)
    std::vector<double> losses_;     // of the first view
    std::vector<Buffer<T>> threads_; // a panel of gradients each
};

} // namespace

constinit const PretextEntry contrast{.name = "contrast",
                                      .parameters = parameters,
                                      .n_views = 2,
                                      .couples_rows = true,
                                      .make_float = make_member<float, Contrast>,
                                      .make_double = make_member<double, Contrast>};

} // namespace deepgen::pretext
