"""The parity table: every name of scikit-learn's MLPs and what it is here.

python docs/make_parity.py          writes docs/parity.md

Names, defaults, positions, accepted values, signatures and types after a fit are read from the two
libraries. "same" and "wider" are what these readings say; "differs" is said here, in words, and is
the only thing that is. A reading that contradicts the words, or that no words explain, is an error.
"""

import inspect
import warnings
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn.neural_network
from numpydoc.docscrape import ClassDoc
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import StrOptions, make_constraint

import deepgen

TABLE = Path(__file__).parent / "parity.md"
CLASSES = ("MLPRegressor", "MLPClassifier")
# The first scikit-learn that has all the names of the table.
OLDEST = (1, 9)

# What is meant otherwise under the same name, and how.
TYPE = "float32 unless `dtype='float64'`"
BOTH = {
    "random_state": "the same role, other random streams: equal seeds give other numbers than in "
    "scikit-learn",
    "verbose": "a line an epoch begins as scikit-learn's does and goes on",
    "warm_start": "optimizer state, schedule, random streams and stopping counters continue too, "
    "so that two fits of 6 epochs equal one of 12",
    "coefs_": f"{TYPE}; views, so that writing into them changes the next prediction",
    "intercepts_": f"{TYPE}; views, and zeros where `bias=False`",
    "best_loss_": "as `loss_`",
    "loss_curve_": "as `loss_`",
}
DIFFERENCES = {
    "MLPRegressor": {
        **BOTH,
        "tol": "relative to the spread of y, since losses are in units of the scaled target; "
        "`target_scaling=None` is scikit-learn's meaning",
        "loss_": "in units of the scaled target, summed over outputs where scikit-learn takes the "
        "mean",
        "predict": "float64 whatever `dtype` is; scikit-learn follows the type of X",
    },
    "MLPClassifier": {
        **BOTH,
        "loss_": "for several labels a sample: summed over labels where scikit-learn takes the "
        "mean",
        "predict_proba": "float64 whatever `dtype` is; both tails keep their digits",
        "predict_log_proba": "float64 whatever `dtype` is; from the logits, so never -inf where "
        "the logit is finite",
    },
}


@dataclass(frozen=True)
class Row:
    """A name of scikit-learn's, its status here and the words to it."""

    name: str
    status: str
    words: str


def values_of(constraints):
    """Return the strings that a parameter takes, and its other constraints as text."""
    strings, others = set(), set()
    for constraint in map(make_constraint, constraints):
        if isinstance(constraint, StrOptions):
            strings |= constraint.options
        else:
            others.add(str(constraint))
    return strings, others


def in_words(constraint):
    """Return a constraint of scikit-learn's as the table puts it."""
    if constraint.startswith("an instance of 'deepgen."):
        module, kind = constraint.split("'")[1].rsplit(".", 1)
        return f"objects of `{module}` ({kind})"
    return {"an array-like": "a sequence"}.get(constraint, constraint)


def read_parameter(name, theirs, ours):
    """Return whether a parameter is "same" or "wider" by its readings, and what it takes more.

    Raises
    ------
    ValueError
        If the name is missing or has another default or position, or takes less.
    """
    here = list(inspect.signature(ours).parameters.values())
    there = list(inspect.signature(theirs).parameters.values())
    position = [parameter.name for parameter in there].index(name)
    parameter, original = {p.name: p for p in here}.get(name), there[position]
    if parameter is None:
        raise ValueError(f"{ours.__name__} has no parameter {name}")
    if parameter.default != original.default:
        raise ValueError(f"{name}: default {parameter.default!r}, not {original.default!r}")
    positional = original.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    if parameter.kind is not original.kind or (positional and here[position].name != name):
        raise ValueError(f"{name}: not where scikit-learn has it")
    strings, others = values_of(ours._parameter_constraints[name])
    wanted, originals = values_of(theirs._parameter_constraints[name])
    if lost := (wanted - strings) | (originals - others):
        raise ValueError(f"{name}: does not take {lost}")
    more = [f"`'{string}'`" for string in sorted(strings - wanted)]
    more += sorted(map(in_words, others - originals))
    return ("wider", "also " + ", ".join(more)) if more else ("same", "")


def read_method(name, theirs, ours):
    """Return whether a method is "same" or "wider" by its signature, and what it takes more.

    Raises
    ------
    ValueError
        If it is missing or does not take what scikit-learn's takes, at the same places.
    """
    if not hasattr(ours, name):
        raise ValueError(f"{ours.__name__} has no method {name}")
    there = inspect.signature(getattr(theirs, name)).parameters
    here = inspect.signature(getattr(ours, name)).parameters
    optional = []
    for original in there.values():
        parameter = here.get(original.name)
        if parameter is not None and original.default is original.empty != parameter.default:
            # What may be left out may still be given.
            optional.append(f"`{original.name}={parameter.default}`")
            parameter = parameter.replace(default=original.empty)
        if parameter is None or (parameter.kind, parameter.default) != (
            original.kind,
            original.default,
        ):
            raise ValueError(f"{name}: {parameter} where scikit-learn has {original}")
    positional = [p.name for p in there.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    if list(here)[: len(positional)] != positional:
        raise ValueError(f"{name}: arguments in another order")
    more = optional + [f"`{key}`" for key in here if key not in there]
    return ("wider", "also " + ", ".join(more)) if more else ("same", "")


def form_of(value):
    """Return the form of an attribute: what code that reads it relies on."""
    if isinstance(value, np.ndarray):
        return ("array", value.dtype.kind, value.shape)
    if isinstance(value, list):
        return ("list", *dict.fromkeys(map(form_of, value)))
    kinds = {"int": Integral, "float": Real, "str": str, "None": type(None)}
    return next(kind for kind, types in kinds.items() if isinstance(value, types))


def attributes_of(model):
    """Return the fitted attributes of a model by name."""
    names = [name for name in dir(model) if name.endswith("_") and not name.startswith("_")]
    return {name: getattr(model, name) for name in names}


def fitted_pairs(name):
    """Return both libraries' models after the same fits, a pair a setting."""
    regressor = name == "MLPRegressor"
    if regressor:
        X, y = make_regression(60, 3, n_targets=2, random_state=0)
    else:
        X, y = make_classification(60, 4, n_classes=3, n_clusters_per_class=1, random_state=0)
    X = pd.DataFrame(X, columns=[f"column {number}" for number in range(X.shape[1])])
    settings = ({}, {"early_stopping": True}, {"solver": "lbfgs"})
    libraries = (sklearn.neural_network, deepgen)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [
            [
                getattr(library, name)(max_iter=3, random_state=0, **setting).fit(X, y)
                for library in libraries
            ]
            for setting in settings
        ]


def read_attribute(name, pairs):
    """Return "same" if an attribute has the same form in each pair of fitted models.

    Raises
    ------
    ValueError
        If it is missing or has another form.
    """
    for theirs, ours in pairs:
        there, here = attributes_of(theirs), attributes_of(ours)
        if name not in there:
            continue
        if name not in here:
            raise ValueError(f"{type(ours).__name__} has no attribute {name} after {ours}")
        forms = form_of(here[name]), form_of(there[name])
        if forms[0] != forms[1]:
            raise ValueError(f"{name} is {forms[0]} after {ours}, scikit-learn has {forms[1]}")
    return "same", ""


def row(name, reading, class_name):
    """Return the row of a name: its reading, or the difference in words."""
    status, words = reading
    if difference := DIFFERENCES[class_name].get(name):
        return Row(name, "differs", "; ".join(filter(None, (difference, words))))
    return Row(name, status, words)


def public(thing):
    """Return the public names of a class."""
    return [name for name in dir(thing) if not name.startswith("_") and not name.endswith("_")]


def rows_of(class_name):
    """Return the rows of a class: its parameters, methods and fitted attributes."""
    theirs = getattr(sklearn.neural_network, class_name)
    ours = getattr(deepgen, class_name)
    pairs = fitted_pairs(class_name)
    attributes = sorted({name for original, _ in pairs for name in attributes_of(original)})
    return {
        "parameters": [
            row(name, read_parameter(name, theirs, ours), class_name)
            for name in inspect.signature(theirs).parameters
        ],
        "methods": [
            row(name, read_method(name, theirs, ours), class_name) for name in public(theirs)
        ],
        "fitted attributes": [
            row(name, read_attribute(name, pairs), class_name) for name in attributes
        ],
    }


def additions_of(class_name):
    """Return what only our class has: kind, name and the first sentence of its documentation."""
    theirs = getattr(sklearn.neural_network, class_name)
    ours = getattr(deepgen, class_name)
    documentation = ClassDoc(ours)
    told = {
        entry.name: " ".join(entry.desc).replace("``", "`").replace("|", "\\|")
        for section in ("Parameters", "Attributes")
        for entry in documentation[section]
    }
    pairs = fitted_pairs(class_name)
    known = {name for original, _ in pairs for name in attributes_of(original)}
    attributes = sorted({name for _, model in pairs for name in attributes_of(model)} - known)
    parameters = inspect.signature(theirs).parameters
    for name in inspect.signature(ours).parameters:
        if name not in parameters:
            yield "parameter", name, told[name]
    for name in public(ours):
        if not hasattr(theirs, name):
            yield "method", f"{name}()", inspect.getdoc(getattr(ours, name)).splitlines()[0]
    for name in attributes:
        yield "attribute", name, told[name]


def table():
    """Return the page.

    Raises
    ------
    ValueError
        If a name is missing here, or a reading contradicts the words to it.
    """
    rows = {name: rows_of(name) for name in CLASSES}
    everything = [row for kinds in rows.values() for kind in kinds.values() for row in kind]
    for class_name, kinds in rows.items():
        names = {row.name for kind in kinds.values() for row in kind}
        if unknown := set(DIFFERENCES[class_name]) - names:
            raise ValueError(f"scikit-learn's {class_name} has no {unknown}, which would differ")
    counts = {
        status: sum(row.status == status for row in everything)
        for status in ("same", "wider", "differs")
    }
    lines = [
        "# Parity with scikit-learn",
        "",
        "Written by `python docs/make_parity.py` from the two libraries; a test compares.",
        f"scikit-learn {OLDEST[0]}.{OLDEST[1]}: of {len(everything)} names "
        + ", ".join(f"{count} are *{status}*" for status, count in counts.items())
        + ", none is missing.",
        "",
        "- *same*: equal default, position and values, equal signature, equal form after a fit.",
        "- *wider*: all of that, and more.",
        "- *differs*: another meaning ([what differs and why](guide/differences.md)).",
    ]
    for class_name, kinds in rows.items():
        for kind, found in kinds.items():
            lines += ["", f"## {class_name}: {kind}", "", "| name | status | |", "|---|---|---|"]
            lines += [f"| `{row.name}` | {row.status} | {row.words} |" for row in found]
    lines += ["", "## What is added"]
    for class_name in CLASSES:
        lines += ["", f"### {class_name}", "", "| | name | |", "|---|---|---|"]
        lines += [
            f"| {kind} | `{name}` | {words} |" for kind, name, words in additions_of(class_name)
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLE.write_text(table())
