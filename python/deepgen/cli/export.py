"""``deepgen export``: write a saved model as ONNX or C."""

from __future__ import annotations

import argparse
from typing import Final

from deepgen.cli.check_out import check_out

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "run"]

NAME: Final = "export"
HELP: Final = "write a saved model as ONNX or as one file of C99"
DESCRIPTION: Final = (
    "Write a saved model, with the encoder of its columns, for programs without Python: as an ONNX "
    "model or as one file of C99."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command: a model, a form and a file.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser of the command.
    """
    parser.add_argument("model", help="file that 'deepgen fit' or a model's save has written")
    parser.add_argument("--to", choices=("onnx", "c"), required=True, help="form of the export")
    parser.add_argument("--out", metavar="FILE", required=True, help="file to write")


def run(options: argparse.Namespace) -> int:
    """Write the file and print its path.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command line.

    Returns
    -------
    status : int
        Exit code, always 0: what fails raises.

    Raises
    ------
    ValueError
        If the model cannot be read or exported, or the file is that of the model.
    """
    from deepgen._replace_file import replace_file
    from deepgen.cli.model_file import load_model
    from deepgen.export import to_c, to_onnx

    check_out(options.out, options.model)
    model = load_model(options.model)
    try:
        content = to_c(model).encode() if options.to == "c" else to_onnx(model).SerializeToString()
    except TypeError as error:
        raise ValueError(str(error)) from None
    replace_file(options.out, content)
    print(f"saved {options.out}")
    return 0
