"""Compiles the device's code for the CPU, with the emulator in place of CUDA."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
INCLUDES = [ROOT / "cpp", HERE / "emulator"]
FLAGS = [
    *("-std=c++20", "-O1", "-g1", "-march=native", "-ffp-contract=off", "-fvisibility=hidden"),
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
    folders = [*([first_include] if first_include else []), *INCLUDES]
    subprocess.run(
        [
            os.environ.get("CXX", "g++"),
            *(FLAGS + SANITIZERS[sanitizer]),
            *(f"-I{folder}" for folder in folders),
            source,
            *("-o", to),
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
