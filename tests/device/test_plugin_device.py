"""What goes to a plugin: a network in the geometry of AVX-512, data, steps, weights and state."""

import numpy as np
import pytest
from engine.building import component_of, network_of, rows_of_csr, spec_of
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from deepgen import MLPRegressor, _core
from device.fakes import Record, recording_plugin
from reference import Component, LayerSpec, NetworkSpec
from reference.random import child, order, stream

N_ROWS, N_INPUTS = 50, 20
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N_ROWS, N_INPUTS)).astype(np.float32)
Y = RNG.standard_normal((N_ROWS, 2)).astype(np.float32)
CONSTANTS = 8  # of a rule
WEIGHTS, STATE = 0, 1


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return str(recording_plugin(tmp_path_factory.mktemp("recorder")))


@pytest.fixture
def recorder(path):
    return _core.Plugin(path)


@pytest.fixture
def record(monkeypatch, tmp_path):
    monkeypatch.setenv("RECORD", str(tmp_path / "record"))
    return Record(tmp_path / "record")


def spec(*hidden, n_outputs=2, **facts):
    return NetworkSpec(N_INPUTS, [*hidden, LayerSpec(n_outputs, "identity")], **facts)


def trainer(network, device, optimizer="adam", settings=None, **given):
    settings = {"batch_size": 16, "seed": 7, **given}
    return _core.Trainer(network, optimizer=_core.Component(optimizer), device=device, **settings)


def padded(n, to=16):
    return -(-n // to) * to


def panels(matrix):
    """A matrix packed: padded to whole lines of 16, in panels of 64 columns, row by row."""
    rows, columns = matrix.shape
    whole = np.zeros((rows, padded(columns)), matrix.dtype)
    whole[:, :columns] = matrix
    return np.concatenate([whole[:, j : j + 64].ravel() for j in range(0, whole.shape[1], 64)])


def packed(network, flat):
    """The weights of a plain network as the device has them."""
    blocks = {
        block.name: flat[block.offset : block.offset + block.rows * block.columns].reshape(
            block.rows, block.columns
        )
        for block in network.layout
    }
    pieces = []
    for layer in range(sum(name.startswith("coefs") for name in blocks)):
        coefs = blocks[f"coefs_{layer}"]
        lines = np.zeros((padded(coefs.shape[0]), coefs.shape[1]), flat.dtype)
        lines[: coefs.shape[0]] = coefs
        narrow = layer > 0 and coefs.shape[1] <= 4
        pieces.append(panels(coefs.T) if narrow else panels(lines))
        for vector in ("intercepts", "slope"):
            if (name := f"{vector}_{layer}") in blocks:
                pieces.append(panels(blocks[name]))
    return np.concatenate(pieces)


def tasks_of(layers):
    """The tasks of phase 2: of each layer from the last its vectors, then its matrix in pieces."""
    tasks = []
    for number, layer in reversed(list(enumerate(layers))):
        inputs, width = padded(layer["n_inputs"]), padded(layer["width"])
        vectors = (layer["intercepts"], layer["n_vectors"])
        tasks.append([2, number, 0, 0, 0, width, *vectors])
        if layer["narrow"]:
            step, outputs = 64 * (8 if layer["width"] == 1 else 1), layer["width"]
            for column in range(0, inputs, step):
                n = min(step, inputs - column)
                place = (layer["coefs"] + column * outputs, outputs * n)
                tasks.append([1, number, 0, outputs, column, n, *place])
            continue
        for column in range(0, width, 64):
            for row in range(0, inputs, 64):
                n_rows, n = min(64, inputs - row), min(64, width - column)
                place = (layer["coefs"] + column * inputs + row * n, n_rows * n)
                tasks.append([0, number, row, n_rows, column, n, *place])
    return tasks


@pytest.mark.parametrize("simd", _core.simd_paths())
def test_network_and_weights_have_the_geometry_of_avx512(recorder, record, simd):
    hidden = LayerSpec(150, "tanh", dropout=0.2), LayerSpec(70, "parametric_relu")
    for n_outputs in (1, 2, 5):
        network = network_of(spec(*hidden, n_outputs=n_outputs), "float32", simd)
        training = trainer(network, recorder)
        made = record.calls("create")[-1]
        assert made["tasks"] == tasks_of(made["layers"])
        assert made["stretches"] == [[made["n_weights"], 0]]
        flat = RNG.standard_normal(network.n_parameters).astype(np.float32)
        training.load(flat)
        sent = record.calls("write")[-1]
        assert sent["array"] == WEIGHTS
        np.testing.assert_array_equal(np.float32(sent["numbers"]), packed(network, flat))
        back = np.empty_like(flat)
        training.store(back)
        np.testing.assert_array_equal(back, flat)
    first, second, last = made["layers"]
    assert (first["n_inputs"], first["width"], first["dropout"]) == (N_INPUTS, 150, 0.2)
    assert (first["from_output"], first["keeps_value"], first["transposes"]) == (1, 1, 0)
    assert (second["has_slope"], second["masked"], second["transposes"]) == (1, 0, 1)
    assert (last["identity"], last["narrow"], last["skip_from"]) == (1, 0, -1)
    assert made["loss_constants"] == []
    assert (made["n_targets"], made["n_state_arrays"], made["n_factors"]) == (5, 2, 1)


def test_members_go_by_their_numbers(recorder, record):
    names = _core.catalog()
    for rule in ("sgd", "adadelta"):
        for loss in (Component("huber", {"delta": 2.0}), Component("quantile")):
            trainer(network_of(spec(loss=loss), "float32"), recorder, rule)
            made = record.calls("create")[-1]
            assert sorted(names["losses"])[made["loss"]] == loss.name
            assert ["adadelta", "adagrad", "adam", "centered_rmsprop", "rmsprop", "sgd"][
                made["rule"]
            ] == rule
            assert made["loss_constants"][0] == (2.0 if loss.name == "huber" else 0.5)


def test_classes_and_weights_are_sent_as_they_are(recorder, record):
    network = network_of(spec(n_outputs=3, loss=Component("log_loss")), "float32")
    training = trainer(network, recorder)
    classes = np.arange(N_ROWS, dtype=np.int32) % 3
    weights = RNG.random(N_ROWS).astype(np.float32)
    training.set_data(X, classes, weights, np.arange(40, dtype=np.int64))
    [sent] = record.calls("set_data")
    assert record.calls("create")[0]["takes_classes"] == 1
    assert (sent["n_rows"], sent["largest_batch"], sent["values"]) == (N_ROWS, 16, [])
    np.testing.assert_array_equal(np.float32(sent["X"]), X.ravel())
    np.testing.assert_array_equal(sent["classes"], classes)
    np.testing.assert_array_equal(np.float32(sent["weights"]), weights)


def test_steps_have_their_rows_rates_and_keys(recorder, record):
    network = network_of(spec(LayerSpec(8, dropout=0.1)), "float32")
    weights = np.ones(N_ROWS, np.float32)
    weights[order(7, 3, N_ROWS)[16:32]] = 0.0  # the second batch makes no step
    training = trainer(
        network, recorder, alpha=0.5, rate_factors={"intercepts": 2.0}, batch_size=16
    )
    training.set_data(X, Y, weights)
    training.load(np.zeros(network.n_parameters, np.float32))
    training.begin_epoch(3)
    rates, drop, decay = np.array([1e-3, 2e-3]), np.array([0.2, 0.3]), np.array([0.0, 0.25])
    progress = training.run(rates, dropout=drop, weight_decay=decay)
    [sent], [slice_] = record.calls("set_order"), record.calls("run")
    np.testing.assert_array_equal(sent["order"], order(7, 3, N_ROWS))
    assert slice_["dropout_key"] == child(stream(7, "dropout"), 3)
    assert slice_["branch_key"] == child(stream(7, "branches"), 3)
    first, second = slice_["steps"]
    assert (first["begin"], first["end"], first["weight_sum"]) == (0, 16, 16.0)
    assert (second["begin"], second["end"], second["weight_sum"]) == (32, 48, 16.0)
    assert first["penalty"] == 0.5 / 16
    assert (first["dropout"], second["dropout"]) == (0.2, 0.3)
    assert first["decays"] == [0.0, 0.0]
    assert second["decays"] == [2e-3 * 0.25, 2 * 2e-3 * 0.25]
    for step, rate, count in ((first, 1e-3, 1), (second, 2e-3, 2)):
        for number, factor in enumerate((1.0, 2.0)):
            constants = step["constants"][number * CONSTANTS : (number + 1) * CONSTANTS]
            expected = [0.9, 0.1, 0.999, 0.001, 1e-8]
            expected += [rate * factor * np.sqrt(1 - 0.999**count) / (1 - 0.9**count), 1.0, 0.0]
            np.testing.assert_allclose(constants, expected, rtol=1e-12)
    # The recorder reports losses 1 and 2, and 4 and 2 for the squares.
    assert (progress.n_steps, progress.n_rows, progress.gradient_norm) == (2, 32, 4.0)
    assert progress.loss == 16 * (1 + 0.5 * 0.5 / 16 * 2) + 16 * (2 + 0.5 * 0.5 / 16 * 2)
    assert not progress.epoch_done
    stretches = record.calls("create")[0]["stretches"]
    layers = record.calls("create")[0]["layers"]
    ends = [end for layer in layers for end in (layer["intercepts"], layer["intercepts"] + 16)]
    assert stretches == [[end, number % 2] for number, end in enumerate(ends)]


def test_a_step_without_a_finite_loss_is_the_last(recorder, record, monkeypatch):
    network = network_of(spec(), "float32")
    training = trainer(network, recorder)
    training.set_data(X, Y)
    training.load(np.zeros(network.n_parameters, np.float32))
    training.begin_epoch(0)
    monkeypatch.setenv("DIVERGES_AT", "2")
    progress = training.run(np.full(4, 1e-3))
    assert (progress.n_steps, progress.finite, training.position) == (2, False, 32)
    assert training.state()["n_steps"] == 2


def test_what_the_plugin_reports_is_raised(recorder, record, monkeypatch):
    network = network_of(spec(), "float32")
    training = trainer(network, recorder)
    training.set_data(X, Y)
    training.begin_epoch(0)
    monkeypatch.setenv("FAILS", "1")
    with pytest.raises(_core.DeviceError) as caught:
        training.run(np.full(4, 1e-3))
    assert caught.value.args == ("failed", "the recorder was told to")
    del training
    assert len(record.calls("destroy")) == 1


@pytest.mark.parametrize("rule", ["sgd", "adam", "adagrad", "centered_rmsprop"])
def test_state_goes_out_and_comes_back(recorder, record, rule):
    network = network_of(spec(LayerSpec(70)), "float32")
    here, there = trainer(network, None, rule), trainer(network, recorder, rule)
    first = [call["array"] for call in record.calls("write")]
    assert there.state_layout() == here.state_layout()
    assert first == [STATE + number for number in range(len(here.state_layout()) - 1)]
    for name, numbers in here.state().items():
        np.testing.assert_array_equal(there.state()[name], numbers)
    own = {
        name: RNG.random(shape).astype(np.float32) for name, shape in here.state_layout().items()
    }
    own["n_steps"] = np.array([5])
    there.set_state(own)
    for name, numbers in there.state().items():
        np.testing.assert_array_equal(numbers, own[name])
    np.testing.assert_array_equal(
        np.float32(record.calls("write")[-1]["numbers"]),
        packed(network, own[list(own)[-2]]),
    )


HIDDEN = LayerSpec(8)
REFUSED = {
    "dtype 'float64'": (spec(HIDDEN), "float64", {}),
    "reparametrization 'weight_norm'": (
        spec(LayerSpec(8, reparametrization=Component("weight_norm"))),
        "float32",
        {},
    ),
    "skip 'highway'": (
        spec(HIDDEN, LayerSpec(8, skip_from=0, skip=Component("highway"))),
        "float32",
        {},
    ),
    "input_scale": (spec(HIDDEN, input_scale=True), "float32", {}),
    "optimizer 'kfac'": (spec(HIDDEN), "float32", {"optimizer": "kfac"}),
    "wrapper 'gsam'": (spec(HIDDEN), "float32", {"wrappers": ["gsam"]}),
    "augmentation 'jitter'": (spec(HIDDEN), "float32", {"augmentation": "jitter"}),
    "mixup": (spec(HIDDEN), "float32", {"mixup": 0.2}),
    "pretext tasks": (spec(HIDDEN), "float32", {"pretext": "reconstruction"}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_device_does_is_refused_before_anything_is_sent(recorder, record, what):
    given, dtype, settings = REFUSED[what]
    network = _core.Network(spec_of(given), dtype)
    for name in ("augmentation", "pretext"):
        if name in settings:
            settings = {**settings, name: component_of(Component(settings[name]))}
    if "wrappers" in settings:
        settings = {"wrappers": [_core.Component(name) for name in settings["wrappers"]]}
    with pytest.raises(ValueError, match=f"device='cuda' does not support {what}.*device='cpu'"):
        trainer(network, recorder, **settings)
    assert not record.path.exists()


def test_sparse_rows_are_refused_and_leave_the_data(recorder, record):
    network = network_of(spec(HIDDEN), "float32")
    training = trainer(network, recorder)
    training.set_data(X, Y)
    with pytest.raises(ValueError, match="does not support sparse X"):
        training.set_data(rows_of_csr(sparse.csr_matrix(X), "float32"), Y)
    training.begin_epoch(0)
    assert training.steps_per_epoch == 4
    assert len(record.calls("set_data")) == 1


def test_outputs_come_from_the_device_and_what_follows_from_the_host(recorder, record):
    given = spec(HIDDEN, n_outputs=3, loss=Component("log_loss"))
    here = network_of(given, "float32")
    there = _core.Network(spec_of(given), "float32", device=recorder)
    parameters = RNG.standard_normal(here.n_parameters).astype(np.float32)
    rows = np.arange(3, 40, 2)
    outputs = there.forward(parameters, X, rows=rows)
    [call] = record.calls("outputs")
    np.testing.assert_array_equal(np.float32(call["X"]), X[rows].ravel())
    np.testing.assert_array_equal(outputs, X[rows][:, :1] + np.arange(3, dtype=np.float32))
    sent = record.calls("write")[-1]
    assert sent["array"] == WEIGHTS
    np.testing.assert_array_equal(np.float32(sent["numbers"]), packed(here, parameters))
    assert record.calls("create")[0]["n_state_arrays"] == 0
    exponentials = np.exp(np.float64(outputs))
    means = there.predict(parameters, X, rows=rows)
    np.testing.assert_allclose(means, exponentials / exponentials.sum(1, keepdims=True), rtol=1e-6)
    assert len(record.calls("create")) == 1


@pytest.mark.parametrize("loss", ["squared_error", "log_loss", "quantile"])
def test_loss_and_predictions_of_outputs_have_the_bits_of_the_host(recorder, record, loss):
    """The host's network gives the recorder's outputs: the first feature, and 1 more."""
    given = NetworkSpec(N_INPUTS, [LayerSpec(2, "identity")], Component(loss))
    here = network_of(given, "float32")
    there = _core.Network(spec_of(given), "float32", device=recorder)
    parameters = np.zeros(here.n_parameters, np.float32)
    parameters[:2], parameters[-1] = 1.0, 1.0
    many = RNG.standard_normal((2500, N_INPUTS)).astype(np.float32)
    y = RNG.standard_normal((2500, 2)).astype(np.float32)
    if here.takes_classes:
        y = (y[:, 0] > 0).astype(np.int32)
    weights, rows = RNG.random(2500).astype(np.float32), RNG.permutation(2500)[:2221]
    np.testing.assert_array_equal(
        here.forward(parameters, many, rows=rows), there.forward(parameters, many, rows=rows)
    )
    losses = [n.loss(parameters, many, y, weights, rows=rows) for n in (here, there)]
    assert losses[0] == losses[1]
    n_targets = 1 if here.takes_classes else 2
    units = RNG.random(n_targets), RNG.random(n_targets)
    if not here.takes_classes:
        ours, theirs = (
            n.predict_in_units(parameters, many, *units, rows=rows) for n in (here, there)
        )
        np.testing.assert_array_equal(ours[0], theirs[0])
        assert ours[1] == theirs[1] == 0


def test_an_estimator_trains_on_the_device(path, record, monkeypatch):
    monkeypatch.setenv("DEEPGEN_CUDA_PLUGIN", path)
    settings = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0, "warm_start": True}
    with pytest.warns(ConvergenceWarning):
        model = MLPRegressor(device="cuda", batch_size=25, early_stopping=True, **settings)
        model.fit(X, Y)
    assert len(record.calls("set_order")) == 3
    assert len(record.calls("outputs")) >= 3  # of the validation rows
    steps = [step for call in record.calls("run") for step in call["steps"]]
    assert len(steps) == 3 * 2
    # The recorder moves no weights.
    [start, *_] = [call for call in record.calls("write") if call["array"] == WEIGHTS]
    np.testing.assert_array_equal(
        np.float32(start["numbers"]), packed(model.network_.core, model.network_.parameters)
    )
    assert model.predict(X).shape == Y.shape
    assert record.calls("outputs")[-1]["n_rows"] == N_ROWS
