// Reconstruction: from a changed row, its values as they were, and which of them were changed.
//
//   l = values sum_j (z_j - t_j)^2 / 2 + mask sum_j (log(1 + e^(u_j)) - m_j u_j)
//   t_j = (x_j - mean_j) / deviation_j   0 for a constant feature
//   m_j = 1 where x~_j differs from x_j, else 0
//
// The outputs are z and, where `mask` > 0, u behind it. Mean and deviation are those of the
// training part, by sample weight, so that no feature counts more for its units.
//
// Vincent, Larochelle, Bengio & Manzagol (2008), Extracting and composing robust features with
// denoising autoencoders (mask = 0); Yoon, Zhang, Jordon & van der Schaar (2020), VIME,
// section 4.1.

#include "engine/core/moments.hpp"
#include "engine/pretexts/members.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen::pretext {
namespace {

constexpr Parameter parameters[] = {
    {.name = "values", .value = 1.0, .low = 0.0, .high = infinity, .open_low = true},
    {.name = "mask", .value = 0.0, .low = 0.0, .high = infinity},
};

template <class T>
class Reconstruction final : public Pretext<T> {
  public:
    explicit Reconstruction(const PretextCall<T> &call)
        : part_(call.part), moments_(call.part), values_(call.settings["values"]),
          mask_(call.settings["mask"]), inverse_(moments_.deviation) {
        const Index n = part_.X.n_columns * (mask_ > 0.0 ? 2 : 1);
        require(call.n_outputs == n, "reconstruction of ", part_.X.n_columns, " features",
                mask_ > 0.0 ? " and their mask" : "", " needs ", n, " outputs, the network has ",
                call.n_outputs);
        for (double &factor : inverse_)
            factor = factor > 0.0 ? 1.0 / factor : 0.0;
    }

    void evaluate(const Team &, const PretextRows<T> &batch, IndexRange rows) override {
        for (Index row = rows.begin; row < rows.end; row += row_block) {
            double loss = 0.0;
            for (Index i = row; i < std::min(row + row_block, rows.end); ++i)
                loss += of_row(batch, i);
            batch.block_loss[row / row_block] = loss;
        }
    }

  private:
    // w_i l_i; a row of weight 0 adds nothing and gets a zero gradient.
    double of_row(const PretextRows<T> &batch, Index i) const {
        const Index n = part_.X.n_columns, sample = batch.samples[i];
        const T *const x = part_.X.dense + sample * n;
        const T *const changed = batch.inputs.data + i * batch.inputs.stride;
        const T *const outputs = batch.outputs.data + i * batch.outputs.stride;
        T *const gradients = batch.gradients.data + i * batch.gradients.stride;
        const double weight = part_.weights ? static_cast<double>(part_.weights[sample]) : 1.0;
        if (weight == 0.0) {
            std::fill_n(gradients, batch.outputs.width, T(0));
            return 0.0;
        }
        const double factor = weight / batch.weight_sum;
        double squares = 0.0, entropy = 0.0;
        for (Index j = 0; j < n; ++j) {
            const double target =
                (static_cast<double>(x[j]) - moments_.mean[as_size(j)]) * inverse_[as_size(j)];
            const double error = static_cast<double>(outputs[j]) - target;
            squares += error * error;
            gradients[j] = static_cast<T>(factor * values_ * error);
        }
        if (mask_ > 0.0)
            for (Index j = 0; j < n; ++j) {
                const double u = static_cast<double>(outputs[n + j]);
                const double label = changed[j] != x[j] ? 1.0 : 0.0;
                // u - u is 0, or NaN where an output has a limit for its loss and no value.
                entropy += std::max(u, 0.0) + std::log1p(std::exp(-std::abs(u))) - label * u;
                entropy += u - u;
                gradients[n + j] =
                    static_cast<T>(factor * mask_ * (1.0 / (1.0 + std::exp(-u)) - label));
            }
        return weight * (0.5 * values_ * squares + mask_ * entropy);
    }

    TrainingPart<T> part_;
    Moments moments_;
    double values_, mask_;
    std::vector<double> inverse_; // of the deviations
};

} // namespace

constinit const PretextEntry reconstruction{.name = "reconstruction",
                                            .parameters = parameters,
                                            .make_float = make_member<float, Reconstruction>,
                                            .make_double = make_member<double, Reconstruction>};

} // namespace deepgen::pretext
