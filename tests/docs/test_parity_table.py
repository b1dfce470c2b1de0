"""The parity table: it says what the two libraries are now, and its readings can fail."""

import importlib.util
import inspect

import pytest
import sklearn
import sklearn.neural_network
from conftest import ROOT

import deepgen

spec = importlib.util.spec_from_file_location("make_parity", ROOT / "docs" / "make_parity.py")
make_parity = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_parity)

INSTALLED = tuple(map(int, sklearn.__version__.split(".")[:2]))


def test_the_table_is_what_the_two_libraries_are():
    if INSTALLED < make_parity.OLDEST:
        pytest.skip(f"scikit-learn {sklearn.__version__} has not all names of the table")
    written = make_parity.TABLE.read_text()
    assert make_parity.table() == written, "run `python docs/make_parity.py`"


@pytest.mark.parametrize("class_name", make_parity.CLASSES)
def test_each_difference_is_told_in_the_guide(class_name):
    guide = (ROOT / "docs" / "guide" / "differences.md").read_text()
    names = make_parity.DIFFERENCES[class_name]
    assert [name for name in names if f"`{name}" not in guide] == []


def changed(name, change):
    """Return our classifier's class with one parameter changed."""

    class Changed(deepgen.MLPClassifier):
        pass

    signature = inspect.signature(deepgen.MLPClassifier)
    parameters = [change(p) if p.name == name else p for p in signature.parameters.values()]
    Changed.__signature__ = signature.replace(parameters=[p for p in parameters if p is not None])
    return Changed


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("alpha", lambda parameter: parameter.replace(default=0.1), "default 0.1"),
        ("alpha", lambda parameter: None, "has no parameter alpha"),
        (
            "activation",
            lambda parameter: parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY),
            "not where scikit-learn has it",
        ),
    ],
)
def test_a_changed_parameter_is_noticed(name, change, complaint):
    original = sklearn.neural_network.MLPClassifier
    with pytest.raises(ValueError, match=complaint):
        make_parity.read_parameter(name, original, changed(name, change))


def test_a_value_that_is_no_longer_taken_is_noticed():
    class Narrower(deepgen.MLPClassifier):
        _parameter_constraints = {
            **deepgen.MLPClassifier._parameter_constraints,
            "shuffle": ["array-like"],
        }

    with pytest.raises(ValueError, match="does not take"):
        make_parity.read_parameter("shuffle", sklearn.neural_network.MLPClassifier, Narrower)


def test_a_changed_method_is_noticed():
    class Changed(deepgen.MLPClassifier):
        def predict(self, samples):
            """Take another name."""

    original = sklearn.neural_network.MLPClassifier
    with pytest.raises(ValueError, match="scikit-learn has X"):
        make_parity.read_method("predict", original, Changed)
    with pytest.raises(ValueError, match="has no method predict_proba"):
        make_parity.read_method("predict_proba", original, deepgen.MLPRegressor)


def test_a_changed_attribute_is_noticed():
    class Changed(deepgen.MLPClassifier):
        @property
        def n_layers_(self):
            return float(super().n_layers_)

    theirs, ours = (
        library.MLPClassifier(solver="sgd", max_iter=200, tol=1.0).fit(
            [[0.0], [1.0]] * 5, [0, 1] * 5
        )
        for library in (sklearn.neural_network, deepgen)
    )
    ours.__class__ = Changed
    assert make_parity.read_attribute("t_", [(theirs, ours)]) == ("same", "")
    with pytest.raises(ValueError, match="n_layers_ is float"):
        make_parity.read_attribute("n_layers_", [(theirs, ours)])
