"""The guide: its code runs and shows the output that it has, its links lead somewhere."""

import re

import pytest
from conftest import ROOT

from docs import pages

GUIDE = sorted((ROOT / "docs" / "guide").glob("*.md"))
RUN = [*GUIDE, ROOT / "README.md"]
LINKING = [*RUN, *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "examples").glob("*.md")]
LINKING += [ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")]


def name_of(path):
    return str(path.relative_to(ROOT))


@pytest.mark.slow
@pytest.mark.parametrize("path", RUN, ids=name_of)
def test_code_of_a_page_does_what_the_page_shows(path, tmp_path, monkeypatch, request):
    if path.name == "on-a-gpu.md":
        request.getfixturevalue("on_emulator")
    if path.name in ("callbacks.md", "landscapes.md"):
        pytest.importorskip("sklearn.callback", reason="callbacks need scikit-learn 1.9")
    if path.name == "export.md":
        for library in ("onnxruntime", "skl2onnx"):
            pytest.importorskip(library, reason="the gate's stage 'exports' installs it")
    if path.name == "many-machines.md":
        for library in ("distributed", "dask.dataframe"):
            pytest.importorskip(library, reason="the gate's stage 'dask' installs it")
    if path.name == "uncertainty.md":
        pytest.importorskip("mapie", reason="conformal intervals are MAPIE's")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    namespace = {"__name__": "__main__"}
    with pages.listening() as caught:
        for block in pages.blocks(path.read_text()):
            got = pages.run(block, name_of(path), namespace, caught)
            assert not (problem := pages.difference(block, got)), problem


@pytest.mark.parametrize("path", GUIDE, ids=name_of)
def test_every_block_of_the_guide_is_code_or_its_output(path):
    languages = pages.languages(path.read_text())
    assert set(languages) <= {"python", "text", "sh"}
    pairs = zip(["", *languages], languages, strict=False)
    assert all(before == "python" for before, language in pairs if language == "text")


def block(language, text):
    return f"```{language}\n{text}\n```\n"


def test_a_wrong_output_an_untold_warning_and_an_untold_error_are_noticed():
    text = block("python", "print(1)") + block("text", "2")
    text += block("python", "import warnings\nwarnings.warn('x')")
    wrong, untold = pages.blocks(text)
    (raising,) = pages.blocks(block("python", "1 / 0"))
    with pages.listening() as caught:
        got = pages.run(wrong, "page", {}, caught)
        assert "Got:\n    1" in pages.difference(wrong, got)
        got = pages.run(untold, "page", {}, caught)
        assert "UserWarning: x" in pages.difference(untold, got)
        with pytest.raises(ZeroDivisionError):
            pages.run(raising, "page", {}, caught)


def anchors(text):
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", LINKING, ids=name_of)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\((?!https?:)([^)\s]*)\)", path.read_text()):
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        assert not anchor or anchor in anchors(there.read_text()), target


def test_the_index_lists_every_page():
    index = (ROOT / "docs" / "guide" / "README.md").read_text()
    assert [path.name for path in GUIDE if f"]({path.name})" not in index] == ["README.md"]
