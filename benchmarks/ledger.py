"""Ledger: scores that were measured, kept in a file so that a run that was broken off goes on."""

import hashlib
import json
from pathlib import Path


class Ledger:
    """Measured scores by what was measured.

    Parameters
    ----------
    path : path-like or None
        JSON file, read at first and written after each measurement; None keeps nothing.
    """

    def __init__(self, path):
        self.path = None if path is None else Path(path)
        known = self.path is not None and self.path.exists()
        self.scores = json.loads(self.path.read_text()) if known else {}

    def recall(self, measure, *what):
        """Return what was measured before under this name, else measure it.

        Parameters
        ----------
        measure : callable
            Takes nothing and returns a number, or a list of numbers.
        *what : object
            Names the measurement by its text: table, settings, seed ...
        """
        key = self._key(what)
        if key not in self.scores:
            self.scores[key] = measure()
            self._write()
        return self.scores[key]

    def knows(self, *what):
        """Return whether something was measured."""
        return self._key(what) in self.scores

    @staticmethod
    def _key(what):
        text = " | ".join(map(str, what))
        return f"{text[:80]} {hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def _write(self):
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Replaced as a whole: a run that is killed leaves the last complete file.
        unfinished = self.path.with_suffix(".part")
        unfinished.write_text(json.dumps(self.scores, indent=0))
        unfinished.replace(self.path)
