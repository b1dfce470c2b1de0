"""Compile a file of C with all warnings as errors, and call its functions."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
WARNINGS = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror"]


def compiled(source, folder, compiler):
    path = folder / "model.c"
    path.write_text(source)
    library = folder / f"{compiler}.so"
    command = [compiler, *WARNINGS, "-O1", "-fPIC", "-shared", path, "-o", library, "-lm"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(library))


@pytest.fixture(params=COMPILERS or ["none"])
def compiler(request):
    if request.param == "none":
        pytest.skip("no C compiler is here")
    return request.param


def call(function, rows, n_outputs, kind=ctypes.c_double):
    """What a function writes for each row of doubles."""
    written = np.empty((len(rows), n_outputs), dtype=kind)
    for row, into in zip(np.ascontiguousarray(rows, dtype=np.float64), written, strict=True):
        function(row.ctypes.data_as(ctypes.c_void_p), into.ctypes.data_as(ctypes.c_void_p))
    return written


def classes_of(library, n_classes):
    texts = (ctypes.c_char_p * n_classes).in_dll(library, "model_classes")
    return [text.decode() for text in texts]
