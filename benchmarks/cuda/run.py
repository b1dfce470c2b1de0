"""Check and time device='cuda' on a machine with a GPU, where nothing can be built.

    python benchmarks/cuda/run.py PLUGIN [--out FOLDER] [--core-us US] [--parts PART ...]

Takes the built plugin (libdeepgen_cuda.so) and needs NumPy alone: neither deepgen nor a compiler.
It describes the device; replays the recorded cases and compares bits; runs two of them under
compute-sanitizer where that is found; and times the plugin beside PyTorch and JAX where these can
be imported. Parts are processes of their own, so that one that fails does not end the others, and
all together take 7.5 minutes at most: what has no time left is named. FOLDER gets results.json and
table.txt, written anew after each part.
"""

import argparse
import json
import shutil
import sys
import time
from pathlib import Path

from children import outcome_of
from shapes import QUICK_SHAPES, SHAPES
from table import page

HERE = Path(__file__).resolve().parent
SECONDS = 450.0
ENOUGH = 5.0  # with less no part begins
SANITIZER = ("compute-sanitizer", "/usr/local/cuda/bin/compute-sanitizer")
SANITIZED = ("members side by side", "large batch, sam over batch norm")


def parts(plugin, few):
    """Name, most seconds and command of each part."""

    def script(name, *arguments):
        return [sys.executable, HERE / f"{name}.py", *arguments]

    options = ["--quick"] if few else []
    yield "device", 60, script("describe", plugin)
    yield "bits", 90, script("replay", plugin)
    program = next(filter(None, map(shutil.which, SANITIZER)), None)
    for tool in ("memcheck", "racecheck"):
        wrapped = [program, "--tool", tool, "--error-exitcode", "33"]
        yield tool, 60, program and [*wrapped, *script("replay", plugin, *SANITIZED)]
    yield "times", 120, script("plugin_times", plugin, *options)
    yield "PyTorch", 150, script("torch_times", *options)
    yield "JAX", 150, script("jax_times", *options)


def found_by(name, command, seconds):
    """The lines of a part, and one more where it did not end well."""
    done = outcome_of(command, seconds)
    if name not in ("memcheck", "racecheck"):
        missing = [{"kind": "missing", "part": name, "why": done.failure}] if done.failure else []
        return done.lines + missing
    equal = sum(one.get("differing") == {} for one in done.lines)
    outcome = done.failure or f"clean, {equal} of {len(SANITIZED)} cases with the recorded bits"
    said = [line for line in done.text if line.startswith("=")]
    return [{"kind": "sanitizer", "tool": name, "outcome": outcome, "said": said[-40:]}]


def write(folder, found, text):
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.json").write_text(json.dumps(found, indent=1) + "\n")
        (folder / "table.txt").write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("plugin", help="path of libdeepgen_cuda.so")
    parser.add_argument("--out", type=Path, help="folder for results.json and table.txt")
    parser.add_argument(
        "--core-us",
        type=float,
        help="microseconds that one core of a CPU takes for a step of 16-64-64-1 B 32",
    )
    names = [name for name, _, _ in parts("", False)]
    parser.add_argument(
        "--parts", nargs="+", choices=names, default=names, metavar="PART", help=", ".join(names)
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time for all parts")
    parser.add_argument("--quick", action="store_true", help="try the script itself")
    given = parser.parse_args()
    shapes = QUICK_SHAPES if given.quick else SHAPES
    began, found = time.monotonic(), []
    for name, most, command in parts(given.plugin, given.quick):
        if name not in given.parts:
            continue
        left = given.seconds - (time.monotonic() - began)
        if command is None:
            why = "compute-sanitizer is not on this machine"
            found.append({"kind": "missing", "part": name, "why": why})
        elif left < ENOUGH:
            why = f"skipped, {given.seconds:.0f} s are used up"
            found.append({"kind": "missing", "part": name, "why": why})
        else:
            found += found_by(name, command, min(most, left))
        print(f"{time.monotonic() - began:6.1f} s  {name}", file=sys.stderr, flush=True)
        write(given.out, found, page(found, shapes, given.core_us))
    print(page(found, shapes, given.core_us))
    return 0 if all_equal(found) else 1


def all_equal(found):
    """Whether all recorded cases came out with their bits, and no first steps with others."""
    cases = [one for one in found if one["kind"] == "bits"]
    complete = not any(one.get("part") == "bits" for one in found)
    equal = all(one.get("differing") == {} for one in cases)
    return bool(cases) and complete and equal and not any(one.get("differing") for one in found)


if __name__ == "__main__":
    sys.exit(main())
