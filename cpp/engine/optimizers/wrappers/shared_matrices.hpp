// The numbers of members that share matrices: where they stand, the members' networks made of them,
// and the gradients of those networks pulled back to them.
//
// One vector: the network's numbers as it packs them, then each member's own. Of a member, for each
// hidden layer r (inputs), s (outputs) and its vectors; of the last layer the matrix, row by row,
// and its vectors. Nothing in a member's part depends on the SIMD path.

#pragma once

#include "engine/core/random.hpp"
#include "engine/optimizers/optimizer.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace deepgen {

template <class T>
class SharedMatrices {
  public:
    void allocate(const PackedWeights &network, Index n_members_) {
        n_members = n_members_;
        n_network = network.size;
        panel_ = network.panel;
        layers_.clear();
        tasks_.clear();
        pieces_.clear();
        Index own = 0;
        const auto piece = [&](Index n, bool coefs) {
            pieces_.push_back({own, n, coefs});
            return std::exchange(own, own + n);
        };
        for (const PackedLayer &packed : network.layers) {
            Layer layer{.coefs = packed.coefs,
                        .rows = packed.narrow ? packed.n_outputs : packed.n_inputs,
                        .columns = packed.narrow ? packed.n_inputs : packed.width,
                        .vectors = packed.intercepts,
                        .n_vectors = packed.n_vectors,
                        .last = packed.last};
            if (packed.last) {
                layer.own_matrix = piece(layer.rows * layer.columns, true);
            } else {
                const Index inputs = piece(padded<T>(packed.n_inputs), false);
                const Index outputs = piece(padded<T>(packed.width), false);
                layer.row_scales = packed.narrow ? outputs : inputs;
                layer.column_scales = packed.narrow ? inputs : outputs;
                for (Index column = 0; column < layer.columns; column += panel_) {
                    const auto number = static_cast<Index>(layers_.size());
                    tasks_.push_back({number, column, layer.n_row_sums * layer.rows});
                    ++layer.n_row_sums;
                }
            }
            layer.own_vectors = piece(layer.n_vectors, false);
            layer.row_sums = n_row_sums_;
            n_row_sums_ += layer.n_row_sums * layer.rows;
            layers_.push_back(layer);
        }
        first_inputs_ = network.layers.front().n_features;
        rest_ = layers_.back().vectors + layers_.back().n_vectors;
        n_own = own;
        weights.assign(as_size(size()), T(0));
        gradient = weights;
        of_member.assign(as_size(n_network), T(0));
        row_sums_.assign(as_size(n_row_sums_), 0.0);
        last_squares_.assign(as_size(n_members), 0.0);
    }

    Index size() const { return n_network + n_members * n_own; }
    Index n_own_pieces() const { return n_members * static_cast<Index>(pieces_.size()); }

    // Offset, length and whether L2 acts on it.
    std::tuple<Index, Index, bool> own_piece(Index number) const {
        const auto n_pieces = static_cast<Index>(pieces_.size());
        const Piece &piece = pieces_[as_size(number % n_pieces)];
        return {own_offset(number / n_pieces) + piece.offset, piece.n, piece.coefs};
    }

    // A chunk of the network that is trained: a hidden layer's matrix, or the front.
    bool is_shared(Index offset) const {
        return offset >= rest_ || std::ranges::any_of(layers_, [&](const Layer &layer) {
                   return !layer.last && offset >= layer.coefs && offset < layer.vectors;
               });
    }

    // The network's roles, then each member's; scalings have that of a norm's.
    std::vector<PackedStretch> stretches(std::span<const PackedStretch> network) const {
        std::vector<PackedStretch> all(network.begin(), network.end());
        const auto end_of = [&] { return all.back().end; };
        for (Index member = 0; member < n_members; ++member) {
            for (const Layer &layer : layers_) {
                const Index n =
                    layer.last ? layer.rows * layer.columns : layer.own_vectors - own_of(layer);
                all.push_back({end_of() + n, layer.last ? "coefs" : "scale"});
                const Index shift = end_of() - layer.vectors;
                for (const PackedStretch &stretch : network)
                    if (stretch.end > layer.vectors &&
                        stretch.end <= layer.vectors + layer.n_vectors)
                        all.push_back({stretch.end + shift, stretch.role});
            }
        }
        return all;
    }

    // The start: matrices and front from the network; vectors and last layer from those of `start`
    // that are not zero, else from the network; random signs before the first layer.
    void begin(const T *network, const Buffer<T> &start, std::uint64_t key) {
        std::copy_n(network, n_network, weights.data());
        for (Index member = 0; member < n_members; ++member) {
            T *const own = weights.data() + own_offset(member);
            std::fill_n(own, n_own, T(1)); // all scalings
            const std::uint64_t draws = random::child(key, static_cast<std::uint64_t>(member));
            T *const signs = own + own_of(layers_.front());
            for (Index i = 0; i < first_inputs_; ++i)
                signs[i] =
                    random::fraction(draws, static_cast<std::uint64_t>(i)) < 0.5 ? T(-1) : T(1);
            const T *from = network;
            if (!start.empty()) {
                const T *const given = start.data() + member * n_network;
                if (std::any_of(given, given + n_network, [](T x) { return x != T(0); }))
                    from = given;
            }
            for (const Layer &layer : layers_)
                take_own(layer, from, own);
        }
    }

    // A member's network. Each thread writes a share; the team has to meet before anyone reads.
    void write(const Team &team, Index member, T *network) const {
        const T *const own = weights.data() + own_offset(member);
        const IndexRange tasks = team.share(static_cast<Index>(tasks_.size()));
        for (Index i = tasks.begin; i < tasks.end; ++i) {
            const Task &task = tasks_[as_size(i)];
            const Layer &layer = layers_[as_size(task.layer)];
            const Index width = std::min(panel_, layer.columns - task.column);
            const T *const columns = own + layer.column_scales + task.column;
            for (Index row = 0; row < layer.rows; ++row) {
                const Index offset = layer.coefs + task.column * layer.rows + row * width;
                const T scale = own[layer.row_scales + row];
                for (Index j = 0; j < width; ++j)
                    network[offset + j] = scale * columns[j] * weights[as_size(offset + j)];
            }
        }
        const IndexRange share = team.share(static_cast<Index>(layers_.size()));
        for (Index i = share.begin; i < share.end; ++i) {
            const Layer &layer = layers_[as_size(i)];
            std::copy_n(own + layer.own_vectors, layer.n_vectors, network + layer.vectors);
            if (layer.last)
                for_each_run(layer, [&](Index packed, Index row_by_row, Index n) {
                    std::copy_n(own + layer.own_matrix + row_by_row, n, network + packed);
                });
        }
        const IndexRange rest = rest_of(team);
        std::copy(weights.data() + rest.begin, weights.data() + rest.end, network + rest.begin);
    }

    // From the gradient of a member's network, `of_member`, to that of all that it is made of. The
    // team has met before, and has to meet before `of_member` is written again.
    void collect(const Team &team, Index member) {
        const Index offset_of_own = own_offset(member);
        const T *const own = weights.data() + offset_of_own;
        T *const own_gradient = gradient.data() + offset_of_own;
        const IndexRange tasks = team.share(static_cast<Index>(tasks_.size()));
        for (Index i = tasks.begin; i < tasks.end; ++i)
            collect_panel(tasks_[as_size(i)], own, own_gradient, member == 0);
        const IndexRange share = team.share(static_cast<Index>(layers_.size()));
        for (Index i = share.begin; i < share.end; ++i)
            take_own(layers_[as_size(i)], of_member.data(), own_gradient);
        const IndexRange rest = rest_of(team);
        for (Index i = rest.begin; i < rest.end; ++i)
            gradient[as_size(i)] =
                (member == 0 ? T(0) : gradient[as_size(i)]) + of_member[as_size(i)] * part();
        team.wait();
        for (Index i = share.begin; i < share.end; ++i) {
            const Layer &layer = layers_[as_size(i)];
            for (Index row = 0; !layer.last && row < layer.rows; ++row) {
                double sum = 0.0;
                for (Index panel = 0; panel < layer.n_row_sums; ++panel)
                    sum += row_sums_[as_size(layer.row_sums + panel * layer.rows + row)];
                own_gradient[layer.row_scales + row] = static_cast<T>(sum);
            }
        }
    }

    // Before a step: the squared norms of the members' last layers. The next barrier is a caller's.
    void measure_last_layers(const Team &team) {
        const Layer &last = layers_.back();
        const IndexRange share = team.share(n_members);
        for (Index member = share.begin; member < share.end; ++member) {
            const T *const matrix = weights.data() + own_offset(member) + last.own_matrix;
            double sum = 0.0;
            for (Index i = 0; i < last.rows * last.columns; ++i)
                sum += static_cast<double>(matrix[i]) * static_cast<double>(matrix[i]);
            last_squares_[as_size(member)] = sum;
        }
    }
    double last_layer_squares() const {
        double sum = 0.0;
        for (const double squares : last_squares_)
            sum += squares;
        return sum;
    }

    Index n_members = 0, n_network = 0, n_own = 0;
    Buffer<T> weights, gradient; // the whole vector, and the gradient of the mean loss
    Buffer<T> of_member;         // the gradient of one member's network

  private:
    // A matrix stands in panels of columns, each row by row; of a narrow layer it is W^T.
    struct Layer {
        Index coefs, rows, columns;
        Index vectors, n_vectors;
        bool last;
        Index own_matrix = 0;                    // of the last layer, in a member's part
        Index row_scales = 0, column_scales = 0; // of the others
        Index own_vectors = 0;
        Index n_row_sums = 0, row_sums = 0; // a sum for each panel and row
    };
    // A panel of a shared matrix.
    struct Task {
        Index layer, column, row_sums;
    };
    struct Piece {
        Index offset, n;
        bool coefs;
    };

    Index own_offset(Index member) const { return n_network + member * n_own; }
    static Index own_of(const Layer &layer) {
        return std::min(layer.row_scales, layer.column_scales);
    }
    T part() const { return static_cast<T>(1.0 / static_cast<double>(n_members)); }
    IndexRange rest_of(const Team &team) const {
        const IndexRange lines = team.share((n_network - rest_) / lane_pad<T>);
        return {rest_ + lines.begin * lane_pad<T>, rest_ + lines.end * lane_pad<T>};
    }

    // Calls with (packed offset, offset row by row, length) of each run of a matrix.
    template <class Function>
    void for_each_run(const Layer &layer, Function function) const {
        for (Index column = 0; column < layer.columns; column += panel_) {
            const Index width = std::min(panel_, layer.columns - column);
            for (Index row = 0; row < layer.rows; ++row)
                function(layer.coefs + column * layer.rows + row * width,
                         row * layer.columns + column, width);
        }
    }

    // Vectors and last layer of a network, or of its gradient, into a member's part.
    void take_own(const Layer &layer, const T *network, T *own) const {
        std::copy_n(network + layer.vectors, layer.n_vectors, own + layer.own_vectors);
        if (layer.last)
            for_each_run(layer, [&](Index packed, Index row_by_row, Index n) {
                std::copy_n(network + packed, n, own + layer.own_matrix + row_by_row);
            });
    }

    // dW += r s G / n, ds = column sums of r W G, and the panel's share of dr = row sums of s W G.
    void collect_panel(const Task &task, const T *own, T *own_gradient, bool first) {
        const Layer &layer = layers_[as_size(task.layer)];
        const Index width = std::min(panel_, layer.columns - task.column);
        const T *const columns = own + layer.column_scales + task.column;
        T *const column_sums = own_gradient + layer.column_scales + task.column;
        std::fill_n(column_sums, width, T(0));
        for (Index row = 0; row < layer.rows; ++row) {
            const Index offset = layer.coefs + task.column * layer.rows + row * width;
            const T *const w = weights.data() + offset, *const g = of_member.data() + offset;
            T *const sum = gradient.data() + offset;
            const T scale = own[layer.row_scales + row], share = scale * part();
            if (first)
                std::fill_n(sum, width, T(0));
            T lanes[as_size(lane_pad<T>)] = {};
            for (Index j = 0; j < width; j += lane_pad<T>)
                for (Index lane = 0; lane < lane_pad<T>; ++lane) {
                    const T product = w[j + lane] * g[j + lane];
                    sum[j + lane] += share * columns[j + lane] * g[j + lane];
                    column_sums[j + lane] += scale * product;
                    lanes[lane] += columns[j + lane] * product;
                }
            double row_sum = 0.0;
            for (const T lane : lanes)
                row_sum += static_cast<double>(lane);
            row_sums_[as_size(layer.row_sums + task.row_sums + row)] = row_sum;
        }
    }

    Index panel_ = 0, first_inputs_ = 0, n_row_sums_ = 0;
    Index rest_ = 0; // the front begins here
    std::vector<Layer> layers_;
    std::vector<Task> tasks_;
    std::vector<Piece> pieces_; // of one member, in order
    std::vector<double> row_sums_, last_squares_;
};

} // namespace deepgen
