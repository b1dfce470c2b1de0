"""Optional libraries: imported when first needed, with a clear message if missing."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["MissingExtra", "load_extra"]


class MissingExtra(ImportError):
    """An optional library is not installed."""


def load_extra(module: str, extra: str, purpose: str) -> Any:
    """Import an optional library, such as "matplotlib.pyplot", or say how to install it.

    ``extra`` is the extra of deepgen that installs it, ``purpose`` the subject of the message. If
    an installed library fails to import another one, that error is raised unchanged.
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
