"""Files: the Parquet files that a path stands for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from glob import glob, has_magic
from pathlib import Path
from typing import Any

__all__ = ["find_files"]

ENDINGS = (".parquet", ".pq")


def find_files(path: Any) -> list[str]:
    """Return the files of a path, a folder, a pattern or a list of these.

    Those of a folder or a pattern are sorted by name, so that the order does not depend on the file
    system; a list keeps its order. Folders are searched to any depth; names that begin with a dot
    or an underscore are left out, since writers leave their marks in such files.
    """
    if not isinstance(path, str | os.PathLike):
        if not isinstance(path, Iterable) or isinstance(path, bytes):
            raise TypeError(
                f"path must be a file, a folder, a pattern or a list of these, got {path!r}"
            )
        found = [file for entry in path for file in find_files(entry)]
        if not found:
            raise ValueError("path is an empty list: there are no files")
        return found
    name = os.fspath(path)
    if os.path.isfile(name):
        return [name]
    if os.path.isdir(name):
        inside = (Path(folder, file) for folder, _, files in os.walk(name) for file in files)
        files = sorted(str(file) for file in inside if _is_table(file.relative_to(name)))
        if not files:
            raise ValueError(f"the folder {name} has no file that ends in {' or '.join(ENDINGS)}")
        return files
    if has_magic(name):
        files = sorted(file for file in glob(name, recursive=True) if os.path.isfile(file))
        if not files:
            raise ValueError(f"no file matches {name}")
        return files
    raise ValueError(f"there is no file or folder {name}")


def _is_table(file: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in file.parts)
    return file.suffix.lower() in ENDINGS and not hidden
