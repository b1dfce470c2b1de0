"""Errors told again with more words."""

from __future__ import annotations

__all__ = ["retold"]


def retold(error: Exception, text: str) -> TypeError | ValueError:
    """Return an error of the same kind with another text, to be raised from the first one.

    Parameters
    ----------
    error : TypeError or ValueError
        Error of any type derived from these, which may not be made of a text alone.
    text : str
        The new text.

    Returns
    -------
    told : TypeError or ValueError
        TypeError for what is one, else ValueError.

    Examples
    --------
    >>> from deepgen._retold import retold
    >>> retold(UnicodeDecodeError("utf-8", b"a", 0, 1, "bad"), "X_val: no text")
    ValueError('X_val: no text')
    """
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(text)
