// Members that share the matrices of the hidden layers, trained together on the same batches.
//
//   hidden layer of member k   z = ((x * r_k) W) * s_k + b_k     W shared; r_k, s_k, b_k its own
//   last layer                 each member's own
//   gradients                  dW = mean over members of r_k s_k^T * G_k,  G_k of r_k W s_k
//                              dr_k, ds_k, db_k and the last layer's of member k's own loss
//
// So each number moves as it would in a network trained alone, whatever the number of members; it
// is the gradient of the mean loss, with that of a member's own numbers times their number. L2 acts
// on W and on the last layers. All vectors of a layer (norms, slopes) are a member's own, the front
// is shared. Members draw dropout masks of their own.
//
// Wen, Tran & Ba (2020), BatchEnsemble; random signs as the first layer's r_k, ones in the others,
// and last layers of their own as Gorishniy, Kotelnikov & Babenko (2025), TabM. What is wrapped
// sees one long vector: the network's, in which vectors and last layer lie idle, then the members'.

#include "engine/core/random.hpp"
#include "engine/optimizers/wrappers/members.hpp"
#include "engine/optimizers/wrappers/shared_matrices.hpp"

#include <cmath>

namespace deepgen {
namespace {

constexpr Parameter parameters[] = {
    {.name = "n_members", .value = 16.0, .low = 2.0, .high = 1024.0, .integer = true},
};

template <class T>
class OnMembers final : public BatchDecorator<T> {
  public:
    using typename BatchGradient<T>::Evaluation;
    using typename BatchGradient<T>::Visitor;

    OnMembers(BatchGradient<T> &inner, SharedMatrices<T> &shared)
        : BatchDecorator<T>(inner), shared_(shared) {}

    // Writes each member's weights into the network and takes its gradient there.
    double evaluate(const Team &team, Evaluation evaluation) override {
        if (evaluation == Evaluation::first)
            shared_.measure_last_layers(team);
        double loss = 0.0;
        for (Index member = 0; member < shared_.n_members; ++member) {
            shared_.write(team, member, this->inner_.weights());
            this->inner_.weights_moved(team);
            if (member == 0)
                last_layer_squares_ = shared_.last_layer_squares();
            this->inner_.use_draws_of(member);
            const double own =
                this->inner_.evaluate(team, member == 0 ? evaluation : Evaluation::again);
            if (!std::isfinite(own))
                return own;
            loss += own;
            this->inner_.visit_gradient(team, [&](const WeightChunk<T> &chunk) {
                std::copy_n(chunk.gradient, chunk.n, shared_.of_member.data() + chunk.offset);
                return false;
            });
            shared_.collect(team, member);
        }
        team.wait();
        return loss / static_cast<double>(shared_.n_members);
    }

    void visit_gradient(const Team &team, Visitor visitor) override {
        present(team, shared_.gradient.data(), visitor);
    }
    void visit_stored_gradient(const Team &team, const T *gradient, Visitor visitor) override {
        present(team, gradient, visitor);
    }
    void weights_moved(const Team &team) override { team.wait(); } // evaluate writes them anyway

    // Of all members, as they are before the step.
    double last_layer_squares() const { return last_layer_squares_; }

    T *weights() override { return shared_.weights.data(); }
    Index n_weights() const override { return shared_.size(); }
    Index n_weight_chunks() const override {
        return this->inner_.n_weight_chunks() + shared_.n_own_pieces();
    }

  private:
    // The members' chunks, then those of the network that are shared. Its own weights do not move.
    void present(const Team &team, const T *gradient, Visitor visitor) {
        const IndexRange share = team.share(shared_.n_own_pieces());
        for (Index i = share.begin; i < share.end; ++i) {
            const auto [offset, n, coefs] = shared_.own_piece(i);
            visitor({this->inner_.n_weight_chunks() + i, offset, n, gradient + offset, coefs});
        }
        this->inner_.visit_stored_gradient(team, gradient, [&](const WeightChunk<T> &chunk) {
            if (shared_.is_shared(chunk.offset))
                visitor(chunk);
            return false;
        });
    }

    SharedMatrices<T> &shared_;
    double last_layer_squares_ = 0.0;
};

template <class T>
class BatchEnsemble final : public Wrapper<T> {
  public:
    BatchEnsemble(std::unique_ptr<Optimizer<T>> base, const Settings &settings, const Kernels<T> &)
        : Wrapper<T>(std::move(base)), n_members_(static_cast<Index>(settings["n_members"])) {}

    void allocate(const OptimizerContext &context) override {
        require(context.weights.layers.size() >= 2,
                "batch_ensemble shares the matrices of hidden layers, and there is none");
        key_ = random::stream(context.seed, random::Purpose::members);
        shared_.allocate(context.weights, n_members_);
        stretches_ = shared_.stretches(context.weights.stretches);
        OptimizerContext all = context;
        all.weights = {shared_.size(), context.weights.panel, context.weights.layers, stretches_};
        Wrapper<T>::allocate(all);
        members_.clear();
        begun_.assign(1, T(0));
    }

    StepReport step(const Team &team, BatchGradient<T> &batch, StepSize size) override {
        if (begun_[0] == T(0))
            begin(team, batch);
        OnMembers<T> on_members(batch, shared_);
        StepReport report = this->base_->step(team, on_members, size);
        // L2 of the last layers is a mean over members, as their losses are.
        report.weight_squares -=
            (1.0 - 1.0 / static_cast<double>(n_members_)) * on_members.last_layer_squares();
        return report;
    }

    // "batch_ensemble_members" are the networks of the members: before the first step those to
    // take vectors and last layer from, where they are not zero; after it those to predict with.
    std::vector<StateArray<T>> state() override {
        const Index n = shared_.n_network;
        members_.resize(as_size(n_members_ * n), T(0));
        for (Index member = 0; begun_[0] != T(0) && member < n_members_; ++member)
            shared_.write(single_thread, member, members_.data() + member * n);
        std::vector<StateArray<T>> all;
        for (const StateArray<T> &array : this->base_->state()) {
            if (!array.packed) {
                all.push_back(array);
                continue;
            }
            all.push_back({array.name, array.numbers.first(as_size(n)), true});
            all.push_back({array.name + "_members", array.numbers.subspan(as_size(n)), false});
        }
        const std::span<T> weights(shared_.weights);
        all.push_back({"batch_ensemble_shared", weights.first(as_size(n)), true});
        all.push_back({"batch_ensemble_own", weights.subspan(as_size(n)), false});
        all.push_back({"batch_ensemble_members", members_, true});
        all.push_back({"batch_ensemble_begun", begun_, false});
        return all;
    }

  private:
    void begin(const Team &team, BatchGradient<T> &batch) {
        team.wait(); // all have seen that it has not begun
        if (team.rank == 0) {
            shared_.begin(batch.weights(), members_, key_);
            begun_[0] = T(1);
        }
        team.wait();
    }

    Index n_members_;
    std::uint64_t key_ = 0;
    SharedMatrices<T> shared_;
    std::vector<PackedStretch> stretches_;
    Buffer<T> members_; // networks, one after the other; empty until someone asks for the state
    Buffer<T> begun_;   // a single 0 or 1
};

} // namespace

constexpr WrapperEntry wrapper::batch_ensemble =
    wrapper_entry<BatchEnsemble>("batch_ensemble", parameters);

} // namespace deepgen
