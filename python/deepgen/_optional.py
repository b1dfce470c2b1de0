"""Optional libraries: imported when first needed, asked for in one clear line."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["MissingExtra", "load_extra"]


class MissingExtra(ImportError):
    """An optional library is not installed.

    Examples
    --------
    >>> from deepgen._optional import MissingExtra
    >>> issubclass(MissingExtra, ImportError)
    True
    """


def load_extra(module: str, extra: str, purpose: str) -> Any:
    """Import an optional library.

    Parameters
    ----------
    module : str
        What to import, for example ``"matplotlib.pyplot"``.
    extra : str
        The extra of deepgen that installs it, for example ``"plot"``.
    purpose : str
        What needs it, as the subject of a sentence, for example ``"plotting"``.

    Returns
    -------
    module : module
        The imported library.

    Raises
    ------
    MissingExtra
        Where the library is not installed; the message says how to install it.
    ModuleNotFoundError
        Where the library is installed but something that it imports is not.

    Examples
    --------
    >>> from deepgen._optional import load_extra
    >>> load_extra("json", "tables", "reading JSON").dumps([1])
    '[1]'
    >>> load_extra("no_such_library", "plot", "plotting")
    Traceback (most recent call last):
        ...
    deepgen._optional.MissingExtra: plotting needs no_such_library: pip install 'deepgen[plot]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != library:
            raise
        raise MissingExtra(
            f"{purpose} needs {library}: pip install 'deepgen[{extra}]'", name=library
        ) from None
