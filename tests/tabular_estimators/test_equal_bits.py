"""Equal bits: pipelines, threads, files, pickles."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

import deepgen
from deepgen import TabularClassifier, TabularRegressor
from deepgen.losses import Quantile

from .frames import TINY, frame, labels, numbers

TABLE = frame()
CASES = [
    (TabularRegressor(network=TINY, random_state=3), numbers(TABLE)),
    (TabularRegressor(network=TINY, loss=Quantile([0.2, 0.8]), random_state=3), numbers(TABLE)),
    (TabularClassifier(network=TINY, n_members=2, preset="fast"), labels(TABLE)),
    (TabularClassifier(network=TINY, early_stopping=False), TABLE["new"]),
]


def answers(model):
    says = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    return np.asarray(says(TABLE)).tolist()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("model", "y"), CASES)
def test_the_pipeline_with_the_planned_settings_gives_the_same_bits(model, y):
    model = clone(model).fit(TABLE, y)
    pipeline = model.to_pipeline()
    assert not hasattr(pipeline[0], "columns_")
    assert answers(pipeline.fit(TABLE, y)) == answers(model)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_pipeline_takes_weights():
    weights = np.linspace(0, 2, len(TABLE))
    model = TabularRegressor(network=TINY).fit(TABLE, numbers(TABLE), weights)
    pipeline = model.to_pipeline().fit(TABLE, numbers(TABLE), mlpregressor__sample_weight=weights)
    assert answers(pipeline) == answers(model)


@pytest.mark.parametrize("n_jobs", [1, 3])
@pytest.mark.parametrize(("model", "y"), CASES[::2])
def test_threads_do_not_change_a_bit(model, y, n_jobs):
    model = clone(model).set_params(random_state=1, n_members=3)
    expected = clone(model).set_params(n_jobs=2).fit(TABLE, y)
    assert answers(model.set_params(n_jobs=n_jobs).fit(TABLE, y)) == answers(expected)


@pytest.mark.parametrize(("model", "y"), CASES)
def test_files_and_pickles_keep_all_bits(model, y, tmp_path):
    model = clone(model).fit(TABLE, y)
    model.save(tmp_path / "model.dgn")
    for again in (deepgen.load(tmp_path / "model.dgn"), pickle.loads(pickle.dumps(model))):
        assert type(again) is type(model)
        assert answers(again) == answers(model)
        assert again.summary_ == model.summary_
        assert repr(again) == repr(model)
        assert again.feature_names_in_.tolist() == model.feature_names_in_.tolist()
        assert answers(again.members_[0]) == answers(model.members_[0])
        assert (
            again.attributions(TABLE).mean().tolist() == (model.attributions(TABLE).mean().tolist())
            if len(np.shape(answers(model))) == 1
            else True
        )
        assert again.to_pipeline()[-1].get_params().keys() == (
            model.to_pipeline()[-1].get_params().keys()
        )


def test_a_callable_is_left_out_of_the_file_with_a_warning(tmp_path):
    def score(model, X, y):
        return model.score(X, y)

    model = TabularRegressor(network=TINY, scoring=score).fit(TABLE, numbers(TABLE))
    with pytest.warns(UserWarning, match="scoring is left out"):
        model.save(tmp_path / "model.dgn")
    assert deepgen.load(tmp_path / "model.dgn").scoring is None


def test_a_subclass_is_not_saved(tmp_path):
    class Own(TabularRegressor):
        pass

    model = Own(network=TINY).fit(TABLE, numbers(TABLE))
    with pytest.raises(TypeError, match="Own"):
        model.save(tmp_path / "model.dgn")


def test_a_seed_that_was_drawn_is_kept():
    model = TabularRegressor(network=TINY, random_state=np.random.RandomState(5))
    first, second = (model.fit(TABLE, numbers(TABLE)).plan_.network["random_state"] for _ in "12")
    assert first != second
