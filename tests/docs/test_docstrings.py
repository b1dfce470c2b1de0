"""Docstrings: numpydoc's checks on all that is public, and what users are told besides."""

import importlib
import inspect
import pkgutil
from types import FunctionType

import numpy as np
import pytest
from numpydoc.docscrape import FunctionDoc
from numpydoc.validate import ERROR_MSGS, validate
from sklearn.exceptions import NotFittedError

import deepgen
from deepgen import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

# numpydoc's checks that do not hold everywhere, and why.
LEFT_OUT = {
    "GL01",  # the summary stands in the first line, right after the quotes
    "ES01",  # a summary that says all needs no second one
    "RT02",  # results have names, as parameters do
    "SA01",  # only what has a neighbour names it
    "EX01",  # only what users call shows an example
}
ESTIMATORS = (MLPClassifier, MLPRegressor)
# What users import, besides the estimators.
USERS = (
    "activations",
    "augmentation",
    "averaging",
    "datasets",
    "initializers",
    "losses",
    "normalizations",
)
USERS += ("optimizers", "schedules", "skips")


def public_modules():
    yield "deepgen"
    for module in pkgutil.walk_packages(deepgen.__path__, "deepgen."):
        if not any(part.startswith("_") for part in module.name.split(".")):
            yield module.name


def members(thing):
    """Names of a class's own public methods and properties."""
    for name, value in vars(thing).items():
        is_property = isinstance(value, property)
        if not name.startswith("_") and (is_property or callable(getattr(thing, name, value))):
            yield name


def overridden(thing, name):
    """The documented member of a base that a class's own member takes the place of."""
    for base in thing.__mro__[1:]:
        member = vars(base).get(name)
        if base.__module__.startswith("deepgen") and member is not None and member.__doc__:
            return member
    return None


def overrides():
    """Each member that overrides one of a base, of every class of the package."""
    for module in pkgutil.walk_packages(deepgen.__path__, "deepgen."):
        # Importing __main__ would run it.
        if module.name == "deepgen.__main__":
            continue
        for thing in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(thing) and thing.__module__ == module.name:
                for name in members(thing):
                    # scikit-learn makes methods that are none of ours, such as set_fit_request.
                    is_ours = isinstance(vars(thing)[name], (property, FunctionType, classmethod))
                    if is_ours and overridden(thing, name) is not None:
                        yield thing, name


def public_names():
    """Names of all public classes and functions of the package, methods and properties."""
    for module_name in public_modules():
        module = importlib.import_module(module_name)
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != module_name:
                continue
            if inspect.isclass(thing):
                yield f"{module_name}.{name}"
                for member in members(thing):
                    # An override inherits, or says in a sentence what it does differently.
                    if overridden(thing, member) is None:
                        yield f"{module_name}.{name}.{member}"
            elif inspect.isfunction(thing):
                yield f"{module_name}.{name}"


PUBLIC_NAMES = sorted(set(public_names()))


def users_names():
    """Names of what users import and of the methods they call."""
    for name in ("deepgen", *(f"deepgen.{module}" for module in USERS)):
        module = importlib.import_module(name)
        for member in module.__all__:
            if callable(getattr(module, member)):
                yield f"{name}.{member}"


def own_methods(estimator):
    """Names of an estimator's public methods that are documented here."""
    for name in dir(estimator):
        method = getattr(estimator, name)
        if not name.startswith("_") and callable(method):
            if method.__module__.startswith("deepgen"):
                yield name


METHODS = [
    (estimator, name)
    for estimator in (*ESTIMATORS, TabularClassifier, TabularRegressor)
    for name in own_methods(estimator)
]


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_docstring_is_complete(name):
    is_property = isinstance(pkgutil.resolve_name(name), property)
    # A property is named after what it returns.
    left_out = LEFT_OUT | ({"RT01", "RT03", "SS05"} if is_property else set())
    complaints = [text for code, text in validate(name)["errors"] if code not in left_out]
    assert not complaints


@pytest.mark.parametrize(("thing", "name"), list(overrides()))
def test_an_override_does_not_repeat_what_it_inherits(thing, name):
    base, own = overridden(thing, name).__doc__, vars(thing)[name].__doc__
    assert own is None or own.partition("\n")[0] != base.partition("\n")[0]


def test_no_check_is_left_out_in_vain():
    assert set(ERROR_MSGS) >= LEFT_OUT
    found = {code for name in PUBLIC_NAMES for code, _ in validate(name)["errors"]}
    assert found >= LEFT_OUT - {"GL01"}


@pytest.mark.parametrize(
    "name",
    sorted({name for name in PUBLIC_NAMES if inspect.isclass(pkgutil.resolve_name(name))})
    + sorted(users_names()),
)
def test_what_users_import_and_every_class_shows_an_example(name):
    assert ">>> " in inspect.getdoc(pkgutil.resolve_name(name))


# The demonstration takes most of a minute; the gate runs it by its command.
@pytest.mark.parametrize("name", sorted(set(PUBLIC_NAMES) - {"deepgen.cli.demo_report.run_demo"}))
def test_no_example_is_left_unexecuted(name):
    assert "doctest: +SKIP" not in (inspect.getdoc(pkgutil.resolve_name(name)) or "")


@pytest.mark.parametrize(("estimator", "name"), METHODS)
def test_methods_of_the_estimators_show_an_example_and_tell_their_errors(estimator, name):
    doc = FunctionDoc(getattr(estimator, name))
    assert any(">>> " in line for line in doc["Examples"])
    assert doc["Raises"]
    assert doc["See Also"]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_what_is_raised_without_a_fit_and_for_bad_data_is_told(estimator):
    labels = [0, 1] * 5
    fitted = estimator(max_iter=200, tol=1.0).fit(np.arange(10.0).reshape(-1, 1), labels)
    n_told = 0
    for name in own_methods(estimator):
        told = {entry.type for entry in FunctionDoc(getattr(estimator, name))["Raises"]}
        if "X" not in inspect.signature(getattr(estimator, name)).parameters:
            continue
        n_told += 1
        arguments = [[0]] if "y" in inspect.signature(getattr(estimator, name)).parameters else []
        with pytest.raises(ValueError):
            getattr(fitted, name)([[np.nan]], *arguments)
        assert "ValueError" in told, name
        if not name.endswith("fit"):
            with pytest.raises(NotFittedError):
                getattr(estimator(), name)([[0.0]], *arguments)
            assert "NotFittedError" in told, name
    assert n_told >= 4


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_class_documents_every_parameter_and_fitted_attribute(estimator):
    from numpydoc.docscrape import ClassDoc

    doc = ClassDoc(estimator)
    parameters = [entry.name for entry in doc["Parameters"]]
    assert parameters == list(inspect.signature(estimator).parameters)
    fitted = estimator(max_iter=200, tol=1.0).fit(np.arange(10.0).reshape(-1, 1), [0, 1] * 5)
    names = {name for name in dir(fitted) if name.endswith("_") and not name.startswith("_")}
    documented = {entry.name for entry in doc["Attributes"]}
    # Columns without names leave no trace, and here is no line of networks.
    assert documented - names == {"feature_names_in_", "subspace_"}
    assert names <= documented


@pytest.mark.parametrize("module_name", sorted(public_modules()))
def test_modules_say_what_they_are(module_name):
    assert importlib.import_module(module_name).__doc__
