"""A fitted model as one file of C99."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from deepgen._engine.version import VERSION
from deepgen._export.c_network import dtype_name, helpers, network
from deepgen._export.c_table import encoder_function, row_struct
from deepgen._export.c_text import CArrays, quoted
from deepgen._export.described import Described, describe
from deepgen._export.parts import parts_of

__all__ = ["to_c"]


def to_c(model: Any, name: str = "model") -> str:
    """Write a fitted model as one file of C99.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier, TabularRegressor, TabularClassifier or TableModel
        Fitted model.
    name : str, default="model"
        Prefix of the functions that the file offers.

    Returns
    -------
    source : str
        The file. It needs the standard library only, allocates nothing, has no state that changes,
        and is compiled by ``cc -std=c99 -c``; programs link with ``-lm``. Its first lines say which
        functions it has.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    TypeError
        If it is of another kind.
    ValueError
        If something in it cannot be exported, with what to do, or the name is no identifier.

    See Also
    --------
    to_onnx : The same as an ONNX model.

    Notes
    -----
    Weights have the type of the network, and all sums are computed in double. Norms are folded into
    the weights. A row that ``predict`` refuses, since a number in it is infinite or a feature of an
    MLP is NaN, gives NaN for predictions and probabilities, and the first class. The memory of a
    call is the sum of the layers' widths, on the stack.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.export import to_c
    >>> model = MLPRegressor().partial_fit([[0.0], [1.0]], [0.0, 1.0])
    >>> "void model_predict(const double *x, double *y)" in to_c(model)
    True
    """
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][0-9A-Za-z_]*", name):
        raise ValueError(f"name must be an identifier of C, such as 'model', got {name!r}")
    encoder, mlp = parts_of(model)
    described = describe(mlp)
    arrays = CArrays(single=described.dtype == np.float32)
    struct = [] if encoder is None else [row_struct(encoder, name)]
    functions = helpers(described.members, described.link)
    functions += [
        network(arrays, member, number, described.n_features)
        for number, member in enumerate(described.members)
    ]
    if encoder is not None:
        functions.append(encoder_function(arrays, encoder, name))
    functions.append("\n".join(_features(described, encoder, name)))
    if described.classes is None:
        functions.append("\n".join(_regressor(arrays, described, encoder, name)))
    else:
        functions.append("\n".join(_classifier(described, encoder, name)))
    head = [
        *_remarks(described, encoder, name, type(mlp).__name__),
        "#include <math.h>",
        "#include <stddef.h>",
        *(["#include <string.h>"] if encoder is not None else []),
        "",
        f"typedef {dtype_name(described.dtype)} real;",
        "",
    ]
    return "\n".join([*head, *struct, *arrays.lines, "", *functions])


def _argument(encoder: Any, name: str) -> str:
    return "const double *x" if encoder is None else f"const {name}_row *row"


def _remarks(model: Described, encoder: Any, name: str, kind: str) -> Iterator[str]:
    """Yield the comment that the file begins with."""
    given = _argument(encoder, name)
    yield f"/* {kind} of deepgen {VERSION}. Compile with -std=c99, link with -lm."
    yield " *"
    if model.classes is None:
        yield f" * void {name}_predict({given}, double *y);"
        yield f" *     writes {_counted(model.n_outputs, 'prediction')}"
    else:
        n_classes = len(model.classes)
        yield f" * void {name}_probabilities({given}, double *p);"
        probabilities = "1 probability" if n_classes == 1 else f"{n_classes} probabilities"
        yield f" *     writes {probabilities}, in the order of {name}_classes"
        if model.multilabel:
            yield f" * void {name}_predict({given}, int *labels);"
            yield f" *     writes 1 for each of {n_classes} labels that is more probable than not"
        else:
            yield f" * int {name}_predict({given});"
            yield f" *     returns the place of the most probable class in {name}_classes"
    if encoder is None:
        yield f" * x holds {_counted(model.n_features, 'feature')}."
    else:
        yield f" * {name}_row holds the columns of a row: truth values are 0 and 1,"
        yield " * dates are seconds since 1970."
    refused = "a feature is NaN or infinite" if encoder is None else "a number is infinite"
    yield f" * If {refused}, {_of_refused(model)}."
    yield " */"


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _of_refused(model: Described) -> str:
    """Return what the functions give for a row that `predict` refuses."""
    if model.classes is None:
        return "all predictions are NaN"
    labels = "all labels are 0" if model.multilabel else "the place is 0"
    return f"all probabilities are NaN, and {labels}"


def _features(model: Described, encoder: Any, name: str) -> Iterator[str]:
    """Yield the function that writes the features in the network's type."""
    yield f"static void read_features({_argument(encoder, name)}, double *features) {{"
    if encoder is None:
        yield f"    for (int i = 0; i < {model.n_features}; i++)"
        yield "        features[i] = isfinite((real)x[i]) ? (double)(real)x[i] : NAN;"
    else:
        yield "    encode(row, features);"
    yield "}"
    yield ""


def _begin(model: Described, encoder: Any) -> Iterator[str]:
    yield f"    double features[{model.n_features}], z[{model.n_outputs}];"
    yield f"    read_features({'x' if encoder is None else 'row'}, features);"


def _regressor(arrays: CArrays, model: Described, encoder: Any, name: str) -> Iterator[str]:
    n, lines = model.n_outputs, []
    for number, member in enumerate(model.members):
        mean = arrays.add_doubles(f"net{number}_mean", member.mean)
        scale = arrays.add_doubles(f"net{number}_scale", member.scale)
        lines += [f"    net{number}(features, z);", *_link(model.link, n)]
        value = f"z[j] * {scale}[j] + {mean}[j]"
        if member.lowest is not None:
            low = arrays.add_doubles(f"net{number}_lowest", member.lowest)
            high = arrays.add_doubles(f"net{number}_highest", member.highest)
            value = f"clip({value}, {low}[j], {high}[j])"
        lines += [f"    for (int j = 0; j < {n}; j++)", f"        y[j] += {value};"]
    yield f"void {name}_predict({_argument(encoder, name)}, double *y) {{"
    yield from _begin(model, encoder)
    yield f"    for (int j = 0; j < {n}; j++)\n        y[j] = 0.0;"
    yield from lines
    if len(model.members) > 1:
        yield f"    for (int j = 0; j < {n}; j++)\n        y[j] /= {len(model.members)}.0;"
    yield "}\n"


def _classifier(model: Described, encoder: Any, name: str) -> Iterator[str]:
    assert model.classes is not None
    n, n_classes, n_members = model.n_outputs, len(model.classes), len(model.members)
    argument = _argument(encoder, name)
    labels = ", ".join(quoted(str(label), "a class") for label in model.classes.tolist())
    yield f"const char *const {name}_classes[{n_classes}] = {{{labels}}};\n"
    # What decides: the outputs of one network, which do not round to 0 or 1, else mean p - 1/2.
    yield f"static void decide({argument}, double *p, double *outputs) {{"
    yield from _begin(model, encoder)
    yield f"    for (int j = 0; j < {n}; j++)\n        p[j] = 0.0;"
    for number in range(n_members):
        yield f"    net{number}(features, z);"
        if n_members == 1:
            yield f"    for (int j = 0; j < {n}; j++)\n        outputs[j] = z[j];"
        yield from _link(model.link, n)
        yield f"    for (int j = 0; j < {n}; j++)\n        p[j] += z[j] / {n_members}.0;"
    if n_members > 1:
        yield f"    for (int j = 0; j < {n}; j++)\n        outputs[j] = p[j] - 0.5;"
    yield "}\n"
    given = "x" if encoder is None else "row"
    yield f"void {name}_probabilities({argument}, double *p) {{"
    yield f"    double outputs[{n}], means[{n}];"
    yield f"    decide({given}, means, outputs);"
    if n == n_classes:
        yield f"    for (int j = 0; j < {n}; j++)\n        p[j] = means[j];"
    else:
        yield "    p[0] = 1.0 - means[0];\n    p[1] = means[0];"
    yield "}\n"
    into = ", int *labels" if model.multilabel else ""
    yield f"{'void' if into else 'int'} {name}_predict({argument}{into}) {{"
    yield f"    double outputs[{n}], means[{n}];"
    yield f"    decide({given}, means, outputs);"
    if model.multilabel:
        yield f"    for (int j = 0; j < {n}; j++)\n        labels[j] = outputs[j] > 0.0;"
    elif n == 1:
        yield f"    return {'outputs[0] > 0.0' if n_classes == 2 else '0'};"
    else:
        yield "    int best = 0;"
        yield f"    for (int j = 1; j < {n}; j++)"
        yield "        if (outputs[j] > outputs[best])\n            best = j;"
        yield "    return best;"
    yield "}\n"


def _link(link: str, n: int) -> Iterator[str]:
    """Yield the lines of an inverse link, in place."""
    if link == "softmax":
        yield "    {"
        yield "        double largest = z[0], total = 0.0;"
        yield f"        for (int j = 1; j < {n}; j++)\n            largest = fmax(largest, z[j]);"
        yield f"        for (int j = 0; j < {n}; j++)"
        yield "            total += z[j] = exp(z[j] - largest);"
        yield f"        for (int j = 0; j < {n}; j++)\n            z[j] /= total;"
        yield "    }"
    elif link == "quantiles":
        yield f"    for (int j = 1; j < {n}; j++)\n        z[j] = z[j - 1] + softplus(z[j]);"
    elif link != "identity":
        function = {"exp": "exp", "logistic": "logistic"}[link]
        yield f"    for (int j = 0; j < {n}; j++)\n        z[j] = {function}(z[j]);"
