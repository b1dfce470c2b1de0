"""scikit-learn's callbacks (1.9 and later) around fits of our estimators."""

import pickle

import numpy as np
import pandas
import pytest
import sklearn
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

import deepgen
from deepgen import MLPClassifier, MLPRegressor
from estimators.samples import curve, features, same_bits, weights

X = features()
Y = curve(X)
WITH_CALLBACKS = parse_version(sklearn.__version__) >= parse_version("1.9")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
needs_callbacks = pytest.mark.skipif(not WITH_CALLBACKS, reason="callbacks need scikit-learn 1.9")


class Recorder:
    """Writes down each task, and stops where it is told to."""

    def __init__(self, stop_at=None, fail_at=None, fitted=True):
        self.stop_at, self.fail_at = stop_at, fail_at
        self.begun, self.ended, self.models, self.setups = [], [], [], []

    def setup(self, estimator, context):
        self.setups.append("setup")

    def teardown(self, estimator, context):
        self.setups.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
        self.begun.append((context.task_name, context.task_id, context.max_subtasks))
        self.start = fitted_estimator

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.ended.append((context.task_name, context.task_id, context.max_subtasks))
        self.X, self.y, self.metadata = X, y, metadata
        self.models.append(fitted_estimator)
        if context.parent is not None and context.task_id == self.fail_at:
            raise RuntimeError("the callback failed")
        return context.parent is not None and context.task_id == self.stop_at


class Silent:
    """Looks at nothing."""

    def setup(self, estimator, context): ...
    def teardown(self, estimator, context): ...
    def on_fit_task_begin(self, estimator, context): ...
    def on_fit_task_end(self, estimator, context): ...


def model_of(solver="adam", **settings):
    settings = {"max_iter": 5, "random_state": 0, "n_iter_no_change": 100, **settings}
    return MLPRegressor(hidden_layer_sizes=(8,), solver=solver, **settings)


@pytest.mark.skipif(WITH_CALLBACKS, reason="these versions have callbacks")
def test_older_versions_have_no_callbacks():
    assert not hasattr(MLPRegressor(), "set_callbacks")
    assert not hasattr(MLPClassifier(), "set_callbacks")


@needs_callbacks
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_fit_is_a_task_and_so_is_each_epoch(solver):
    recorder = Recorder()
    model = model_of(solver).set_callbacks(recorder).fit(X, Y)
    epochs = [("iteration", number, 0) for number in range(5)]
    assert recorder.begun == [("fit", 0, 5), *epochs]
    assert recorder.ended == [*epochs, ("fit", 0, 5)]
    assert recorder.setups == ["setup", "teardown"]
    assert model.n_iter_ == 5
    assert not [name for name in vars(model) if "callback" in name and name != "_skl_callbacks"]


@needs_callbacks
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"early_stopping": True},
        {"solver": "lbfgs"},
        {"warm_start": True, "dtype": "float64"},
        {"normalization": "batch", "dropout": 0.2},
    ],
)
def test_callbacks_do_not_change_a_bit(settings):
    plain = model_of(**settings).fit(X, Y, weights())
    watched = model_of(**settings).set_callbacks(Recorder(), Silent()).fit(X, Y, weights())
    assert same_bits(plain, watched)
    assert plain.loss_curve_ == watched.loss_curve_


@needs_callbacks
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_estimator_of_an_epoch_is_fitted_up_to_there(solver):
    recorder = Recorder()
    model = model_of(solver).set_callbacks(recorder).fit(X, Y)
    for n_epochs, seen in enumerate(recorder.models[:-1], start=1):
        alone = model_of(solver, max_iter=n_epochs).fit(X, Y)
        assert np.array_equal(alone.predict(X), seen.predict(X))
        assert seen.loss_curve_ == alone.loss_curve_ and seen.n_iter_ == n_epochs
        assert seen.t_ == alone.t_
    assert np.array_equal(recorder.models[-1].predict(X), model.predict(X))
    pickle.loads(pickle.dumps(recorder.models[0])).predict(X)


@needs_callbacks
def test_an_epoch_begins_with_the_weights_of_the_one_before():
    starts = []

    class Starts(Silent):
        def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
            starts.append(fitted_estimator)

    recorder = Recorder()
    model_of().set_callbacks(Starts(), recorder).fit(X, Y)
    assert starts[0] is None
    for start, end in zip(starts[2:], recorder.models, strict=False):
        assert same_bits(start, end)
    assert np.isfinite(starts[1].predict(X)).all() and starts[1].n_iter_ == 0


@needs_callbacks
def test_callbacks_see_the_data_as_the_user_names_them():
    frame = pandas.DataFrame(X, columns=list("abcde"))
    labels = np.where(Y > 0, "up", "down")
    recorder = Recorder()
    model = MLPClassifier(max_iter=2).set_callbacks(recorder).fit(frame, labels, weights())
    assert recorder.X is frame
    assert set(recorder.y) == {"up", "down"}
    assert np.array_equal(recorder.metadata["sample_weight"], weights())
    assert set(model.predict(frame)) <= {"up", "down"}
    recorder = Recorder()
    own = X.astype(np.float32)
    model_of().set_callbacks(recorder).fit(own, Y)
    assert recorder.X is own and recorder.metadata is None


@needs_callbacks
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_callback_can_stop_training(solver, recwarn):
    model = model_of(solver, max_iter=50).set_callbacks(Recorder(stop_at=2)).fit(X, Y)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert same_bits(model, model_of(solver, max_iter=3).fit(X, Y))


@needs_callbacks
def test_a_stop_is_not_warned_about(recwarn):
    model_of(max_iter=50).set_callbacks(Recorder(stop_at=2)).fit(X, Y)
    model_of("lbfgs", max_iter=50).set_callbacks(Recorder(stop_at=2)).fit(X, Y)
    assert not recwarn.list


@needs_callbacks
def test_after_a_stop_early_stopping_keeps_its_best_weights():
    settings = dict(early_stopping=True, learning_rate_init=0.3, max_iter=50)
    model = model_of(**settings).set_callbacks(Recorder(stop_at=20)).fit(X, Y)
    assert model.n_iter_ == 21
    assert same_bits(model, model_of(**{**settings, "max_iter": 21}).fit(X, Y))
    assert model.best_validation_score_ == max(model.validation_scores_)


@needs_callbacks
def test_after_a_stop_training_goes_on_to_the_bit():
    model = model_of(warm_start=True, max_iter=6).set_callbacks(Recorder(stop_at=2)).fit(X, Y)
    model.set_callbacks().set_params(max_iter=3).fit(X, Y)
    assert same_bits(model, model_of(max_iter=6).fit(X, Y))


@needs_callbacks
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_callback_that_fails_leaves_the_estimator_as_it_was(solver):
    recorder = Recorder(fail_at=2)
    model = model_of(solver, warm_start=True).fit(X, Y)
    before, history, predicted = dict(vars(model)), model.history_, model.predict(X)
    with pytest.raises(RuntimeError, match="the callback failed"):
        model.set_callbacks(recorder).fit(X, Y)
    assert recorder.setups == ["setup", "teardown"]
    model.set_callbacks()
    assert vars(model) == before
    assert np.array_equal(model.predict(X), predicted)
    for name, column in model.history_.items():
        np.testing.assert_array_equal(column, history[name])
    twice = model_of(solver, warm_start=True).fit(X, Y).fit(X, Y)
    assert same_bits(model.fit(X, Y), twice)


@needs_callbacks
def test_a_fit_that_is_refused_ends_what_it_began():
    recorder = Recorder()
    model = model_of(target_scaling=None).set_callbacks(recorder)
    with pytest.raises(ValueError, match="non-finite"):
        model.fit(X, 1e30 * Y)
    assert recorder.setups == ["setup", "teardown"]
    assert set(vars(model)) == {*model.get_params(), "_skl_callbacks"}


@needs_callbacks
def test_each_task_ends_where_training_diverges_or_is_interrupted(monkeypatch):
    recorder = Recorder()
    settings = dict(hidden_layer_sizes=(), solver="sgd", momentum=0.0, learning_rate_init=3.0)
    model = MLPRegressor(**settings, max_iter=5000, batch_size=50, n_iter_no_change=np.inf)
    model.set_callbacks(recorder).fit(X, Y)
    assert sorted(recorder.begun) == sorted(recorder.ended)
    assert recorder.models[-2] is None and np.isfinite(recorder.models[-1].predict(X)).all()

    class Interrupting(Recorder):
        def on_fit_task_begin(self, estimator, context):
            self.begun.append((context.task_name, context.task_id, context.max_subtasks))
            if context.parent is not None and context.task_id == 3:
                raise KeyboardInterrupt

    recorder = Interrupting()
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = model_of().set_callbacks(recorder).fit(X, Y)
    assert model.n_iter_ == 3
    assert sorted(recorder.begun) == sorted(recorder.ended)


@needs_callbacks
def test_partial_fit_calls_no_callbacks():
    recorder = Recorder()
    model_of().set_callbacks(recorder).partial_fit(X, Y)
    assert recorder.begun == recorder.setups == []


@needs_callbacks
def test_nothing_is_made_for_callbacks_that_are_not_there(monkeypatch):
    from sklearn.callback import CallbackContext

    def refuse(*args, **kwargs):
        raise AssertionError("a context without callbacks")

    monkeypatch.setattr(CallbackContext, "_from_estimator", refuse)
    model_of().fit(X, Y)


@needs_callbacks
def test_nothing_is_copied_for_callbacks_that_do_not_ask(monkeypatch):
    from deepgen._training.state import TrainingState

    def refuse(self):
        raise AssertionError("a copy that nobody asked for")

    monkeypatch.setattr(TrainingState, "snapshot", refuse)
    model_of().set_callbacks(Silent()).fit(X, Y)


@needs_callbacks
def test_a_clone_keeps_its_callbacks():
    recorder = Recorder()
    clone(model_of().set_callbacks(recorder)).fit(X, Y)
    assert len(recorder.begun) == 6


@needs_callbacks
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_scores_are_monitored(solver):
    from sklearn.callback import ScoringMonitor

    frame = pandas.DataFrame(X, columns=list("abcde"))
    monitor = ScoringMonitor(scoring="r2")
    model = model_of(solver).set_callbacks(monitor).fit(frame, Y)
    rows = [row["r2"] for row in monitor.get_logs().data if row["task_name"] == "iteration"]
    assert len(rows) == 5 and rows[-1] == pytest.approx(model.score(frame, Y))
    assert rows[-1] > rows[0]


@needs_callbacks
@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
def test_scores_of_a_pipeline_in_a_grid_search_are_monitored(estimator):
    from sklearn.callback import ScoringMonitor

    y = Y if estimator is MLPRegressor else (Y > 0).astype(int)
    monitor = ScoringMonitor(scoring="r2" if estimator is MLPRegressor else "accuracy")
    model = estimator(hidden_layer_sizes=(4,), max_iter=3, random_state=0).set_callbacks(monitor)
    pipeline = make_pipeline(StandardScaler(), model)
    search = GridSearchCV(pipeline, {f"{estimator.__name__.lower()}__alpha": [0.1, 1.0]}, cv=2)
    search.fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "iteration"]
    # Two candidates on two folds, and the best once more on all data.
    assert len(rows) == 3 * (2 * 2 + 1)


@needs_callbacks
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_progress_bar_reaches_through_meta_estimators(n_jobs, capsys, monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "200")
    from sklearn.callback import ProgressBar

    pipeline = make_pipeline(StandardScaler(), model_of())
    search = GridSearchCV(pipeline, {"mlpregressor__alpha": [0.1, 1.0]}, cv=2, n_jobs=n_jobs)
    plain = GridSearchCV(pipeline, {"mlpregressor__alpha": [0.1, 1.0]}, cv=2).fit(X, Y)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, Y)
    shown = capsys.readouterr().out
    assert "GridSearchCV" in shown and "MLPRegressor" in shown and "100%" in shown
    assert same_bits(search.best_estimator_[-1], plain.best_estimator_[-1])


@needs_callbacks
def test_a_progress_bar_ends_full_where_training_stops_early(capsys):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    model_of(max_iter=100).set_callbacks(ProgressBar(), Recorder(stop_at=3)).fit(X, Y)
    assert "100%" in capsys.readouterr().out


@needs_callbacks
def test_pickles_and_clones_keep_callbacks_and_saved_files_have_none(tmp_path):
    from sklearn.callback import ProgressBar

    model = model_of(max_iter=1).set_callbacks(ProgressBar()).fit(X, Y)
    for copied in (pickle.loads(pickle.dumps(model)), clone(model)):
        assert [type(one) for one in copied._skl_callbacks] == [ProgressBar]
    model.save(tmp_path / "model")
    assert not hasattr(deepgen.load(tmp_path / "model"), "_skl_callbacks")
