// The trainer: data by reference, weights in and out as flat vectors, steps without the GIL.

#include "bindings/bind.hpp"
#include "bindings/lapack.hpp"

#include "engine/devices/host_device.hpp"
#include "engine/devices/plugin_device.hpp"
#include "engine/training/trainer.hpp"

#include <algorithm>
#include <atomic>
#include <pybind11/stl.h>
#include <stdexcept>

namespace deepgen::python {
namespace {

// On the device of a plugin, or on the processor.
template <class T>
std::unique_ptr<Device<T>> make_device(const Network<T> &network, const OptimizerSpec &optimizer,
                                       const std::optional<Plugin> &plugin) {
    if (plugin)
        return make_plugin_device(*plugin, network, optimizer);
    const bool needs = needs_lapack(optimizer.rule.name);
    return std::make_unique<HostDevice<T>>(
        network,
        make_optimizer<T>(optimizer, network.kernels(), needs ? scipy_lapack<T>() : Lapack<T>{}));
}

// One scalar's trainer after what it borrows: network and data.
template <class T>
struct HeldTrainer {
    HeldTrainer(std::shared_ptr<const Network<T>> network_, const OptimizerSpec &optimizer,
                const TrainingSpec &spec, const std::optional<Plugin> &plugin)
        : network(std::move(network_)),
          trainer(*network, make_device(*network, optimizer, plugin), spec) {}

    std::shared_ptr<const Network<T>> network;
    py::object X, y, weights;
    Trainer<T> trainer;
};

// A trainer serves one Python thread at a time. `run` works without the GIL, so a second thread
// could come in; it is told so rather than made to wait, which could be for ever.
struct AnyTrainer {
    AnyTrainer(const AnyNetwork &any, const OptimizerSpec &optimizer, const TrainingSpec &spec,
               const std::optional<Plugin> &plugin) {
        std::visit(
            [&]<class T>(const std::shared_ptr<const Network<T>> &network) {
                held = std::make_unique<HeldTrainer<T>>(network, optimizer, spec, plugin);
            },
            any.network);
    }
    template <class Function>
    decltype(auto) visit(Function function) const {
        const Turn turn(*busy);
        return std::visit([&](const auto &pointer) -> decltype(auto) { return function(*pointer); },
                          held);
    }

    class Turn {
      public:
        [[nodiscard]] explicit Turn(std::atomic_flag &busy) : busy_(busy) {
            if (busy_.test_and_set(std::memory_order_acquire))
                throw std::runtime_error("the trainer is at work in another thread");
        }
        ~Turn() { busy_.clear(std::memory_order_release); }
        Turn(const Turn &) = delete;
        Turn &operator=(const Turn &) = delete;

      private:
        std::atomic_flag &busy_;
    };

    std::variant<std::unique_ptr<HeldTrainer<float>>, std::unique_ptr<HeldTrainer<double>>> held;
    std::unique_ptr<std::atomic_flag> busy = std::make_unique<std::atomic_flag>();
};

void set_data(AnyTrainer &any, const py::object &X, const py::object &y, const py::object &weights,
              const py::object &rows) {
    any.visit([&]<class T>(HeldTrainer<T> &held) {
        HeldInputs<T> inputs(X, held.network->n_inputs());
        require(!held.trainer.has_pretext() || y.is_none(),
                "y must be None for a pretext task, which learns from X alone");
        HeldTargets<T> targets =
            held.trainer.has_pretext()
                ? HeldTargets<T>(weights, inputs.view.n_rows)
                : HeldTargets<T>(y, weights, inputs.view.n_rows, *held.network);
        const HeldSelection selection(rows, inputs.view.n_rows);
        held.trainer.set_data(inputs.view, targets.view, selection.view);
        held.X = inputs.owner;
        held.y = targets.owner;
        held.weights = targets.weights_owner;
    });
}

void load(AnyTrainer &any, const py::object &parameters) {
    any.visit([&]<class T>(HeldTrainer<T> &held) {
        held.trainer.load(
            vector_of<T>("parameters", parameters, held.network->layout().n_parameters).data());
    });
}

void store(const AnyTrainer &any, const py::object &parameters) {
    any.visit([&]<class T>(const HeldTrainer<T> &held) {
        held.trainer.store(
            writable_vector_of<T>("parameters", parameters, held.network->layout().n_parameters)
                .mutable_data());
    });
}

Progress run(AnyTrainer &any, const py::object &rates, Index n_threads, const py::object &dropout,
             const py::object &weight_decay) {
    const auto numbers = [](const char *name, const py::object &given) {
        return given.is_none() ? py::array_t<double>(0) : array_of<double>(name, given, 1);
    };
    const auto view = [](const py::array_t<double> &array) {
        return std::span<const double>(array.data(), as_size(array.shape(0)));
    };
    const auto array = array_of<double>("rates", rates, 1);
    const auto drop = numbers("dropout", dropout), decay = numbers("weight_decay", weight_decay);
    const std::span<const double> values = view(array);
    const MovingSettings moving{view(drop), view(decay)};
    n_threads = checked_threads(n_threads);
    const ReleasedInterpreter released;
    return any.visit([&](auto &held) { return held.trainer.run(values, n_threads, moving); });
}

template <class T>
py::array_t<T> stored(const Trainer<T> &trainer, std::size_t number, Index size) {
    py::array_t<T> numbers(size);
    trainer.store_state(number, numbers.mutable_data());
    return numbers;
}

py::typing::Dict<py::str, py::array> state(const AnyTrainer &any) {
    return any.visit([&]<class T>(const HeldTrainer<T> &held) {
        py::typing::Dict<py::str, py::array> state;
        const std::vector<StateVector> layout = held.trainer.state_layout();
        for (std::size_t i = 0; i < layout.size(); ++i)
            state[layout[i].name.c_str()] = stored(held.trainer, i, layout[i].size);
        py::array_t<std::int64_t> n_steps(1);
        n_steps.mutable_data()[0] = held.trainer.n_steps();
        state["n_steps"] = n_steps;
        return state;
    });
}

py::typing::Dict<py::str, py::typing::Tuple<py::int_>> state_layout(const AnyTrainer &any) {
    return any.visit([&]<class T>(const HeldTrainer<T> &held) {
        py::typing::Dict<py::str, py::typing::Tuple<py::int_>> shapes;
        for (const StateVector &vector : held.trainer.state_layout())
            shapes[vector.name.c_str()] = py::make_tuple(vector.size);
        shapes["n_steps"] = py::make_tuple(1);
        return shapes;
    });
}

py::array recall(const AnyTrainer &any, const std::string &name) {
    return any.visit([&]<class T>(const HeldTrainer<T> &held) -> py::array {
        const std::vector<StateVector> layout = held.trainer.state_layout();
        const auto found = std::ranges::find(layout, name, &StateVector::name);
        require(found != layout.end(), "the optimizer remembers no '", name, "'");
        return stored(held.trainer, static_cast<std::size_t>(found - layout.begin()), found->size);
    });
}

void set_state(AnyTrainer &any, const py::typing::Dict<py::str, py::array> &state) {
    any.visit([&]<class T>(HeldTrainer<T> &held) {
        const auto entry = [&](const std::string &name) -> py::object {
            require(state.contains(name.c_str()), "the state has no '", name, "'");
            return state[name.c_str()];
        };
        const std::int64_t n_steps =
            vector_of<std::int64_t>("n_steps", entry("n_steps"), 1).data()[0];
        require(n_steps >= 0, "n_steps must not be negative, got ", n_steps);
        std::vector<py::array_t<T>> arrays;
        for (const StateVector &vector : held.trainer.state_layout())
            arrays.push_back(vector_of<T>(vector.name.c_str(), entry(vector.name), vector.size));
        for (std::size_t i = 0; i < arrays.size(); ++i)
            held.trainer.load_state(i, arrays[i].data());
        held.trainer.set_n_steps(n_steps);
    });
}

} // namespace
} // namespace deepgen::python

DEEPGEN_REJECT_UNINITIALIZED(deepgen::Progress)
DEEPGEN_REJECT_UNINITIALIZED(deepgen::python::AnyTrainer)

namespace deepgen::python {

void bind_trainer(py::module_ &module) {
    using py::arg, py::kw_only;

    module.def("needs_lapack", &needs_lapack, arg("rule"),
               "Does a rule call SciPy's LAPACK, which should then have one thread?");

    module.def(
        "rate_roles",
        [] { return std::vector<std::string>(std::begin(rate_roles), std::end(rate_roles)); },
        "The roles of parameters whose learning rate may have a factor.");

    bind_class<Progress>(module, "Progress",
                         "What the steps of the epoch so far did; sums over them.")
        .def_readonly("n_steps", &Progress::n_steps)
        .def_readonly("n_rows", &Progress::n_rows)
        .def_readonly("loss", &Progress::loss)
        .def_readonly("gradient_norm", &Progress::gradient_norm)
        .def_readonly("finite", &Progress::finite)
        .def_readonly("epoch_done", &Progress::epoch_done);

    bind_class<AnyTrainer>(module, "Trainer", "Trains a network by slices of steps.")
        .def(py::init([](const AnyNetwork &network, const Component &optimizer,
                         const std::vector<Component> &wrappers, double alpha, Index batch_size,
                         bool shuffle, std::uint64_t seed, const Component &augmentation,
                         double mixup, const RateFactors &rate_factors,
                         const std::optional<Component> &pretext,
                         const std::optional<Plugin> &device) {
                 return AnyTrainer(
                     network, {optimizer, wrappers},
                     {alpha, batch_size, shuffle, seed, augmentation, mixup, rate_factors, pretext},
                     device);
             }),
             arg("network"), kw_only(), arg("optimizer"),
             arg("wrappers") = std::vector<Component>(), arg("alpha") = 0.0, arg("batch_size"),
             arg("shuffle") = true, arg("seed"), arg("augmentation") = Component{"none", {}},
             arg("mixup") = 0.0, arg("rate_factors") = RateFactors{}, arg("pretext") = py::none(),
             arg("device") = py::none(),
             "`wrappers` stand around the optimizer from the inside out; `rate_factors` are by the "
             "roles of rate_roles(). With a `pretext` task y is None, and its batches are samples "
             "of X. The `device` is the first of a plugin, or the processor.")
        .def("set_data", &set_data, arg("X"), arg("y"), arg("weights") = py::none(),
             arg("rows") = py::none(), "What to train on; the arrays are referenced, not copied.")
        .def("load", &load, arg("parameters"), "Take the weights from a flat vector.")
        .def("store", &store, arg("parameters"), "Write the weights into a flat vector.")
        .def(
            "begin_epoch",
            [](AnyTrainer &any, std::uint64_t epoch) {
                any.visit([&](auto &held) { held.trainer.begin_epoch(epoch); });
            },
            arg("epoch"), "Draw the epoch's order and go to its start.")
        .def(
            "seek",
            [](AnyTrainer &any, Index batch) {
                any.visit([&](auto &held) { held.trainer.seek(batch); });
            },
            arg("batch"),
            "Go to a batch of the epoch that has begun; sums of progress begin there. Steps "
            "from it have the bits that they would have after the batches before it.")
        .def("run", &run, arg("rates"), arg("n_threads") = 1, kw_only(),
             arg("dropout") = py::none(), arg("weight_decay") = py::none(),
             "At most len(rates) steps, never past the epoch's end; rates[i] is the learning rate "
             "of step i, and so of what else moves: the dropout of layers that drop units, and "
             "weight decay.")
        .def_property_readonly(
            "steps_per_epoch",
            [](const AnyTrainer &any) {
                return any.visit([](const auto &held) { return held.trainer.steps_per_epoch(); });
            })
        .def_property_readonly("position",
                               [](const AnyTrainer &any) {
                                   return any.visit(
                                       [](const auto &held) { return held.trainer.position(); });
                               })
        .def_property_readonly("step_work",
                               [](const AnyTrainer &any) {
                                   return any.visit(
                                       [](const auto &held) { return held.trainer.step_work(); });
                               })
        .def("state", &state,
             "The optimizer's state by name, and its count of steps; state that belongs to single "
             "weights comes as flat vectors.")
        .def("state_layout", &state_layout, "The shapes of what state() gives, by name.")
        .def("recall", &recall, arg("name"), "One array of the optimizer's state.")
        .def("set_state", &set_state, arg("state"), "Take back what state() gave.");
}

} // namespace deepgen::python
