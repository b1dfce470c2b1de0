"""Estimators on Dask: collections in, lazy collections out, clear errors."""

import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from shards.rows import (
    SETTINGS,
    SEVERAL,
    THREE,
    WEIGHTS,
    N,
    X,
    Y,
    fitted_on,
    regressor,
    weights_of,
)
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import deepgen
from deepgen import MLPClassifier, MLPRegressor
from deepgen._optional import MissingExtra
from deepgen.dask import DaskMLPClassifier, DaskMLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FRAME = pd.DataFrame(X, columns=list("abcde"), index=np.arange(N) * 3)
FRAME["y"], FRAME["class"], FRAME["weight"] = Y, THREE, WEIGHTS
FEATURES = list("abcde")


def test_parameters_are_those_of_the_plain_estimator_and_four_more():
    for ours, plain in ((DaskMLPRegressor, MLPRegressor), (DaskMLPClassifier, MLPClassifier)):
        own = inspect.signature(ours).parameters
        assert list(own) == [
            *inspect.signature(plain).parameters,
            *("client", "n_shards", "local_steps", "outer"),
        ]
        assert {p.default for p in own.values()} >= {"auto", None}
        model = ours(alpha=0.5, n_shards=3)
        assert model.get_params()["alpha"] == 0.5
        assert clone(model).n_shards == 3
        assert model.set_params(outer="mean", dropout=0.1).dropout == 0.1
        with pytest.raises(TypeError, match="alhpa"):
            ours(alhpa=1)
        with pytest.raises(NotFittedError):
            model.predict(X)
        with pytest.raises(NotFittedError):
            model.to_local()


def test_without_dask_the_message_says_what_to_install(monkeypatch):
    def missing(module, *_):
        raise ModuleNotFoundError(f"No module named {module!r}", name="dask")

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(MissingExtra, match=r"needs dask: pip install 'deepgen\[dask\]'"):
        DaskMLPRegressor().fit(X, Y)


@pytest.fixture(scope="module")
def client():
    """A cluster of threads in this process."""
    distributed = pytest.importorskip(
        "distributed", reason="dask is in the extra 'dask'; the gate's stage 'dask' installs it"
    )
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
    ) as cluster:
        with distributed.Client(cluster) as made:
            yield made


def array(values, n=4):
    import dask.array as da

    return da.from_array(values, chunks=(-(-N // n), *values.shape[1:]))


def frame(n=4):
    import dask.dataframe as dd

    return dd.from_pandas(FRAME, npartitions=n, sort=False)


def chunks_of(n=4):
    return np.split(np.arange(N), np.arange(-(-N // n), N, -(-N // n)))


def on_dask(kind=DaskMLPRegressor, **settings):
    return kind(**{**SETTINGS, **settings})


def test_arrays_in_and_lazy_arrays_out(client):
    model = on_dask(client=client).fit(array(X), array(Y), array(WEIGHTS))
    serial, _ = fitted_on(chunks_of(), regressor(), weights=WEIGHTS)
    local = model.to_local()
    assert type(local) is MLPRegressor
    np.testing.assert_array_equal(weights_of(local), weights_of(serial))
    predictions = model.predict(array(X))
    assert (predictions.shape, predictions.dtype) == ((N,), np.float64)
    np.testing.assert_array_equal(predictions.compute(), local.predict(X))
    # Neither the chunks of rows nor those of columns matter, and memory is predicted at once.
    np.testing.assert_array_equal(
        model.predict(array(X).rechunk((50, 2))).compute(), local.predict(X)
    )
    np.testing.assert_array_equal(model.predict(X), local.predict(X))
    assert model.score(array(X), array(Y)) == pytest.approx(local.score(X, Y), rel=1e-12)
    assert model.n_features_in_ == 5
    assert model.n_iter_ == 4
    assert model.loss_ == local.loss_
    # The model is in one task of the graph, not in each.
    sizes = [len(pickle.dumps(task)) for task in dict(predictions.__dask_graph__()).values()]
    assert sum(size > 10_000 for size in sizes) <= 1 + predictions.npartitions


def test_frames_in_and_lazy_frames_out(client):
    table = frame()
    model = on_dask(client=client).fit(table[FEATURES], table["y"], table["weight"])
    local = model.to_local()
    assert local.feature_names_in_.tolist() == FEATURES
    got = model.predict(table[FEATURES])
    assert got.npartitions == table.npartitions
    pd.testing.assert_series_equal(
        got.compute(), pd.Series(local.predict(FRAME[FEATURES]), FRAME.index, name="prediction")
    )
    # A frame of one column is a column.
    again = on_dask(client=client).fit(table[FEATURES], table[["y"]], table["weight"])
    np.testing.assert_array_equal(weights_of(again.to_local()), weights_of(local))
    assert model.score(table[FEATURES], table[["y"]]) == model.score(table[FEATURES], table["y"])
    # A filter leaves empty partitions behind, in training and in prediction.
    some = table[table["a"] > 10]
    assert len(model.predict(some[FEATURES]).compute()) == 0


def test_labels_and_probabilities(client):
    table = frame()
    model = on_dask(DaskMLPClassifier, client=client).fit(table[FEATURES], table["class"])
    local = model.to_local()
    assert type(local) is MLPClassifier
    assert model.classes_.tolist() == ["high", "low", "middle"]
    rows = FRAME[FEATURES]
    assert model.predict(table[FEATURES]).compute().tolist() == local.predict(rows).tolist()
    for name in ("predict_proba", "predict_log_proba"):
        got = getattr(model, name)(table[FEATURES]).compute()
        assert list(got.columns) == ["high", "low", "middle"]
        np.testing.assert_array_equal(got.to_numpy(), getattr(local, name)(rows))
        assert got.index.equals(FRAME.index)
    assert model.score(table[FEATURES], table["class"]) == local.score(rows, THREE)
    # Arrays of numbers, and of several labels per sample.
    numbers = on_dask(DaskMLPClassifier, client=client).fit(array(X), array((Y > 40).astype(int)))
    assert numbers.predict(array(X)).compute().dtype == np.int64
    assert numbers.predict_proba(array(X)).shape == (N, 2)
    several = on_dask(DaskMLPClassifier, client=client).fit(array(X), array(SEVERAL))
    np.testing.assert_array_equal(
        several.predict(array(X)).compute(), several.to_local().predict(X)
    )


def test_several_outputs(client):
    both = np.column_stack([Y, -Y])
    model = on_dask(client=client).fit(array(X), array(both))
    got = model.predict(array(X))
    assert got.shape == (N, 2)
    np.testing.assert_array_equal(got.compute(), model.to_local().predict(X))
    levels = on_dask(client=client, loss=deepgen.losses.Quantile([0.1, 0.5, 0.9]))
    assert levels.fit(array(X), array(Y)).predict(frame()[FEATURES].to_dask_array()).shape[1] == 3


def test_neighbouring_partitions_make_a_shard(client):
    model = on_dask(client=client, n_shards=3).fit(array(X, 10), array(Y, 7))
    chunks = chunks_of(10)
    parts = [
        np.concatenate([chunks[part] for part in group])
        for group in np.array_split(np.arange(10), 3)
    ]
    serial, _ = fitted_on(parts, regressor())
    assert model.n_shards_ == 3
    np.testing.assert_array_equal(weights_of(model.to_local()), weights_of(serial))


def test_validation_and_checkpoints(client, tmp_path):
    settings = dict(early_stopping=True, max_iter=40, n_iter_no_change=2, learning_rate_init=0.03)
    model = on_dask(client=client, **settings)
    model.fit(array(X), array(Y), X_val=array(X[:80], 2), y_val=Y[:80], checkpoint=tmp_path / "c")
    serial, _ = fitted_on(chunks_of(), regressor(**settings), held_out=(X[:80], Y[:80], None))
    np.testing.assert_array_equal(weights_of(model.to_local()), weights_of(serial))
    assert "val_score" in model.history_
    assert model.n_iter_ < 40
    again = on_dask(client=client, **settings)
    again.fit(array(X), array(Y), X_val=X[:80], y_val=Y[:80], checkpoint=tmp_path / "c")
    np.testing.assert_array_equal(weights_of(again.to_local()), weights_of(serial))
    model.to_local().save(tmp_path / "model.dgn")
    np.testing.assert_array_equal(deepgen.load(tmp_path / "model.dgn").predict(X), model.predict(X))


def test_a_pickle_leaves_the_connection_behind(client):
    model = on_dask(client=client).fit(array(X), array(Y))
    again = pickle.loads(pickle.dumps(model))
    assert again.client is None
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert clone(model).client is client


def test_ctrl_c_keeps_the_last_round(client, monkeypatch):
    from deepgen.dask.executor import DaskExecutor

    calls = iter(range(1000))
    advance, waits = DaskExecutor.advance, DaskExecutor._wait

    def pressed(self, futures):
        if self.rounds == 5:
            raise KeyboardInterrupt
        waits(self, futures)

    def counted(self, work, shares, state, steps):
        self.rounds = steps.number
        next(calls)
        return advance(self, work, shares, state, steps)

    DaskExecutor.rounds = 0
    monkeypatch.setattr(DaskExecutor, "_wait", pressed)
    monkeypatch.setattr(DaskExecutor, "advance", counted)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = on_dask(client=client, local_steps=2).fit(array(X), array(Y))
    monkeypatch.undo()
    del DaskExecutor.rounds
    assert next(calls) == 5
    assert np.isfinite(model.predict(X)).all()
    # Two epochs of five steps take three rounds each; the fifth is not whole.
    assert model.n_iter_ == 1


def test_what_is_no_collection_is_refused(client):
    model = on_dask(client=client)
    for given, name, kind in (
        ((X, array(Y)), "X", "ndarray"),
        ((array(X), Y), "y", "ndarray"),
        ((array(X), array(Y), WEIGHTS), "sample_weight", "ndarray"),
        ((FRAME, array(Y)), "X", "DataFrame"),
    ):
        message = f"{name} must be an array or a frame of Dask, got {kind}"
        with pytest.raises(TypeError, match=message):
            model.fit(*given)


def test_collections_that_do_not_fit_are_refused(client):
    model = on_dask(client=client)
    with pytest.raises(ValueError, match="X has 403 rows and y has 402"):
        model.fit(array(X), array(Y[:-1]))
    with pytest.raises(ValueError, match="X has 4 partitions and y has 3"):
        model.fit(frame(4)[FEATURES], frame(3)["y"])
    with pytest.raises(ValueError, match="n_shards=9, and only 4 of the 4 partitions"):
        on_dask(client=client, n_shards=9).fit(array(X), array(Y))
    with pytest.raises(ValueError, match="no rows of positive weight"):
        model.fit(array(X), array(Y), array(0 * WEIGHTS))
    gaps = X.copy()
    gaps[250, 2] = np.nan
    with pytest.raises(ValueError, match="partition 2: Input X contains NaN"):
        model.fit(array(gaps), array(Y))
    with pytest.raises(ValueError, match="partition 0: X has text in column 'class'"):
        model.fit(frame()[["a", "class"]], frame()["y"])
    with pytest.raises(ValueError, match="partition 0: X, y have 101 and 99 rows"):
        short = frame()["y"].map_partitions(lambda y: y.iloc[:99], meta=FRAME["y"].iloc[:0])
        model.fit(frame()[FEATURES], short)
    with pytest.raises((TypeError, ValueError), match="partition 0"):
        model.fit(array(X).map_blocks(sparse.csr_matrix), array(Y))
    assert "_local" not in vars(model)


@pytest.mark.parametrize("n_shards", [None, 1])
def test_partitions_with_other_columns_are_refused(client, n_shards):
    dd = pytest.importorskip("dask.dataframe")
    pieces = [FRAME[FEATURES][:200], FRAME[FEATURES[::-1]][200:]]
    mixed = dd.from_map(lambda place: pieces[place], [0, 1])
    y = dd.from_map(lambda place: (Y[:200], Y[200:])[place], [0, 1], meta=FRAME["y"].iloc[:0])
    kind = "shard" if n_shards is None else "part"
    with pytest.raises(ValueError, match=f"{kind} 0 and {kind} 1 are not alike: names of features"):
        on_dask(client=client, n_shards=n_shards).fit(mixed, y)


def test_errors_of_the_input_come_back(client):
    """Dask follows the causes of an error to their end; that of a wrong shape was its own."""
    model = on_dask(client=client, max_iter=1)
    with pytest.raises(ValueError, match="partition 0: Expected 2D array, got 1D array"):
        model.fit(array(X)[:, 0], array(Y))
    model.fit(frame()[FEATURES], frame()["y"])
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame()[FEATURES[::-1]]).compute()
    model.fit(array(X), array(Y))
    with pytest.raises(ValueError, match="X has 4 features, but MLPRegressor is expecting 5"):
        model.predict(array(X)[:, :4]).compute()
    with pytest.raises(ValueError, match="X must have rows and columns, got 1 dimension"):
        model.predict(array(X)[0])


def test_scores_are_those_of_the_plain_estimator(client):
    for model, y in (
        (on_dask(client=client, loss="quantile"), Y),
        (on_dask(client=client), Y),
        (DaskMLPClassifier(**SETTINGS, client=client), THREE),
    ):
        model.fit(array(X), array(y))
        plain = model.to_local()
        assert model.score(array(X), array(y)) == plain.score(X, y)
        kept = array(X)[:, 0] > 0
        # As many rows as there are: nobody knows before.
        few = model.score(array(X)[kept], array(y)[kept])
        assert few == plain.score(X[X[:, 0] > 0], y[X[:, 0] > 0])


def test_parameters_that_do_not_fit_are_refused(client):
    for settings, message in (
        (dict(solver="lbfgs"), "solver='lbfgs' is not supported on shards"),
        (dict(early_stopping=True), "early_stopping=True without X_val and y_val"),
        (dict(n_shards=0), "'n_shards' parameter of DaskMLPRegressor"),
        (dict(outer="adam"), "'outer' parameter of DaskMLPRegressor"),
        (dict(local_steps="some"), "'local_steps' parameter of DaskMLPRegressor"),
        (dict(alpha=-1), "'alpha' parameter of MLPRegressor"),
    ):
        with pytest.raises(ValueError, match=message):
            on_dask(client=client, **settings).fit(array(X), array(Y))


def test_sorted_partitions_are_told(client):
    order = np.argsort(Y)
    with pytest.warns(UserWarning, match="The rows are sorted"):
        on_dask(client=client).fit(array(X[order]), array(Y[order]))


def test_without_a_cluster_or_workers_fit_says_so(client, monkeypatch):
    import dask
    import distributed

    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as empty,
        distributed.Client(empty, set_as_default=False) as alone,
    ):
        monkeypatch.setattr("deepgen.dask.executor.PATIENCE", 0.2)
        with pytest.raises(TimeoutError, match="has no worker, and none joined within 0.2 s"):
            on_dask(client=alone).fit(array(X), array(Y))

    with pytest.raises(ValueError, match="client must be connected .* this one is closed"):
        on_dask(client=alone).fit(array(X), array(Y))
    for given in ("tcp://127.0.0.1:8786", client.cluster):
        with pytest.raises(TypeError, match="client must be a dask.distributed.Client, got a "):
            on_dask(client=given).fit(array(X), array(Y))
    with pytest.raises(TypeError, match="X must be an array or a frame of Dask, got Delayed"):
        on_dask(client=client).fit(dask.delayed(X), array(Y))

    def none():
        raise ValueError("No global client found and no address provided")

    monkeypatch.setattr(distributed, "get_client", none)
    with pytest.raises(ValueError, match="there is no Dask client: make one"):
        on_dask().fit(array(X), array(Y))


def test_workers_that_all_leave_end_the_wait(monkeypatch):
    distributed = pytest.importorskip("distributed", reason="dask is in the extra 'dask'")
    from deepgen.dask.executor import DaskExecutor

    monkeypatch.setattr("deepgen.dask.executor.PATIENCE", 0.5)
    monkeypatch.setattr("deepgen.dask.executor.LOOK", 0.1)
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster,
        distributed.Client(cluster, set_as_default=False) as alone,
    ):
        executor = DaskExecutor(alone, [], None)
        with pytest.raises(RuntimeError, match="has had no worker for 0.5 s"):
            executor._wait([alone.submit(len, "abc")])


def test_searches_on_the_cluster_have_sequential_scores(client):
    """Plain estimators are searched by joblib's backend for Dask, without anything of ours."""
    import joblib
    from sklearn.model_selection import GridSearchCV

    search = GridSearchCV(regressor(), {"alpha": [1e-4, 1.0], "dropout": [0.0, 0.3]}, cv=3)
    here = clone(search).fit(X, Y)
    with joblib.parallel_backend("dask", client=client):
        there = clone(search).fit(X, Y)
    for name in ("mean_test_score", "std_test_score"):
        assert here.cv_results_[name].tolist() == there.cv_results_[name].tolist()
    np.testing.assert_array_equal(
        weights_of(here.best_estimator_), weights_of(there.best_estimator_)
    )
