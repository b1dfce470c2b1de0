"""Intervals, findings, tables, plans: what every experiment stands on."""

import csv
import io
import json
import math

import numpy as np
import pytest
from scipy import stats

from deepgen._display.style import new_figure
from deepgen._display.text_table import format_table, to_csv
from deepgen.experiments import (
    CATALOG,
    Experiment,
    Finding,
    Interval,
    Measurement,
    Runner,
    RunPlan,
    bootstrap_interval,
    exact,
    find_experiment,
    t_interval,
)
from deepgen.experiments.finding import overall_verdict
from deepgen.experiments.gallery import write_gallery

ABOUT = Experiment("toy", "A toy", "Means are zero.", "Slide 'Toy'", "Draw numbers.", 5, 2)


def measure(plan):
    values = [np.random.RandomState(seed).randn() for seed in plan.seeds] or [0.0]
    return Measurement(
        [{"seed": seed, "value": value} for seed, value in zip(plan.seeds, values, strict=False)],
        [Finding("mean", t_interval(values), at_least=-100, at_most=100)],
        draw=lambda figure: figure.subplots().plot(values),
    )


TOY = Runner(ABOUT, measure)
ONE = RunPlan(seeds=(0,))


def test_t_interval_is_scipys():
    values = np.random.RandomState(0).randn(7)
    ours = t_interval(values, level=0.9)
    theirs = stats.t.interval(0.9, 6, values.mean(), stats.sem(values))
    assert (ours.low, ours.high) == pytest.approx(theirs, rel=1e-12)


def test_equal_numbers_have_an_interval_without_width():
    interval = t_interval([0.25] * 4)
    assert (interval.low, interval.estimate, interval.high) == (0.25, 0.25, 0.25)


def test_bootstrap_interval_covers_the_mean_about_as_often_as_it_says():
    hits = 0
    for seed in range(100):
        interval = bootstrap_interval(
            np.random.RandomState(seed).randn(30), np.mean, n_resamples=300
        )
        hits += interval.low <= 0 <= interval.high
    assert 85 <= hits <= 100


def normal_bca(values, statistic, resampled, level):
    """The definition of Efron 1987, written out; ``resampled`` are the statistics of resamples."""
    n, estimate = len(values), statistic(values)
    bias = stats.norm.ppf(stats.percentileofscore(resampled, estimate, kind="mean") / 100)
    without = np.array([statistic(np.delete(values, i, axis=0)) for i in range(n)])
    away = without.mean() - without
    skewness = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    normal = bias + stats.norm.ppf([(1 - level) / 2, (1 + level) / 2])
    return np.quantile(resampled, stats.norm.cdf(bias + normal / (1 - skewness * normal)))


def test_a_skewed_mean_has_the_bca_interval():
    values = np.random.RandomState(0).exponential(size=20)
    interval = bootstrap_interval(values, np.mean, n_resamples=20_000)
    rng = np.random.default_rng(1)
    resampled = values[rng.integers(20, size=(20_000, 20))].mean(axis=1)
    wanted = normal_bca(values, np.mean, resampled, 0.95)
    assert interval.method == "95 % BCa bootstrap interval, 20 seeds"
    assert (interval.low, interval.high) == pytest.approx(wanted, rel=0.01)
    assert wanted[1] > 1.02 * np.quantile(resampled, 0.975)


@pytest.mark.parametrize(
    ("values", "statistic"),
    [
        (np.arange(20.0), np.median),  # the jackknife has two values
        ([*np.arange(19.0), math.inf], lambda drawn: drawn.min()),
        (np.ones(20), np.mean),
        (np.arange(20.0), lambda drawn: np.unique(drawn).sum()),  # no resample has more
    ],
)
def test_where_bca_is_undefined_the_interval_has_percentiles(values, statistic):
    interval = bootstrap_interval(values, statistic)
    assert interval.method == f"95 % percentile bootstrap interval, {len(values)} seeds"


def test_one_seed_bounds_nothing():
    for interval in (t_interval([1.0]), bootstrap_interval([1.0])):
        assert (interval.low, interval.high) == (-math.inf, math.inf)
        assert Finding("x", interval, at_least=0).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (2, 3, "supported"),
        (1, 3, "supported"),
        (0, 3, "inconclusive"),
        (0, 1, "inconclusive"),
        (-1, 0.9, "not supported"),
        (math.nan, math.nan, "inconclusive"),
    ],
)
def test_the_verdict_follows_from_the_interval(low, high, verdict):
    assert Finding("x", Interval(1.0, low, high, "given"), at_least=1).verdict == verdict


GOOD, BAD = Finding("x", exact(1), at_least=0), Finding("y", exact(1), at_least=2)
OPEN = Finding("z", t_interval([1.0]), at_least=0)
BUILT = Finding("w", exact(1), at_least=0, construction=True)
BROKEN = Finding("v", exact(1), at_least=2, construction=True)


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([GOOD], "supported"),
        ([GOOD, OPEN], "inconclusive"),
        ([BAD], "not supported"),
        ([BAD, OPEN], "not supported"),
        ([GOOD, BAD], "mixed"),
        ([GOOD, OPEN, BAD], "mixed"),
        ([BUILT], "supported"),
        ([BUILT, BAD], "not supported"),
        ([BUILT, OPEN], "inconclusive"),
        ([BROKEN], "not supported"),
        ([BROKEN, GOOD], "mixed"),
    ],
)
def test_the_verdict_of_an_experiment_follows_from_its_findings(findings, verdict):
    assert overall_verdict(findings) == verdict


def test_a_construction_is_no_evidence_and_may_fail():
    assert BUILT.verdict == "construction"
    assert BROKEN.verdict == "not supported"


@pytest.mark.parametrize(
    ("findings", "decisive"), [([GOOD, BAD], BAD), ([GOOD, OPEN], OPEN), ([BUILT], BUILT)]
)
def test_the_interval_of_a_result_is_that_which_decides(findings, decisive):
    plan = Measurement([{"x": 1}], findings, draw=lambda figure: None)
    result = Runner(ABOUT, lambda _: plan)()
    assert result.interval is decisive.interval


@pytest.mark.parametrize("limits", [{}, {"at_least": 2, "at_most": 1}, {"at_least": math.nan}])
def test_a_finding_that_cannot_fail_is_refused(limits):
    with pytest.raises(ValueError, match="claims nothing that can fail"):
        Finding("x", exact(1), **limits)


def test_tables_keep_all_columns_and_all_digits():
    rows = [{"model": "a,b", "loss": np.float64(0.1)}, {"model": "c", "n": np.int64(3)}]
    back = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert back[0] == {"model": "a,b", "loss": "0.1", "n": ""}
    assert back[1]["n"] == "3"
    assert format_table(rows).splitlines()[0].split() == ["model", "loss", "n"]


def test_seeds_and_sizes_reach_the_measurement():
    assert TOY().seeds == (0, 1, 2, 3, 4)
    assert TOY(quick=True).seeds == (0, 1)
    assert TOY(seeds=3).seeds == (0, 1, 2)
    assert TOY(seeds=[7, 3]).command == "deepgen experiment run toy --seeds 7,3"
    assert TOY(quick=True, seeds=3).command == "deepgen experiment run toy --quick --seeds 3"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seeds": 0}, "at least 1"),
        ({"seeds": []}, "distinct integers"),
        ({"seeds": [1, 1]}, "distinct integers"),
        ({"seeds": [-1]}, "distinct integers"),
        ({"seeds": [0.5]}, "distinct integers"),
        ({"seeds": "3"}, "integer or a sequence"),
        ({"seeds": True}, "integer or a sequence"),
        ({"n_jobs": 0}, "n_jobs must be"),
        ({"n_jobs": 1.5}, "n_jobs must be"),
    ],
)
def test_bad_settings_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        TOY(**wrong)


def test_jobs_change_nothing_but_time():
    told = []
    plan = RunPlan((0, 1, 2), n_jobs=2, progress=lambda *parts: told.append(parts))
    assert plan.map(abs, [-1, -2, -3], "abs") == [1, 2, 3]
    assert told == [("abs", done, 3) for done in range(4)]


def test_a_result_saves_table_document_and_pictures(tmp_path):
    result = TOY()
    paths = result.save(tmp_path / "new" / "folder")
    assert [path.name for path in paths] == ["toy.csv", "toy.json", "toy.png", "toy.svg"]
    assert all(path.stat().st_size for path in paths)
    document = json.loads(paths[1].read_text())
    assert document["verdict"] == result.verdict
    assert document["seeds"] == [0, 1, 2, 3, 4]
    assert [row["value"] for row in document["table"]] == [row["value"] for row in result.table]
    for text in (result.claim, result.verdict, "5 seeds", "95 % t interval"):
        assert text in str(result)


def test_pages_show_verdicts_and_the_day_of_the_run(tmp_path):
    findings = [GOOD, BAD, BUILT]
    result = Runner(ABOUT, lambda _: Measurement([{"x": 1}], findings, draw=measure(ONE).draw))()
    page = write_gallery([result], tmp_path).read_text()
    assert '<span class="verdict mixed">mixed</span>' in page
    assert "construction" in page and result.date in page
    summary = (tmp_path / "summary.md").read_text()
    assert "| [`toy`](#toy) | A toy | mixed | 5 |" in summary
    assert "| w | 1 | exact | at least 0 | construction |" in summary
    assert f"Run: `deepgen experiment run toy`, on {result.date} in 0 s." in summary
    assert json.loads(result.to_json())["date"] == result.date


def test_equal_runs_give_equal_files(tmp_path):
    first, second = (TOY().save(tmp_path / name) for name in "ab")
    for one, other in zip(first, second, strict=True):
        if one.suffix != ".json":  # which holds the time that the run took
            assert one.read_bytes() == other.read_bytes()


def test_numbers_that_are_not_finite_are_written_down():
    result = TOY(seeds=1)
    finding = json.loads(result.to_json())["findings"][0]
    assert (finding["low"], finding["high"]) == ("-inf", "inf")


def test_without_matplotlib_the_table_is_saved_still(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.warns(UserWarning, match=r"pip install 'deepgen\[plot\]'"):
        paths = TOY().save(tmp_path)
    assert [path.suffix for path in paths] == [".csv", ".json"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot make the folder"):
        TOY().save(tmp_path / "file" / "folder")


def test_figures_leave_pyplot_and_its_settings_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    assert TOY().figure().axes
    assert new_figure(lambda figure: figure.subplots()).get_size_inches().tolist() == [10, 5]
    assert dict(matplotlib.rcParams) == before


def test_the_catalog_names_each_experiment_once_after_its_file():
    names = [runner.experiment.name for runner in CATALOG]
    assert len(set(names)) == len(names)
    for runner in CATALOG:
        assert find_experiment(runner.experiment.name) is runner
        assert runner.measure.__module__ == f"deepgen.experiments.claims.{runner.experiment.name}"
        about = runner.experiment
        assert all((about.title, about.claim, about.source, about.protocol))
        assert (about.seeds == 0) == (about.quick_seeds == 0)


def test_an_unknown_experiment_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown experiment 'nope'; known: .*mlp_loss"):
        find_experiment("nope")
