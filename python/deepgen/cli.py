"""The command line: ``deepgen demo`` and ``deepgen info``."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import NoReturn

__all__ = ["main"]


class _Parser(argparse.ArgumentParser):
    """A parser that refuses bad input in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line of deepgen.

    Parameters
    ----------
    arguments : sequence of str or None, default=None
        The words after ``deepgen``; None takes those of the process.

    Returns
    -------
    status : int
        0 when all went well, 2 for input that cannot be used (told in one line on standard error),
        130 when the user pressed Ctrl-C.

    Examples
    --------
    >>> from deepgen.cli import main
    >>> main(["info"])  # doctest: +ELLIPSIS
    deepgen ...
    0
    """
    options = _parser().parse_args(arguments)
    try:
        status = _demo() if options.command == "demo" else _info()
        sys.stdout.flush()
        return status
    except ValueError as error:
        print(f"deepgen {options.command}: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader left (`deepgen info | head -1`); the flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _parser() -> _Parser:
    parser = _Parser(
        prog="deepgen",
        description="Dense neural networks: a C++ engine behind the scikit-learn interface.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    commands.add_parser(
        "demo",
        help="train on bundled real data beside scikit-learn's MLP",
        description="Train a regressor and a classifier on bundled real data, beside "
        "scikit-learn's MLP with the same settings. Takes less than a minute, needs no network.",
    )
    commands.add_parser(
        "info",
        help="tell version, SIMD path, threads and build",
        description="Tell version, SIMD path, threads and build.",
    )
    return parser


def _demo() -> int:
    from deepgen.demo import format_report, run_demo

    terminal = sys.stderr.isatty()
    for report in run_demo(_show_progress if terminal else None):
        if terminal:
            _show_progress("")
        print(format_report(report), flush=True)
    return 0


def _show_progress(message: str) -> None:
    # Erase the line, then write without a newline: the next message takes its place.
    sys.stderr.write(f"\r\x1b[K{message}")
    sys.stderr.flush()


def _info() -> int:
    from deepgen import _core

    output = _core.LayerSpec(width=1, activation="identity")
    loss = _core.Component("squared_error")
    network = _core.Network(_core.NetworkSpec(n_inputs=1, layers=[output], loss=loss))
    build = _core.build_info()
    print(f"deepgen {build.pop('version')}")
    facts = {
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "libraries": ", ".join(
            f"{name} {metadata.version(name)}" for name in ("numpy", "scipy", "scikit-learn")
        ),
        "SIMD path": f"{network.simd} (usable here: {', '.join(_core.simd_paths())}; "
        f"DEEPGEN_SIMD={os.environ.get('DEEPGEN_SIMD', '')})",
        "FMA peak": ", ".join(
            f"{_core.fma_peak(dtype):.0f} GFLOP/s {dtype}" for dtype in ("float32", "float64")
        )
        + " a thread, measured now",
        "threads": f"{_core.max_threads()} (of {os.cpu_count()} logical cores)",
        "CUDA": "not built",
        **{f"build {name}": value for name, value in sorted(build.items())},
    }
    width = max(map(len, facts))
    for name, value in facts.items():
        print(f"{name:<{width}}  {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
