"""Compiles the device's code for the CPU, with the emulator in place of CUDA."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CPP = ROOT / "cpp"
# Of all code that the emulator runs.
TARGET = ("-std=c++20", "-march=native", "-ffp-contract=off", "-fvisibility=hidden")
INCLUDES = (f"-I{CPP}", f"-I{HERE / 'emulator'}")
FLAGS = [
    *(*TARGET, "-O1", "-g1"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"),
]
SANITIZERS = {
    "none": [],
    # Without optimization, which takes the compiler twice as long.
    "address": ["-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"],
    "thread": ["-fsanitize=thread"],
}


def compile_program(source, to, sanitizer="none", first_include=None):
    """Compile one file to a program; a folder may come before the others on the includes' path."""
    first = [f"-I{first_include}"] if first_include else []
    subprocess.run(
        [
            os.environ.get("CXX", "g++"),
            *(FLAGS + SANITIZERS[sanitizer]),
            *(*first, *INCLUDES),
            *(source, "-o", to),
        ],
        check=True,
    )


def run_program(program, *arguments, sanitizer="none", **environment):
    """Run it, with variables of the environment, and return status and all that it printed."""
    command = [program, *arguments]
    if sanitizer == "thread" and shutil.which("setarch"):
        # Without address randomisation: ThreadSanitizer refuses the layouts of some kernels.
        command = ["setarch", platform.machine(), "-R", *command]
    kept = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    done = subprocess.run(
        command,
        env={**kept, "TSAN_OPTIONS": "halt_on_error=1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout
