"""Files: the Parquet files that a path stands for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from glob import glob, has_magic
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["FoundFiles", "find_files"]

ENDINGS = (".parquet", ".pq")


class FoundFiles(NamedTuple):
    """Files by name, and the columns that names of folders hold: ``year`` of ``year=2024``."""

    names: list[str]
    partitions: tuple[str, ...]


def find_files(path: Any) -> FoundFiles:
    """Return the files of a path, a folder, a pattern or a list of these.

    Those of a folder or a pattern are sorted by name, so that the order does not depend on the file
    system; a list keeps its order. Folders are searched to any depth; names that begin with a dot
    or an underscore are left out, since writers leave their marks in such files.

    Partitions are sought below the folder or the fixed part of the pattern, and in those folders of
    a list's files that not all have in common: what lies above is the user's own order.
    """
    if not isinstance(path, str | os.PathLike):
        if not isinstance(path, Iterable) or isinstance(path, bytes):
            raise TypeError(
                f"path must be a file, a folder, a pattern or a list of these, got {path!r}"
            )
        entries = [find_files(entry) for entry in path]
        files = [file for entry in entries for file in entry.names]
        if not files:
            raise ValueError("path is an empty list: there are no files")
        folders = [{*Path(file).absolute().parent.parts} for file in files]
        own = folders[0].union(*folders) - folders[0].intersection(*folders)
        names = [name for entry in entries for name in entry.partitions] + _partitions(own)
        return FoundFiles(files, tuple(sorted({*names})))
    name = os.fspath(path)
    if os.path.isfile(name):
        return FoundFiles([name], ())
    if os.path.isdir(name):
        inside = (Path(folder, file) for folder, _, files in os.walk(name) for file in files)
        files = sorted(str(file) for file in inside if _is_table(file.relative_to(name)))
        if not files:
            raise ValueError(f"the folder {name} has no file that ends in {' or '.join(ENDINGS)}")
        return _below(name, files)
    if has_magic(name):
        files = sorted(file for file in glob(name, recursive=True) if os.path.isfile(file))
        if not files:
            raise ValueError(f"no file matches {name}")
        fixed = takewhile(lambda part: not has_magic(part), Path(name).parts)
        return _below(Path(*fixed), files)
    raise ValueError(f"there is no file or folder {name}")


def _below(folder: str | Path, files: list[str]) -> FoundFiles:
    parts = {part for file in files for part in Path(file).relative_to(folder).parent.parts}
    return FoundFiles(files, tuple(sorted({*_partitions(parts)})))


def _partitions(folders: Iterable[str]) -> list[str]:
    return [
        name for name, is_one, _ in (part.partition("=") for part in folders) if is_one and name
    ]


def _is_table(file: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in file.parts)
    return file.suffix.lower() in ENDINGS and not hidden
