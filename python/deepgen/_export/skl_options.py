"""The options of skl2onnx: which classifiers have, how they reach them, and what they ask for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import wraps
from typing import Any

from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from deepgen._optional import load_extra

__all__ = ["OPTIONS", "keep_from_members", "wants_raw_scores"]

OPTIONS = {"raw_scores": [True, False], "zipmap": [True, False]}
"""Options of classifiers. Meta-estimators ask for raw scores of those that declare the option only.

skl2onnx itself sets ``zipmap`` for the last step of a pipeline, so that both values are taken.
"""


def keep_from_members(kinds: tuple[type, ...]) -> None:
    """Let skl2onnx look for models that options belong to in others, but not in these kinds.

    It walks the attributes of each model, and ``members_`` of a single network leads back to it.
    """
    names = load_extra("skl2onnx.common.utils_sklearn", "onnx", "exporting pipelines to ONNX")
    walk = names.enumerate_model_names
    if hasattr(walk, "__wrapped__"):
        return

    @wraps(walk)
    def walk_around(model: Any, prefix: Any = "", short: bool = True) -> Iterator[tuple[Any, Any]]:
        if isinstance(model, kinds):
            yield prefix, model
        else:
            yield from walk(model, prefix, short)

    names.enumerate_model_names = walk_around


def wants_raw_scores(model: Any, scope: Any, container: Any) -> bool:
    """Return whether a classifier shall give the values of ``decision_function``.

    skl2onnx says so by an option, but pipelines and searches do not pass it on. So we also look at
    those that predict by the classifier. What skl2onnx cannot convert rightly is refused.
    """
    wanted = bool(container.get_options(model, {"raw_scores": False})["raw_scores"])
    outer = [each.raw_operator for each in scope.operators.values()]
    for each in outer:
        if isinstance(each, CalibratedClassifierCV):
            wanted |= any(own.estimator is model for own in each.calibrated_classifiers_)
        elif isinstance(each, StackingClassifier):
            wanted |= _stacked(each, model)
        if each is not model and _decider(each) is model:
            wanted |= wants_raw_scores(each, scope, container)
    return wanted


def _decider(model: Any) -> Any:
    """Return the estimator whose predictions are those of a pipeline, a search or a stack."""
    while True:
        if isinstance(model, Pipeline):
            model = model[-1]
        elif isinstance(model, GridSearchCV):
            model = model.best_estimator_
        elif isinstance(model, StackingClassifier):
            model = model.final_estimator_
        else:
            return model


def _stacked(stack: Any, model: Any) -> bool:
    """Return whether a stack takes a model's decision values; refuse what skl2onnx gets wrong."""
    methods = [
        method
        for own, method in zip(stack.estimators_, stack.stack_method_, strict=True)
        if own is model
    ]
    if "predict" in methods or ("decision_function" in methods and len(stack.classes_) == 2):
        raise ValueError(
            f"skl2onnx converts a StackingClassifier of {len(stack.classes_)} classes with"
            f" stack_method={methods[0]!r} wrongly: it takes one column per class where"
            " scikit-learn takes one per model; fit it with stack_method='predict_proba'"
        )
    return bool(methods) and methods[0] == "decision_function"
