"""The file format of a model: plain data and arrays in a safetensors container with a digest.

The digest covers every byte, with its own digits replaced by zeros. It detects accidents, not
forgery: an attacker who can write the file can write the digest too.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, BinaryIO

from deepgen._engine.version import VERSION

__all__ = ["pack", "read_content", "unpack"]

FORMAT = 1
KEY = "deepgen"
NO_DIGEST = "0" * 64
MAX_HEADER = 100_000_000
"""Largest size of a safetensors header in bytes."""


def pack(description: dict[str, Any], tensors: dict[str, Any]) -> bytes:
    """Return the content of a file: a JSON-compatible description, and its arrays."""
    # Imported here, since not every user saves or loads.
    from safetensors.numpy import save as pack_tensors

    about = {"format": FORMAT, "version": VERSION, "sha256": NO_DIGEST}
    # A single string, because the container does not keep the order of several.
    text = json.dumps({**about, **description}, allow_nan=False)
    content: bytes = pack_tensors(tensors, metadata={KEY: text})
    return _with_digest(content, NO_DIGEST, hashlib.sha256(content).hexdigest())


def read_content(file: BinaryIO) -> bytes:
    """Return a file's content; the header is validated before the rest is read."""
    head = file.read(8)
    size = int.from_bytes(head, "little")
    if size <= MAX_HEADER:
        head += file.read(size)
    _metadata(head)
    if not file.seekable():  # a pipe
        return head + file.read()
    file.seek(0)  # so that a large model is not held twice
    return file.read()


def unpack(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the description and the arrays of a packed file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpack_tensors

    description = json.loads(_metadata(content))
    number, version, digest = (description.pop(key) for key in ("format", "version", "sha256"))
    if number > FORMAT:
        raise ValueError(
            f"it is of format {number}, written by deepgen {version}; this version reads formats "
            f"up to {FORMAT}: install a newer one"
        )
    if hashlib.sha256(_with_digest(content, digest, NO_DIGEST)).hexdigest() != digest:
        raise ValueError("it was cut short or altered: its content does not match its digest")
    try:
        tensors = unpack_tensors(content)
    except SafetensorError as error:
        raise ValueError(f"its arrays cannot be read ({error})") from None
    return description, tensors


def _with_digest(content: bytes, old: str, new: str) -> bytes:
    """Return the file with another digest, which precedes all text that could look like it."""
    return content.replace(old.encode(), new.encode(), 1)


def _metadata(content: bytes) -> str:
    """Return our string in the header, which safetensors does not read from bytes in memory."""
    size = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + size]
    # Even part of a header shows whether the file is one of ours.
    if len(header) < size and f'"{KEY}":'.encode() in header:
        raise ValueError(f"it was cut short: it ends within its header, after {len(content)} bytes")
    try:
        text: str = json.loads(header)["__metadata__"][KEY]
    except (ValueError, KeyError, TypeError):
        raise ValueError("it is no model of deepgen, or its header is damaged") from None
    return text
