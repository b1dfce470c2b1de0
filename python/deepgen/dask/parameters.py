"""Parameters of an estimator that has all those of another one, and its description."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, cleandoc, signature
from typing import Any, TypeVar

__all__ = ["with_parameters_of"]

Class = TypeVar("Class", bound=type)


def with_parameters_of(base: Any) -> Callable[[Class], Class]:
    """Return a decorator that gives a class the parameters of another one.

    Parameters
    ----------
    base : type
        Estimator whose constructor parameters, with their descriptions, come before the class's
        own.

    Returns
    -------
    decorate : callable
        Class decorator. The class's own parameters are the keyword-only ones of its constructor.

    Examples
    --------
    >>> from inspect import signature
    >>> from deepgen import MLPRegressor
    >>> from deepgen.dask import DaskMLPRegressor
    >>> new = set(signature(DaskMLPRegressor).parameters) - set(signature(MLPRegressor).parameters)
    >>> sorted(new)
    ['client', 'local_steps', 'n_shards', 'outer']
    """

    def decorate(made: Class) -> Class:
        kind: Any = made
        given = signature(base.__init__).parameters.values()
        own = [
            parameter
            for parameter in signature(kind.__init__).parameters.values()
            if parameter.kind is Parameter.KEYWORD_ONLY
        ]
        full = signature(base.__init__).replace(
            parameters=[*given, *own], return_annotation=signature(base).return_annotation
        )

        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
            bound = full.bind(self, *args, **kwargs)
            bound.apply_defaults()
            for name, value in list(bound.arguments.items())[1:]:
                setattr(self, name, value)

        kind.__init__ = __init__
        kind.__init__.__signature__ = full
        kind.__doc__ = _described(base.__doc__ or "", kind.__doc__ or "")
        return made

    return decorate


def _described(base: str, own: str) -> str:
    """Return a description whose parameters are those of both."""
    title = "Parameters\n----------\n"
    before, _, after = cleandoc(own).partition(title)
    inherited = cleandoc(base).partition(title)[2].partition("\n\n")[0]
    return f"{before}{title}{inherited}\n{after}\n"
