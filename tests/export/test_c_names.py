"""Names and texts in C: fields that no keyword or macro takes, texts that C can hold."""

import re
import subprocess
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from deepgen import MLPClassifier, MLPRegressor, TabularRegressor
from deepgen._export.c_table import KEYWORDS, row_struct
from deepgen.export import to_c
from export.compiled import compiled, compiler  # noqa: F401
from export.random_models import ROWS, X, classifier, quietly, regressor

HEADERS = "#include <math.h>\n#include <stddef.h>\n#include <string.h>\n"
STANDARDS = [["-std=c99"], ["-std=gnu17", "-D_GNU_SOURCE"], ["-std=gnu2x"]]


def macros(compiler, standard):  # noqa: F811
    """All names that the headers and the compiler define."""
    command = [compiler, *standard, "-dM", "-E", "-x", "c", "-"]
    done = subprocess.run(command, input=HEADERS, capture_output=True, text=True, check=True)
    return re.findall(r"#define (\w+)", done.stdout)


def fields_of(source):
    return re.findall(r"^    (?:double |const char \*)(\w+);", source, re.MULTILINE)


def struct(names):
    columns = [
        SimpleNamespace(name=name, place=place, is_text=bool(place % 2))
        for place, name in enumerate(names)
    ]
    return row_struct(SimpleNamespace(columns_=columns), "model")


@pytest.mark.parametrize("standard", STANDARDS, ids=" ".join)
def test_no_macro_and_no_keyword_is_a_field(standard, compiler, tmp_path):  # noqa: F811
    names = [*macros(compiler, standard), *sorted(KEYWORDS), "INFINITY", "NULL", "", "ü", "2 b"]
    source = struct(names)
    fields = fields_of(source)
    assert len(set(fields)) == len(names)
    uses = "".join(f"    n += sizeof(row->{field});\n" for field in fields)
    body = f"size_t used(const model_row *row) {{\n    size_t n = 0;\n{uses}    return n;\n}}\n"
    path = tmp_path / "fields.c"
    path.write_text(f"{HEADERS}{source}{body}")
    command = [compiler, *standard, "-Wall", "-Wextra", "-Werror", "-c", path, "-o"]
    done = subprocess.run([*command, tmp_path / "f.o"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:2000]


CLASHES = [
    ["a_b_2", "a b", "a.b"],
    ["int_1", "int"],
    ["column_int", "int", "column_int_1"],
    ["x_1", "x", "x_1_2", "x!", "x?"],
    ["a_2_2", "a_2", "a_", "a?"],
    ["", "_", "__", "column_"],
]


@pytest.mark.parametrize("names", CLASHES, ids=" ".join)
def test_fields_differ(names):
    fields = fields_of(struct(names))
    assert len(set(fields)) == len(names)
    assert fields_of(struct(["plain", "Size", "x2"])) == ["plain", "Size", "x2"]


HEADER_NAMES = ["NULL", "NAN", "INFINITY", "HUGE_VAL", "FP_NAN"]
HOSTILE = ["*/ evil /*", "a; evil", "a\n#error evil", "a??/", "a\\", '"', "%:", "_Pragma", "a\0b"]


@pytest.mark.parametrize("names", [HEADER_NAMES, HOSTILE, *CLASHES])
def test_tables_with_such_names_compile(names, tmp_path, compiler):  # noqa: F811
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(60, len(names))), columns=names)
    with quietly():
        model = TabularRegressor(preset="fast", network={"max_iter": 1}).fit(rows, rows[names[0]])
    compiled(to_c(model), tmp_path, compiler)


def test_a_level_with_nul_is_refused():
    rows = pd.DataFrame({"size": np.arange(60.0), "town": np.tile(["a", "a\0b", "c"], 20)})
    with quietly():
        model = TabularRegressor(preset="fast", network={"max_iter": 1}).fit(rows, rows["size"])
    with pytest.raises(ValueError, match=r"a level of column 'town' holds NUL.*: 'a\\x00b'"):
        to_c(model)


def test_a_class_with_nul_is_refused():
    labels = np.where(X[:, 0] > 0, "a\0b", "a")
    with quietly():
        model = MLPClassifier(hidden_layer_sizes=(4,), max_iter=2).fit(X, labels)
    with pytest.raises(ValueError, match=r"a class holds NUL.*: 'a\\x00b'"):
        to_c(model)


def test_the_first_lines_count():
    assert " writes 1 prediction\n" in to_c(regressor("members"))
    assert " writes 3 predictions\n" in to_c(regressor("quantiles"))
    assert f" x holds {ROWS.shape[1]} features.\n" in to_c(regressor("members"))
    assert " writes 1 probability, " in to_c(classifier("one"))
    assert " writes 2 probabilities, " in to_c(classifier("two words"))
    assert " x holds 1 feature.\n" in to_c(MLPRegressor().partial_fit([[0.0], [1.0]], [0.0, 1.0]))
