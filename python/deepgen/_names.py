"""Names: suggestions for unknown names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from inspect import isclass
from typing import Any

__all__ = ["hint", "listed", "shortened"]

# Largest number of names in a message.
MANY = 20

ELSEWHERE = {
    "auc": ("roc_auc",),
    "batchnorm": ("batch",),
    "bce": ("binary_cross_entropy", "log_loss"),
    "bf16": ("bfloat16",),
    "bfgs": ("lbfgs",),
    "bn": ("batch",),
    "crossentropy": ("log_loss", "binary_cross_entropy"),
    "double": ("float64",),
    "float": ("float32",),
    "gaussian": ("jitter",),
    "gpu": ("cuda",),
    "he": ("he_normal",),
    "kaiming": ("he_normal",),
    "kaimingnormal": ("he_normal",),
    "kaiminguniform": ("he_uniform",),
    "l1": ("absolute_error",),
    "l2": ("squared_error",),
    "layernorm": ("layer",),
    "lecun": ("lecun_normal",),
    "linear": ("identity",),
    "mae": ("absolute_error", "neg_mean_absolute_error"),
    "mse": ("squared_error", "neg_mean_squared_error"),
    "noise": ("jitter",),
    "pinball": ("quantile",),
    "reducelronplateau": ("plateau",),
    "resnet": ("residual",),
    "rmse": ("neg_root_mean_squared_error",),
    "sigmoid": ("logistic",),
    "swish": ("silu",),
    "weightnorm": ("weight",),
    "xavier": ("glorot_uniform",),
    "xavieruniform": ("glorot_uniform",),
}
"""Names of other libraries, in lower case without signs, with ours."""


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def hint(value: Any, choices: Iterable[Any]) -> str:
    """Return a suggestion of what ``value`` was meant to be if it is none of ``choices``, or ''."""
    if isclass(value):
        name = value.__name__
        if any(kind.__module__.startswith("deepgen.") for kind in value.__mro__):
            return f" {name} is a class; call it: {name}()."
        value = name  # such as numpy.float32
    if not isinstance(value, str):
        return ""
    known = sorted(name for name in choices if isinstance(name, str))
    meant = [name for name in ELSEWHERE.get(_plain(value), ()) if name in known]
    if not meant:
        plain = {_plain(name): name for name in known}
        meant = [plain[near] for near in get_close_matches(_plain(value), plain, n=1)]
    return f" Did you mean {meant[0]!r}?" if meant else ""


def listed(names: Iterable[str]) -> str:
    """Return names in order as text; of a long list the first ones and the number of the rest."""
    return shortened([repr(name) for name in sorted(names)], MANY)


def shortened(shown: Sequence[str], most: int) -> str:
    """Return the first of some texts as text, and the number of the rest."""
    n_more = len(shown) - most
    return ", ".join(shown[:most]) + (f" and {n_more} more" if n_more > 0 else "")
