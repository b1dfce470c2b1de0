"""What the engine refuses, and the message it gives; and what survives a pickle."""

import pickle

import numpy as np
import pytest
from small_networks import BATCH, LAYER, problem, residual, two_hidden
from small_networks import network_of as dense

import reference
from deepgen import _core
from engine.building import component_of, network_of, spec_of, trainer_of
from reference import Component, LayerSpec

N_ROWS = 12

SGD = Component("sgd")
CLASSES = two_hidden(loss=Component("log_loss"))
QUANTILES = two_hidden(loss=Component("quantile", {"quantile": [0.1, 0.5, 0.9]}))


def measured(method, dtype="float64", spec=None, **changes):
    """Calls a method of a network of 4 inputs and 3 outputs with one argument changed."""
    spec = two_hidden() if spec is None else spec
    parameters, X, y, weights = problem(spec, N_ROWS)
    arguments = {"parameters": parameters, "X": X, "y": y, "weights": weights, "rows": None}
    arguments.update(changes)
    network = network_of(spec, dtype)
    rows = {"rows": arguments["rows"]}
    if method in ("forward", "predict"):
        return getattr(network, method)(arguments["parameters"], arguments["X"], **rows)
    if method == "predict_in_units":
        units = np.zeros(3), np.ones(3)
        return network.predict_in_units(arguments["parameters"], arguments["X"], *units, **rows)
    if method in ("activations", "moments"):
        layer = arguments.get("layer", 0)
        return getattr(network, method)(arguments["parameters"], arguments["X"], layer, **rows)
    names = ("parameters", "X", "y", "weights")
    return getattr(network, method)(*(arguments[name] for name in names), **rows)


def fed(spec=None, **changes):
    """Gives a trainer its data and parameters with one argument changed, and runs a step."""
    spec = two_hidden() if spec is None else spec
    parameters, X, y, weights = problem(spec, N_ROWS)
    arguments = {"parameters": parameters, "X": X, "y": y, "weights": weights, "rows": None}
    arguments.update(changes)
    trainer = trainer_of(spec, SGD, batch_size=4)
    trainer.set_data(*(arguments[name] for name in ("X", "y", "weights", "rows")))
    trainer.load(arguments["parameters"])
    trainer.begin_epoch(0)
    return trainer.run(arguments.get("rates", np.ones(1)))


def zeros(*shape, dtype=np.float64):
    return np.zeros(shape, dtype)


def indices(*values):
    return np.array(values, dtype=np.int64)


METHODS = ["forward", "predict", "predict_in_units", "activations", "moments"]
METHODS += ["loss", "loss_and_gradient"]
MEASURING_LOSS = ["loss", "loss_and_gradient"]

WRONG_INPUTS = [
    ({"X": zeros(N_ROWS, 5)}, ValueError, r"X has 5 columns, the network expects 4"),
    (
        {"X": zeros(N_ROWS, 4, dtype=np.float32)},
        TypeError,
        r"X.*float64.*float32|X.*float32.*float64",
    ),
    ({"X": zeros(N_ROWS, 4, dtype=np.int64)}, TypeError, r"X.*float64"),
    ({"X": np.asfortranarray(np.ones((N_ROWS, 4)))}, (TypeError, ValueError), r"X.*C-contiguous"),
    ({"X": zeros(N_ROWS, 8)[:, ::2]}, (TypeError, ValueError), r"X.*C-contiguous"),
    ({"parameters": zeros(3, 3)}, ValueError, r"parameters.*1 dim.*2"),
    ({"X": zeros(4)}, ValueError, r"X.*(2|two).*1"),
    ({"X": [[0.0] * 4] * N_ROWS}, TypeError, r"X"),
    ({"parameters": zeros(3)}, ValueError, r"parameters.* 3\b"),
    ({"rows": indices(0, N_ROWS)}, ValueError, rf"rows.*\b{N_ROWS}\b"),
    ({"rows": indices(-1)}, ValueError, r"rows.*-1"),
    ({"rows": np.zeros(2, dtype=np.int32)}, TypeError, r"rows.*int64"),
    ({"rows": np.zeros((2, 1), dtype=np.int64)}, ValueError, r"rows"),
]

WRONG_TARGETS = [
    ({"y": zeros(N_ROWS, 2)}, ValueError, r"y has 2 columns, the network expects 3"),
    ({"y": zeros(N_ROWS - 1, 3)}, ValueError, rf"y has {N_ROWS - 1} rows, X has {N_ROWS}"),
    ({"y": zeros(N_ROWS)}, ValueError, r"y"),
    ({"y": zeros(N_ROWS, 3, dtype=np.float32)}, TypeError, r"y.*float64"),
    ({"weights": zeros(N_ROWS - 1)}, ValueError, rf"weights.*{N_ROWS - 1}.*{N_ROWS}"),
    ({"weights": zeros(N_ROWS, dtype=np.float32)}, TypeError, r"weights.*float64"),
    ({"weights": zeros(N_ROWS, 1)}, ValueError, r"weights"),
    ({"spec": CLASSES, "y": zeros(N_ROWS, 3)}, TypeError, r"y.*int32"),
    ({"spec": CLASSES, "y": zeros(N_ROWS, dtype=np.int64)}, TypeError, r"y.*int32"),
    ({"spec": CLASSES, "y": zeros(3, dtype=np.int32)}, ValueError, rf"y has 3 .*{N_ROWS}"),
    (
        {"spec": CLASSES, "y": np.full(N_ROWS, 3, dtype=np.int32)},
        ValueError,
        r"class.* 3\b",
    ),
    (
        {"spec": CLASSES, "y": np.full(N_ROWS, -1, dtype=np.int32)},
        ValueError,
        r"class.*-1",
    ),
    (
        {"spec": QUANTILES, "y": zeros(N_ROWS, 3)},
        ValueError,
        r"y has 3 columns, the network expects 1",
    ),
]


@pytest.mark.parametrize(("changes", "error", "message"), WRONG_INPUTS)
@pytest.mark.parametrize("method", METHODS)
def test_measuring_refuses_wrong_inputs(method, changes, error, message):
    with pytest.raises(error, match=message):
        measured(method, **changes)


@pytest.mark.parametrize(("changes", "error", "message"), WRONG_TARGETS)
@pytest.mark.parametrize("method", MEASURING_LOSS)
def test_measuring_refuses_wrong_targets_and_weights(method, changes, error, message):
    with pytest.raises(error, match=message):
        measured(method, **changes)


@pytest.mark.parametrize(("changes", "error", "message"), WRONG_INPUTS + WRONG_TARGETS)
def test_training_refuses_wrong_arrays(changes, error, message):
    with pytest.raises(error, match=message):
        fed(**changes)


def test_the_same_calls_pass_when_nothing_is_wrong():
    for method in METHODS:
        assert measured(method) is not None
    assert fed().n_steps == 1


@pytest.mark.parametrize("layer", [-1, 3, 100])
@pytest.mark.parametrize("method", ["activations", "moments"])
def test_layers_that_do_not_exist_are_refused(method, layer):
    with pytest.raises(ValueError, match=rf"layer must be in 0 to 2, got {layer}"):
        measured(method, layer=layer)


@pytest.mark.parametrize("method", ["forward", "loss"])
@pytest.mark.parametrize("n_threads", [0, -1])
def test_less_than_one_thread_is_refused(method, n_threads):
    spec = two_hidden()
    network = network_of(spec)
    parameters, X, y, _ = problem(spec, N_ROWS)
    arguments = (parameters, X) if method == "forward" else (parameters, X, y)
    with pytest.raises(ValueError, match=rf"n_threads.*{n_threads}"):
        getattr(network, method)(*arguments, n_threads=n_threads)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (dense(LayerSpec(width=0)), r"width"),
        (dense(LayerSpec(width=-3)), r"width"),
        (dense(n_inputs=0), r"n_inputs"),
        (reference.NetworkSpec(n_inputs=4, layers=[]), r"layer"),
        (dense(LayerSpec(width=3, dropout=1.0)), r"dropout.*1"),
        (dense(LayerSpec(width=3, dropout=-0.1)), r"dropout.*-0.1"),
        (dense(LayerSpec(width=3, dropout=float("nan"))), r"dropout"),
        (dense(LayerSpec(width=3, skip_from=0)), r"skip_from"),
        (dense(LayerSpec(width=3, branch_drop=0.5)), r"branch_drop without a skip"),
        (dense(LayerSpec(width=3, branch_drop=1.0)), r"branch_drop must be in \[0, 1\), got 1"),
        (dense(LayerSpec(width=3, branch_drop=-0.5)), r"branch_drop.*-0.5"),
        (
            dense(LayerSpec(width=3, skip=Component("lane"))),
            r"unknown skip 'lane'; known: deepnorm, highway",
        ),
        (dense(LayerSpec(width=3, skip_from=-2)), r"skip_from"),
        (dense(LayerSpec(width=3), LayerSpec(width=4, skip_from=0)), r"skip_from|width"),
        (
            dense(LayerSpec(width=3, activation="relo")),
            r"unknown activation 'relo'; known: elu, gelu",
        ),
        (
            dense(loss=Component("quantile", {"quantile": [0.1, 0.9]}), n_outputs=3),
            r"quantile.*2.*3|quantile.*3.*2",
        ),
        (dense(loss=Component("huber", {"delta": [1.0, 2.0]})), r"huber: delta"),
        (dense(loss=Component("huber", {"delta": 0.0})), r"huber: delta.* 0"),
        (dense(loss=Component("quantile", {"quantile": 0.0})), r"quantile.* 0"),
        (dense(loss=Component("quantile", {"quantile": 1.0})), r"quantile.* 1"),
        (
            dense(loss=Component("quantile", {"quantile": [0.9, 0.5, 0.1]})),
            r"quantiles.*ascending",
        ),
        (dense(loss=Component("log_loss", {"label_smoothing": 1.0})), r"label_smoothing.* 1"),
        (dense(loss=Component("quantile", {"quantile": []})), r"quantile"),
    ],
)
def test_specs_that_make_no_network_are_refused(spec, message):
    with pytest.raises(ValueError, match=message):
        network_of(spec)


@pytest.mark.parametrize(
    "output",
    [
        LayerSpec(width=3, activation="relu"),
        LayerSpec(width=3, activation="identity", normalization=LAYER),
        LayerSpec(width=3, activation="identity", dropout=0.5),
        LayerSpec(width=3, activation="identity", skip_from=0),
    ],
)
def test_an_output_layer_that_is_not_plain_is_refused(output):
    spec = reference.NetworkSpec(n_inputs=4, layers=[LayerSpec(width=3), output])
    with pytest.raises(ValueError, match="output layer"):
        network_of(spec)


def test_an_unknown_dtype_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="float16.*float32.*float64"):
        _core.Network(spec_of(two_hidden()), "float16")


def test_an_unknown_simd_path_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown.*mmx.*portable"):
        _core.Network(spec_of(two_hidden()), "float64", "mmx")


@pytest.mark.parametrize("batch_size", [0, -5])
def test_a_batch_without_rows_is_refused(batch_size):
    with pytest.raises(ValueError, match=rf"batch_size.*{batch_size}"):
        trainer_of(two_hidden(), SGD, batch_size=batch_size)


@pytest.mark.parametrize("alpha", [-0.1, float("nan")])
def test_a_negative_penalty_is_refused(alpha):
    with pytest.raises(ValueError, match="alpha"):
        trainer_of(two_hidden(), SGD, alpha=alpha)


def test_negative_weights_are_refused():
    weights = np.ones(N_ROWS)
    weights[3] = -1.0
    with pytest.raises(ValueError, match=r"weights.*-1"):
        fed(weights=weights)
    with pytest.raises(ValueError, match=r"weights.*-1"):
        measured("loss", weights=weights)


@pytest.mark.parametrize("method", MEASURING_LOSS)
def test_the_loss_of_no_rows_or_no_weight_is_refused(method):
    with pytest.raises(ValueError, match="weight|rows"):
        measured(method, weights=np.zeros(N_ROWS))
    with pytest.raises(ValueError, match="weight|rows"):
        measured(method, rows=indices())


def test_training_on_no_rows_is_refused():
    with pytest.raises(ValueError, match="at least one row"):
        fed(rows=indices())
    with pytest.raises(ValueError, match="at least one row"):
        fed(X=zeros(0, 4), y=zeros(0, 3), weights=None)


def test_batch_norm_refuses_to_train_on_one_row():
    spec = two_hidden(normalization=BATCH)
    with pytest.raises(ValueError, match="batch norm"):
        fed(spec, rows=indices(3))


@pytest.mark.parametrize("call", ["load", "begin_epoch", "run"])
def test_a_trainer_without_data_or_epoch_says_what_is_missing(call):
    trainer = trainer_of(two_hidden(), SGD)
    arguments = {
        "load": [np.zeros(3)],
        "begin_epoch": [0],
        "run": [np.ones(1)],
    }
    with pytest.raises((ValueError, RuntimeError), match=r"set_data|begin_epoch|parameters"):
        getattr(trainer, call)(*arguments[call])


def test_store_refuses_an_array_it_cannot_fill():
    spec = two_hidden()
    trainer = trainer_of(spec, SGD)
    parameters, X, y, _ = problem(spec, N_ROWS)
    trainer.set_data(X, y)
    trainer.load(parameters)
    frozen = parameters.copy()
    frozen.flags.writeable = False
    for array, error in [
        (np.zeros(3), ValueError),
        (parameters.astype(np.float32), TypeError),
        (frozen, (ValueError, TypeError)),
    ]:
        with pytest.raises(error, match="parameters"):
            trainer.store(array)


@pytest.mark.parametrize(
    ("data", "columns", "indptr", "message"),
    [
        ([1.0, 2.0], [0, 4], [0, 1, 2], r"indices.*4|column.*4"),
        ([1.0, 2.0], [0, -1], [0, 1, 2], r"indices.*-1|column.*-1"),
        ([1.0, 2.0], [1, 0], [0, 2], r"row 0.*rise"),
        ([1.0, 2.0], [1, 1], [0, 2], r"row 0.*repeats"),
        ([1.0, 2.0], [0, 1], [0, 2, 1], r"indptr"),
        ([1.0, 2.0], [0, 1], [0, 1], r"indptr"),
        ([1.0, 2.0], [0, 1], [1, 2], r"indptr"),
        ([1.0, 2.0], [0], [0, 1], r"indices|data"),
        ([], [], [], r"indptr"),
    ],
)
def test_malformed_csr_is_refused(data, columns, indptr, message):
    with pytest.raises(ValueError, match=message):
        _core.SparseRows(
            np.array(data, dtype=np.float64),
            np.array(columns, dtype=np.int32),
            np.array(indptr, dtype=np.int64),
            4,
        )


def test_csr_of_the_wrong_width_or_dtype_is_refused():
    empty = np.zeros(0, dtype=np.int32), np.zeros(N_ROWS + 1, dtype=np.int64)
    with pytest.raises(ValueError, match="X has 5 columns, the network expects 4"):
        measured("forward", X=_core.SparseRows(np.zeros(0), *empty, 5))
    with pytest.raises(TypeError, match=r"X.*float64"):
        measured("forward", X=_core.SparseRows(np.zeros(0, np.float32), *empty, 4))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_survives_pickling(dtype):
    spec = residual(BATCH)
    network = network_of(spec, dtype, _core.simd_paths()[-1])
    parameters, X, _, _ = (array.astype(dtype) for array in problem(spec, N_ROWS))
    copy = pickle.loads(pickle.dumps(network))
    assert (copy.dtype, copy.simd, copy.n_parameters) == (
        network.dtype,
        network.simd,
        network.n_parameters,
    )
    np.testing.assert_array_equal(copy.predict(parameters, X), network.predict(parameters, X))


def test_a_network_with_every_kind_of_setting_survives_pickling():
    spec = dense(
        LayerSpec(width=6, normalization=Component("batch", {"momentum": 0.3}), dropout=0.2),
        LayerSpec(
            width=6,
            activation="identity",
            skip_from=0,
            skip=Component("deepnorm", {"alpha": 2.5}),
            branch_drop=0.3,
        ),
        loss=Component("quantile", {"quantile": [0.1, 0.5, 0.9]}),
        bias=False,
    )
    copy = pickle.loads(pickle.dumps(network_of(spec))).spec
    assert (copy.n_inputs, copy.bias, copy.loss.name) == (4, False, "quantile")
    assert copy.loss.settings["quantile"] == [0.1, 0.5, 0.9]
    first, second, _ = copy.layers
    assert (first.width, first.activation, first.dropout) == (6, "relu", 0.2)
    assert (first.normalization.name, dict(first.normalization.settings)) == (
        "batch",
        {"momentum": 0.3},
    )
    assert (second.activation, second.skip_from, second.branch_drop) == ("identity", 0, 0.3)
    assert (second.skip.name, dict(second.skip.settings)) == ("deepnorm", {"alpha": 2.5})


def test_specs_tell_what_they_were_made_of():
    component = component_of(Component("huber", {"delta": 2.0}))
    assert component.name == "huber" and dict(component.settings) == {"delta": 2.0}
    layer = _core.LayerSpec(width=7)
    assert (layer.width, layer.activation, layer.skip_from, layer.dropout) == (7, "relu", -1, 0.0)
    assert (layer.skip.name, layer.branch_drop) == ("residual", 0.0)
    assert layer.normalization.name == "none"
    with pytest.raises(AttributeError):
        layer.width = 8


def test_build_info_and_peak_describe_this_machine():
    info = _core.build_info()
    assert {"version", "compiler", "flags", "build_type"} <= info.keys()
    assert all(isinstance(value, str) for value in info.values())
    assert _core.max_threads() >= 1
    assert _core.simd_paths()[-1] == "portable"
    for dtype in ("float32", "float64"):
        for path in _core.simd_paths():
            assert _core.fma_peak(dtype, path) > 0.01
