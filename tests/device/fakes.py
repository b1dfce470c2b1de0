"""Plugins that compute nothing, compiled in moments."""

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
