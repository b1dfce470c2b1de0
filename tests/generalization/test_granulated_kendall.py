import gzip
import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from deepgen.generalization import granulated_kendall


def brute_force(rows, measure, gap, by):
    """Every pair of rows that differ in one hyper-parameter only, one after the other."""
    sign = lambda a, b: (a > b) - (a < b)  # noqa: E731
    psi = {}
    for varied in by:
        groups = {}
        for row in rows:
            key = tuple(json.dumps(row[name]) for name in by if name != varied)
            groups.setdefault(key, []).append(row)
        taus = []
        for group in groups.values():
            products = [
                sign(a[measure], b[measure]) * sign(a[gap], b[gap])
                for i, a in enumerate(group)
                for b in group[:i]
                if a[varied] != b[varied]
            ]
            if products:
                taus.append(sum(products) / len(products))
        if taus:
            psi[varied] = sum(taus) / len(taus)
    return sum(psi.values()) / len(psi), psi


def random_rows(seed=0, n=60):
    draw = np.random.RandomState(seed)
    return [
        {
            "depth": int(draw.randint(1, 4)),
            "layers": [int(draw.choice([16, 64]))] * 2,
            "solver": str(draw.choice(["sgd", "adam"])),
            "norm": float(draw.randint(8)),  # with ties
            "gap": float(draw.rand()),
        }
        for _ in range(n)
    ]


BY = ["depth", "layers", "solver"]


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_mean_over_all_pairs_that_differ_in_one_thing(seed):
    rows = random_rows(seed)
    found = granulated_kendall(rows, "norm", "gap", BY)
    value, psi = brute_force(rows, "norm", "gap", BY)
    assert found.value == pytest.approx(value, abs=1e-14)
    assert {one.name: one.value for one in found.by} == pytest.approx(psi, abs=1e-14)
    signs = [
        np.sign(a["norm"] - b["norm"]) * np.sign(a["gap"] - b["gap"])
        for i, a in enumerate(rows)
        for b in rows[:i]
    ]
    assert found.pooled == pytest.approx(np.mean(signs), abs=1e-14)


def test_without_ties_the_pooled_coefficient_is_kendalls():
    from scipy.stats import kendalltau

    draw = np.random.RandomState(0)
    table = {"norm": draw.rand(500), "gap": draw.rand(500), "depth": np.arange(500)}
    found = granulated_kendall(table, "norm", "gap", "depth")
    expected = kendalltau(table["norm"], table["gap"]).statistic
    assert found.pooled == pytest.approx(expected, abs=1e-12)
    assert found.value == pytest.approx(expected, abs=1e-12)  # all differ in the one thing


def test_a_confounder_makes_the_pooled_coefficient_alone():
    """Within a noise level the measure is worthless or worse; over levels both rise."""
    draw = np.random.RandomState(0)
    noise, width = (a.ravel() for a in np.meshgrid(np.arange(6.0), np.arange(8.0)))
    table = {"noise": noise, "width": width}
    table["norm"] = 100 * noise + width + 0.1 * draw.rand(len(noise))
    table["gap"] = noise - 0.01 * width
    found = granulated_kendall(table, "norm", "gap", ["width", "noise"])
    by = {one.name: one for one in found.by}
    assert by["width"].value == -1 and by["noise"].value == 1 and found.pooled > 0.6
    assert (by["width"].n_groups, by["width"].n_pairs) == (6, 6 * 28)
    assert found.value == 0 and found.interval.low <= 0 <= found.interval.high


def test_frames_rows_and_columns_are_the_same_table():
    pandas = pytest.importorskip("pandas")
    rows = random_rows()
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    values = {
        granulated_kendall(table, "norm", "gap", BY).value
        for table in (rows, columns, pandas.DataFrame(columns))
    }
    assert len(values) == 1


def test_none_is_one_value_of_a_hyper_parameter_in_a_frame_too():
    pandas = pytest.importorskip("pandas")
    # A frame turns None among numbers into NaN, which differs from itself.
    rows = [
        {"dropout": dropout, "width": width, "norm": width, "gap": -width}
        for dropout in (None, 0.1)
        for width in (1, 2, 3)
    ]
    by = ["dropout", "width"]
    plain = granulated_kendall(rows, "norm", "gap", by)
    assert [(one.value, one.n_groups) for one in plain.by] == [(0.0, 3), (-1.0, 2)]
    assert granulated_kendall(pandas.DataFrame(rows), "norm", "gap", by).by == plain.by


def test_the_interval_narrows_with_the_number_of_groups():
    few, many = (granulated_kendall(random_rows(n=n), "norm", "gap", BY) for n in (40, 2000))
    widths = [one.interval.high - one.interval.low for one in (few, many)]
    assert few.interval.low < few.value < few.interval.high and widths[1] < widths[0]
    assert few.interval == granulated_kendall(random_rows(n=40), "norm", "gap", BY).interval


def test_infinite_measures_have_ranks():
    table = {"norm": [1.0, 2.0, np.inf, np.inf], "gap": [0, 1, 2, 3], "depth": [1, 2, 3, 4]}
    assert granulated_kendall(table, "norm", "gap", ["depth"]).pooled == pytest.approx(5 / 6)


@pytest.mark.parametrize(
    ("change", "by", "message"),
    [
        ({}, ["width"], "no column 'width'"),
        ({}, [], "at least one hyper-parameter"),
        ({"gap": [0.1, np.nan]}, ["depth"], "1 rows without a number"),
        ({"norm": ["a", "b"]}, ["depth"], "must be numbers"),
        ({"norm": [1.0]}, ["depth"], "different lengths"),
        ({"depth": [3, 3]}, ["depth"], "no two rows differ"),
    ],
)
def test_bad_tables_are_refused(change, by, message):
    table = {"norm": [1.0, 2.0], "gap": [0.1, 0.2], "depth": [1, 2]} | change
    with pytest.raises(ValueError, match=message):
        granulated_kendall(table, "norm", "gap", by)


def test_table_plot_and_repr():
    found = granulated_kendall(random_rows(), "norm", "gap", BY)
    assert found.table().splitlines()[-1].startswith("anything (pooled)")
    assert repr(found).startswith("GranulatedKendall(norm with gap: ")
    pytest.importorskip("matplotlib")
    assert len(found.plot().patches) >= 3


def deck_rows(folder):
    def lines(name):
        with gzip.open(folder / "deck" / name, "rt") as file:
            return [json.loads(line) for line in file]

    models = {model["model_id"]: model for model in lines("models.log.gz")}
    rows = [models[row["model_id"]] | row for row in lines("evaluations.log.gz")]
    return [row for row in rows if row["train_acc"] >= 0.9]


def test_the_decks_logs_are_confounded_with_the_noise_of_the_labels(shared_data):
    rows = deck_rows(shared_data)
    assert len(rows) == 1688

    def spearman(some):
        return spearmanr([row["lipschitz"] for row in some], [row["excess_risk"] for row in some])

    assert spearman(rows).statistic == pytest.approx(0.41, abs=0.005)
    levels = sorted({row["label_noise_rate"] for row in rows})
    within = {
        level: spearman([row for row in rows if row["label_noise_rate"] == level]).statistic
        for level in levels
    }
    assert np.mean(list(within.values())) == pytest.approx(0.33, abs=0.01)
    assert min(within.values()) == pytest.approx(-0.53, abs=0.01)
    assert max(within.values()) == pytest.approx(0.73, abs=0.01)
    # The two "data seeds" of the logs are one, so half of the rows are copies.
    distinct = list({(row["model_id"], row["label_noise_rate"]): row for row in rows}.values())
    by = ["width", "depth", "solver", "learning_rate", "learning_rate_init", "label_noise_rate"]
    distinct = [
        {name: row.get(name) for name in (*row, *by)} for row in distinct
    ]  # L-BFGS: no rate
    found = granulated_kendall(distinct, "lipschitz", "excess_risk", by)
    psi = {one.name: one.value for one in found.by}
    of_networks = np.mean([psi[name] for name in by[:-1]])
    assert (psi["label_noise_rate"], of_networks) == pytest.approx((0.378, 0.171), abs=0.001)
    assert (found.value, found.pooled) == pytest.approx((0.206, 0.281), abs=0.001)
