"""Early check of the file that ``--out`` names."""

from __future__ import annotations

import os

from deepgen._replace_file import check_replaceable

__all__ = ["check_out"]


def check_out(path: str, *inputs: str) -> None:
    """Refuse an output file that cannot be written, before any work is done.

    Parameters
    ----------
    path : str
        Path of the file.
    *inputs : str
        Paths of the files that the command reads, which it must not replace.

    Raises
    ------
    ValueError
        If there is no such folder, the existing file is read-only or no regular file, or it is one
        of the inputs under any name.

    Examples
    --------
    >>> import os
    >>> from deepgen.cli.check_out import check_out
    >>> check_out(os.curdir)
    Traceback (most recent call last):
    ...
    ValueError: cannot write .: it is a folder
    """
    try:
        check_replaceable(path)
    except FileNotFoundError as error:
        raise ValueError(f"cannot write {path}: there is no folder {error.filename}") from None
    except OSError as error:
        raise ValueError(f"cannot write {path}: {error.strerror or error}") from None
    for given in inputs:
        if os.path.exists(path) and os.path.exists(given) and os.path.samefile(path, given):
            raise ValueError(
                f"cannot write {path}: the command reads this file; give another --out"
            )
