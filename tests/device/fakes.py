"""Plugins that compute nothing, compiled in moments."""

import json
import subprocess
from pathlib import Path

CPP = Path(__file__).resolve().parents[2] / "cpp"


def fake_plugin(folder, *, other_table=False, other_version=False):
    """Path of a plugin whose answers the environment decides: see fake_plugin.c."""
    path = folder / "libfake.so"
    options = [f"-DFAKE_OTHER_TABLE={other_table:d}", f"-DFAKE_OTHER_VERSION={other_version:d}"]
    source = Path(__file__).with_name("fake_plugin.c")
    subprocess.run(["cc", "-shared", "-fPIC", f"-I{CPP}", *options, source, "-o", path], check=True)
    return path


def recording_plugin(folder):
    """Path of a plugin that writes down what it is told: see recording_plugin.cpp."""
    path = folder / "librecorder.so"
    source = Path(__file__).with_name("recording_plugin.cpp")
    options = ["-std=c++20", "-shared", "-fPIC", f"-I{CPP}"]
    subprocess.run(["c++", *options, source, "-o", path], check=True)
    return path


class Record:
    """The calls that the recording plugin wrote to a file."""

    def __init__(self, path):
        self.path = path

    def calls(self, name):
        """The calls of one function, in order."""
        calls = [json.loads(line) for line in self.path.read_text().splitlines()]
        return [call for call in calls if call["call"] == name]
