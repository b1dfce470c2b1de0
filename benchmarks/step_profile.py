"""Print where the time of a training step goes, in percent, as Linux's perf sees it.

python benchmarks/step_profile.py [--seconds N] [--threads N]
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The first that matches a symbol of the extension names what it does.
PARTS = (
    ("forward products", r"::tile<.*\)[23], true>|narrow_product|sparse_product"),
    ("input gradients", r"::tile<.*\)[0145], true>"),
    ("weight gradients", r"::tile<.*, false>|outer_product|sparse_outer|weight_gradients"),
    ("optimizer", r"::update<|Elementwise"),
    ("transposes", r"transpose"),
    ("gather and changes", r"gather|memmove|memcpy|augmentation"),
    ("loss", r"loss|Loss"),
    ("sums of slopes", r"column_sums|gradient_sums|column_totals|scale_gradient"),
    ("barriers", r"wait|barrier|parallel"),
    ("everything else", r""),
)
TRAIN = """
import sys, time
sys.path[:0] = [{here!r}]
from contestants import EngineTraining
from workloads import WORKLOADS
training = EngineTraining(WORKLOADS[{number}], {threads})
end = time.perf_counter() + {seconds}
while time.perf_counter() < end:
    training.epoch()
"""


def shares(number, seconds, threads):
    """Return the percentages of one workload, by part."""
    code = TRAIN.format(here=str(HERE), number=number, seconds=seconds, threads=threads)
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "perf.data")
        record = ["perf", "record", "-o", data, sys.executable, "-c", code]
        subprocess.run(record, check=True, capture_output=True)
        report = [
            "perf",
            "report",
            "-i",
            data,
            "--stdio",
            "--no-children",
            "-F",
            "overhead,dso,sym",
        ]
        lines = subprocess.run(report, check=True, capture_output=True, text=True).stdout
    found = defaultdict(float)
    for percent, library, symbol in re.findall(r"^\s+([\d.]+)%\s+(\S+)\s+\[.\] (.+)$", lines, re.M):
        if "_core" in library or "memmove" in symbol:
            part = next(name for name, pattern in PARTS if re.search(pattern, symbol))
            found[part] += float(percent)
    total = sum(found.values())
    return {name: 100 * found[name] / total for name, _ in PARTS}


def main():
    """Print a column for each workload."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of training (default 5)")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if shutil.which("perf") is None:
        raise SystemExit("perf is not installed (Debian: linux-perf)")
    from workloads import WORKLOADS

    columns = [shares(number, options.seconds, options.threads) for number in range(len(WORKLOADS))]
    print(f"{'percent of a step':<18}" + "".join(f"{w.name:>31}" for w in WORKLOADS))
    for name, _ in PARTS:
        print(f"{name:<18}" + "".join(f"{column[name]:31.1f}" for column in columns))


if __name__ == "__main__":
    main()
