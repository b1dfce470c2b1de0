"""CSV files of any shape: each value stays under its own name, or the file is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepgen.tables import read_table

pytest.importorskip("pandas")

N_COLUMNS = 3
SEPARATORS = [",", ", ", ";", "\t"]
ENDS = ["\n", "\r\n", "\r"]
STARTS = ["", "\ufeff", "\n", "# comment\n"]
JUNK = ["", '5" disk', '""', "\0", "NaN", "é", '"a,b"', '"a\nb"', " ", "1e400", "'"]


@st.composite
def csv_files(draw):
    """Lines whose cells say to which column they belong, some of them damaged."""
    separator, end = draw(st.sampled_from(SEPARATORS)), draw(st.sampled_from(ENDS))
    names = [f"c{j}" for j in range(N_COLUMNS)]
    if draw(st.booleans()):
        names[draw(st.integers(0, N_COLUMNS - 1))] = draw(st.sampled_from([*JUNK, *names]))
    lines = [names[: draw(st.sampled_from([N_COLUMNS] * 4 + [1, 2]))]]
    for _ in range(draw(st.integers(0, 4))):
        n_cells = draw(st.sampled_from([N_COLUMNS] * 6 + [0, 1, 2, N_COLUMNS + 1]))
        cells = [f"of {j}" for j in range(n_cells)]
        if cells and draw(st.integers(0, 3)) == 0:
            cells[draw(st.integers(0, n_cells - 1))] = draw(st.sampled_from(JUNK))
        lines.append(cells)
    text = draw(st.sampled_from(STARTS)) + end.join(map(separator.join, lines))
    return text + draw(st.sampled_from([end, "", end * 3]))


@settings(max_examples=500)
@given(text=csv_files(), encoding=st.sampled_from(["utf-8", "utf-8", "utf-16", "latin-1"]))
def test_a_value_never_moves_to_another_column(text, encoding, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "shape.csv"
    path.write_bytes(text.encode(encoding, "replace"))
    try:
        table = read_table(path)
    except ValueError as error:
        assert "shape.csv" in str(error)
        return
    assert len(set(table.columns)) == table.shape[1] and all(map(str.strip, table.columns))
    assert table.index.tolist() == list(range(len(table)))
    for place, name in enumerate(table.columns):
        for cell in table[name].dropna().astype(str):
            if cell.startswith("of ") and len(cell) == len("of 0"):
                assert cell == f"of {place}", text
