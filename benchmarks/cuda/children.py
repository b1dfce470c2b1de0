"""Parts of the script as processes of their own: one that fails or hangs ends by itself."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What a process said.

    Parameters
    ----------
    lines : list of dict
        Its lines of JSON.
    text : list of str
        All else, errors last.
    failure : str
        Why it did not end well; empty where it did.
    """

    lines: list
    text: list
    failure: str


def outcome_of(command, seconds):
    """Run a command for so long at most; what it started ends with it."""
    child = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    failure = ""
    try:
        said, errors = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        said, errors = child.communicate()
        failure = f"not done after {seconds:.0f} s"
    lines, text = [], []
    for line in said.splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:  # also a line that was cut off
            text.append(line)
    text += errors.splitlines()
    if not failure and child.returncode != 0:
        failure = f"exit status {child.returncode}: {text[-1] if text else 'it said nothing'}"
    return Outcome(lines, text, failure)
