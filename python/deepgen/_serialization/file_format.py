"""Container: plain data and arrays in one file of safetensors, with a digest of all of it.

The digest tells accidents, not forgers: who can write the file can write the digest.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from deepgen._engine.version import VERSION

__all__ = ["pack", "unpack"]

FORMAT = 1
KEY = "deepgen"
# The description is a string in the header's JSON, so its quotes are escaped.
DIGEST = re.compile(rb'\\"sha256\\": \\"([0-9a-f]{64})\\"')
NO_DIGEST = "0" * 64


def pack(description: dict[str, Any], tensors: dict[str, Any]) -> bytes:
    """Return the content of a file.

    Parameters
    ----------
    description : dict
        What JSON can hold.
    tensors : dict of str to ndarray
        The arrays that it mentions.

    Returns
    -------
    content : bytes
        With a digest over all of it, in which the digest's own digits count as zeros.
    """
    from safetensors.numpy import save as pack_tensors

    about = {"format": FORMAT, "version": VERSION, "sha256": NO_DIGEST}
    # One string only: of several the container does not keep the order.
    text = json.dumps({**description, **about}, allow_nan=False)
    content = bytearray(pack_tensors(tensors, metadata={KEY: text}))
    place = digits(content)
    content[place] = hashlib.sha256(content).hexdigest().encode()
    return bytes(content)


def unpack(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a file holds.

    Parameters
    ----------
    content : bytes
        From `pack`, or whatever the file turned out to be.

    Returns
    -------
    description : dict
        Plain data.
    tensors : dict of str to ndarray
        The arrays that they mention.

    Raises
    ------
    ValueError
        If it is no such file, or not what was written.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpack_tensors

    strings = header(content).get("__metadata__")
    if not isinstance(strings, dict) or KEY not in strings:
        raise ValueError("it is no model of deepgen, or its header is damaged")
    description = json.loads(strings[KEY])
    if description["format"] > FORMAT:
        raise ValueError(
            f"it is of format {description['format']}, written by deepgen "
            f"{description['version']}; this version reads formats up to {FORMAT}: install a "
            "newer one"
        )
    place = digits(content)
    blank = content[: place.start] + NO_DIGEST.encode() + content[place.stop :]
    if hashlib.sha256(blank).hexdigest().encode() != content[place]:
        raise ValueError("it was cut short or altered: its content does not match its digest")
    try:
        tensors = unpack_tensors(content)
    except SafetensorError as error:
        raise ValueError(f"its arrays cannot be read ({error})") from None
    return description, tensors


def header(content: bytes) -> dict[str, Any]:
    """Return the header of a safetensors container.

    Parameters
    ----------
    content : bytes
        Of a file.

    Returns
    -------
    header : dict
        Empty where this is no such container.

    Raises
    ------
    ValueError
        If the file ends within the header.
    """
    size = int.from_bytes(content[:8], "little")
    text = content[8 : 8 + size]
    # Part of a header still shows whose it is.
    if len(text) < size and f'"{KEY}":'.encode() in text:
        raise ValueError(f"it was cut short: it ends within its header, after {len(content)} bytes")
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def digits(content: bytes | bytearray) -> slice:
    """Return where in a file the digits of its digest stand.

    Parameters
    ----------
    content : bytes or bytearray
        Of a file.

    Returns
    -------
    place : slice
        Of 64 bytes.

    Raises
    ------
    ValueError
        If there is no digest, or more than one.
    """
    places = list(DIGEST.finditer(content, 8, 8 + int.from_bytes(content[:8], "little")))
    if len(places) != 1:
        raise ValueError(f"it was altered: it has {len(places)} digests")
    return slice(*places[0].span(1))
