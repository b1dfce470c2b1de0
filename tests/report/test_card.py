"""Cards of all kinds of models: nothing fails, and numbers are those of the estimators."""

import re
from functools import partial
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from deepgen._interval import bootstrap_interval
from deepgen.embeddings import CategoryEmbedding
from deepgen.generalization import lipschitz
from deepgen.losses import Quantile
from deepgen.preprocessing import TableEncoder
from deepgen.report import card
from deepgen.report.calibration import measure_calibration
from deepgen.report.judged import Judged
from deepgen.report.markdown import to_markdown
from deepgen.report.scores import score_intervals
from deepgen.report.section import Section

pandas = pytest.importorskip("pandas")
Figure = pytest.importorskip("matplotlib.figure").Figure
pytest.importorskip("jinja2")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 3))
Y = X[:, 0] + np.sin(2 * X[:, 1]) + 0.2 * RANDOM.normal(size=120)
LABEL = np.array(["a", "b", "c|<i>"])[np.digitize(Y, [-0.5, 0.5])]
TABLE = pandas.DataFrame({"size": X[:, 0], "town": np.where(X[:, 1] > 0, "Ulm", None)})
TABLE.loc[3, "size"] = np.nan
CODES = np.abs(X).round()
SMALL = {"hidden_layer_sizes": (6,), "max_iter": 5, "random_state": 0}
NETWORK = {"network": {"hidden_layer_sizes": (6,), "max_iter": 5}, "random_state": 0}


def regressor(**changes):
    return MLPRegressor(**SMALL | changes)


def classifier(**changes):
    return MLPClassifier(**SMALL | changes)


DEEP = {"hidden_layer_sizes": (6, 6, 6)}
KINDS = {
    "regression": (regressor(), X, Y),
    "two outputs": (regressor(), X, np.stack([Y, -Y], 1)),
    "one quantile": (regressor(loss=Quantile(0.9)), X, Y),
    "quantiles": (regressor(loss=Quantile([0.1, 0.5, 0.9])), X, Y),
    "absolute error": (regressor(loss="absolute_error"), X, Y),
    "counts": (regressor(loss="poisson"), X, np.abs(Y).round()),
    "batch norm": (regressor(normalization="batch", activation="tanh"), X, Y),
    "layer norm and dropout": (classifier(normalization="layer", dropout=0.2), X, LABEL),
    "members": (classifier(n_members=2), X, LABEL),
    "two classes": (classifier(), X, Y > 0),
    "one class": (classifier(), X, np.zeros(120, dtype=int)),
    "labels": (classifier(), X, np.stack([Y > 0, X[:, 0] > 0], 1).astype(int)),
    "highway": (classifier(**DEEP, skip="highway"), X, LABEL),
    "residual": (regressor(**DEEP, skip="residual", activation="selu"), X, Y),
    "parametric": (regressor(normalization="weight", activation="gelu"), X, Y),
    "waves": (regressor(numerical_embedding="pbld", input_scale=True), X, Y),
    "bins": (regressor(numerical_embedding="pwl"), X, Y),
    "embedded codes": (regressor(category_embedding=CategoryEmbedding([0])), CODES, Y),
    "sparse": (regressor(), csr_array(X), Y),
    "no hidden layer": (classifier(hidden_layer_sizes=()), X, LABEL),
    "pipeline": (make_pipeline(StandardScaler(), regressor()), X, Y),
    "table in a pipeline": (make_pipeline(TableEncoder(), classifier()), TABLE, LABEL),
    "table of numbers": (TabularRegressor(**NETWORK), TABLE, Y),
    "table of classes": (TabularClassifier(**NETWORK, n_members=2), TABLE, LABEL),
    "table of quantiles": (TabularRegressor(**NETWORK, loss=Quantile([0.1, 0.9])), TABLE, Y),
    "table of two outputs": (TabularRegressor(**NETWORK), TABLE, np.stack([Y, -Y], 1)),
    "array as table": (TabularRegressor(**NETWORK), X, Y),
}


# Each figure at least once; drawing takes most of the time.
DRAWN = (
    "regression",
    "two classes",
    "members",
    "one class",
    "table of quantiles",
    "no hidden layer",
)


class Tags(HTMLParser):
    """Check that every tag is closed in order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        assert tag not in ("i", "script")
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module", params=KINDS)
def judged(request):
    model, rows, y = KINDS[request.param]
    return Judged(model.fit(rows, y), rows, y, request.param)


@pytest.fixture
def quick(monkeypatch):
    """Fewer resamples and repeats, where their number does not matter."""
    few = partial(bootstrap_interval, n_resamples=50)
    monkeypatch.setattr("deepgen.report.calibration.bootstrap_interval", few)
    monkeypatch.setattr("deepgen.report.calibration.N_DRAWS", 200)
    monkeypatch.setattr("deepgen.report.columns.N_REPEATS", 3)
    monkeypatch.setattr("deepgen.report.lipschitz_bracket.WORK", 1e5)
    monkeypatch.setattr("deepgen.report.lipschitz_bracket.MAX_PROGRAMS", 20)
    without = partial(lipschitz, sdp=False)
    monkeypatch.setattr("deepgen.report.lipschitz_bracket.lipschitz", without)


def test_no_kind_of_model_fails(judged, quick):
    made = card(judged.model, judged.X, judged.y, name="a <b>|table")
    titles = [section.title for section in made.sections]
    assert titles[:2] == ["The model", "Scores"] and titles[-1] == "Limits"
    assert {"Calibration", "Columns"} <= set(titles)
    for section in made.sections:
        if section.draw is not None and judged.where in DRAWN:
            section.draw(Figure())
    text = made.to_markdown()
    assert "120 rows of a \\<b\\>\\|table" in text and "nan" not in text.lower()


def test_scores_are_the_estimators_own_between_their_limits(judged):
    first = next(iter(score_intervals(judged).values()))
    assert first.estimate == pytest.approx(judged.model.score(judged.X, judged.y), abs=1e-12)
    assert first.low <= first.estimate <= first.high


def test_limits_of_r2_cover_it_as_often_as_they_say():
    class Line:
        members_ = [type("M", (), {"_targets": type("T", (), {"loss": None})})]

        def predict(self, rows):
            return rows[:, 0]

        def score(self, rows, y):
            return 1 - np.mean((y - rows[:, 0]) ** 2) / np.var(y)

    class OfLine(Judged):
        classes = None
        members = Line.members_

    covered = []
    random = np.random.default_rng(1)
    for _ in range(400):
        x = random.normal(size=(200, 1))
        y = x[:, 0] + 0.3 * random.normal(size=200)
        r2 = score_intervals(OfLine(Line(), x, y, "rows"))["R2"]
        covered.append(r2.low <= 1 - 0.09 / 1.09 <= r2.high)
    # With the denominator taken as fixed it would be 0.85.
    assert 0.91 < np.mean(covered) < 0.98


def test_right_probabilities_show_no_miscalibration_and_others_do():
    p = RANDOM.uniform(size=1000)
    right = measure_calibration(p, RANDOM.random(1000) < p)
    assert right.error.estimate < right.chance
    sure = measure_calibration(p, RANDOM.random(1000) < 0.25 + p / 2)
    # The mean of |p - 0.5| / 2 for uniform p is 1/8.
    assert sure.error.low < 0.125 < sure.error.high and sure.error.low > sure.chance
    assert sure.n.tolist() == [100] * 10
    shares = [share.estimate for share in sure.share]
    assert np.abs(shares - (0.25 + sure.predicted / 2)).max() < 0.15


def test_the_calibration_error_by_hand():
    p = np.repeat([0.2, 0.8], 50)
    hit = np.concatenate([np.arange(50) < 20, np.arange(50) < 40])
    measured = measure_calibration(p, hit)
    assert measured.error.estimate == pytest.approx(0.5 * 0.2 + 0.5 * 0.0)
    assert measured.predicted == pytest.approx([0.2, 0.8]) and measured.n.tolist() == [50, 50]
    with pytest.raises(ValueError, match="39 rows are too few, 40 are needed"):
        measure_calibration(np.full(39, 0.5), np.ones(39, dtype=bool))


def test_words_follow_the_numbers(quick):
    rows = RANDOM.normal(size=(800, 2))
    y = RANDOM.random(800) < 1 / (1 + np.exp(-rows[:, 0]))
    model = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs", alpha=0.0).fit(rows, y)
    assert "can be told from chance" in card(model, rows, y).to_markdown()
    model.coefs_[0][:] *= 3
    assert "too sure" in card(model, rows, y).to_markdown()
    model.coefs_[0][:] /= 9
    assert "too cautious" in card(model, rows, y).to_markdown()


def test_quantiles_are_covered_as_promised_or_not(quick):
    y = RANDOM.normal(size=1000)
    rows = RANDOM.normal(size=(1000, 1))
    loss = Quantile([0.1, 0.5, 0.9])
    model = MLPRegressor(hidden_layer_sizes=(), loss=loss, solver="lbfgs", alpha=0.0)
    model.fit(rows, y)
    assert "All agree within chance" in card(model, rows, y).to_markdown()
    assert "Off beyond chance: below the 0\\.1" in card(model, rows, y + 1).to_markdown().replace(
        "0.1", "0\\.1"
    )


def test_the_column_that_matters_stands_first():
    table = RANDOM.normal(size=(600, 5))
    model = MLPRegressor(hidden_layer_sizes=(16,), max_iter=200, random_state=0)
    model.fit(table[:300], np.abs(table[:300, 3]))
    made = card(model, table[300:], np.abs(table[300:, 3]))
    ranked = next(section for section in made.sections if section.title == "Columns").table
    assert ranked[0]["column"] == "3" and ranked[0]["low"] > 0.5
    assert ranked[1]["high"] < 0.1


def test_the_bracket_is_the_constant_where_all_pieces_are_seen(quick):
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0.0).fit(X, 3 * X[:, 1])
    made = card(model, X, 3 * X[:, 1])
    bracket = next(section for section in made.sections if section.title == "Lipschitz bracket")
    values = [row["value"] for row in bracket.table if row["value"] is not None]
    assert values == pytest.approx([3.0] * len(values), rel=1e-4) and len(values) >= 3
    assert "It is 3. Upper" in bracket.paragraphs[0]


def test_how_far_rows_keep_their_class_is_their_distance_from_a_line(quick):
    model = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs", dtype="float64", random_state=0)
    model.fit(X, Y > 0)
    # Where the classifier is linear, the bound is the distance from its line.
    distances = model.decision_function(X) * np.where(Y > 0, 1, -1)
    distances /= np.linalg.norm(model.coefs_[0])
    told = f"{np.median(distances[distances > 0]):.3g} in the median"
    assert told in card(model, X, Y > 0).to_markdown()
    # The gap between two of several logits changes by at most sqrt(2) times their norm.
    several = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs", random_state=0).fit(X, LABEL)
    found = re.search(r"([0-9.]+) in the median", card(several, X, LABEL).to_markdown())
    logits = several.decision_function(X)
    codes = np.searchsorted(several.classes_, LABEL)
    gaps = logits[np.arange(120), codes][:, None] - logits
    slopes = np.linalg.norm(several.coefs_[0].T[codes][:, None] - several.coefs_[0].T, axis=2)
    true = np.min(np.where(slopes > 0, gaps / np.maximum(slopes, 1e-9), np.inf), axis=1)
    assert 0 < float(found[1]) <= np.median(true[true > 0])


def test_margins_are_those_of_the_logits(quick):
    model = classifier(dtype="float64").fit(X, LABEL)
    made = card(model, X, LABEL)
    table = next(section for section in made.sections if section.title == "Margins").table
    logits = model.decision_function(X)
    codes = np.searchsorted(model.classes_, LABEL)
    own = logits[np.arange(120), codes]
    logits[np.arange(120), codes] = -np.inf
    margin = own - logits.max(axis=1)
    for code, row in enumerate(table):
        assert row["median"] == pytest.approx(np.median(margin[codes == code]))
        assert row["wrong"] == np.mean(margin[codes == code] <= 0)


def test_what_the_model_does_not_know_is_told(quick):
    model = TabularClassifier(**NETWORK).fit(TABLE, LABEL)
    rows = TABLE.copy()
    rows["town"] = "Cham"
    y = LABEL.copy()
    y[0], y[y == "b"] = "new", "a"
    text = card(model, rows, y).to_markdown()
    for told in (
        "Classes here that it does not know: new",
        "Not judged, since no row here has them: b",
        "Missing cells here: size (1)",
        "Categories here that it has not seen count as missing: town (120)",
    ):
        assert told in text
    numbers = TabularRegressor(**NETWORK).fit(TABLE, Y)
    assert f"its training targets: {Y.min():.4g} to {Y.max():.4g}" in card(
        numbers, TABLE, Y
    ).to_markdown().replace("\\", "")


def test_some_rows_of_some_rows_are_told_as_some_of_all():
    fewer = Judged(None, X, Y, "120 rows").some(50).some(10)
    assert fewer.where == "10 of 120 rows" and fewer.n_rows == 10 == len(fewer.X)
    assert fewer.y[-1] == Y[-1]


def test_too_much_work_is_left_out_with_the_reason(monkeypatch, quick):
    monkeypatch.setattr("deepgen.report.columns.PERMUTED_WORK", 1.0)
    text = card(regressor().fit(X, Y), X, Y).to_markdown()
    assert "Permutation importance was left out: 3 columns" in text
    monkeypatch.setattr("deepgen.report.columns.INTEGRATED_WORK", 1.0)
    assert "to first order" in card(regressor().fit(X, Y), X, Y).to_markdown()


def test_the_suffix_chooses_the_format(tmp_path, quick):
    frame = pandas.DataFrame(X, columns=["<i>u</i>", "$v", "w$"])
    made = card(regressor().fit(frame, Y), frame, Y)
    made.save(tmp_path / "card.md")
    made.save(tmp_path / "card.html")
    assert (tmp_path / "card.md").read_text() == made.to_markdown()
    page = (tmp_path / "card.html").read_text()
    tags = Tags()
    tags.feed(page)
    assert tags.open == [] and page.startswith("<!doctype html>") and page.count("<img") == 3
    with pytest.raises(ValueError, match=r"ends in one of .md, .markdown, .html, .htm, got"):
        made.save(tmp_path / "card.pdf")
    with pytest.raises(ValueError, match="cannot write"):
        made.save(tmp_path / "no" / "card.md")
    assert repr(made).startswith("Card('Card of an MLPRegressor': The model, Scores, ")


def test_markup_in_names_stays_text():
    section = Section("a*b", ["[x](y) `z`\nnext"], [{"c|d": "<b>", "e": 1.5}], points=["_u_ $v$"])
    assert to_markdown("T", "s", [section], "1").split("\n\n") == [
        "# T", "s", "## a\\*b", "\\[x\\](y) \\`z\\` next", "- \\_u\\_ \\$v\\$",
        "| c\\|d | e |\n| --- | --- |\n| \\<b\\> | 1.5 |", "Written by deepgen 1.\n",
    ]  # fmt: skip


@pytest.mark.parametrize("change, words", [
    ({"y": Y[:3]}, "X has 120 rows, y has 3"),
    ({"X": X[:1], "y": Y[:1]}, "at least 2 rows, got 1"),
    ({"X": X[:, :2]}, "2 features"),
])  # fmt: skip
def test_bad_input_is_named(change, words):
    with pytest.raises(ValueError, match=words):
        card(**{"model": regressor().fit(X, Y), "X": X, "y": Y} | change)


def test_models_of_other_packages_are_refused():
    from sklearn.linear_model import LinearRegression

    with pytest.raises(TypeError, match="MLPRegressor"):
        card(LinearRegression().fit(X, Y), X, Y)


def mixed_table():
    dates = pandas.date_range("2020-01-01", periods=len(X), freq="37D")
    return pandas.DataFrame(
        {"u": X[:, 0], "town": np.where(X[:, 1] > 0, "Ulm", "Bonn"), "t": dates}
    )


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_tables_of_other_libraries_give_the_same_card(library, quick):
    other = pytest.importorskip(library)
    table = mixed_table()
    same = other.from_pandas(table) if library == "polars" else other.Table.from_pandas(table)
    model = TabularClassifier(**NETWORK).fit(table, LABEL)
    assert card(model, same, LABEL).to_markdown() == card(model, table, LABEL).to_markdown()


def test_columns_in_another_order_keep_their_numbers(quick):
    table = mixed_table()
    model = TabularRegressor(**NETWORK).fit(table, Y)
    found = {}
    for order in (["u", "town", "t"], ["t", "town", "u"]):
        section = next(s for s in card(model, table[order], Y).sections if s.title == "Columns")
        found[order[0]] = {row["column"]: list(row.values())[1] for row in section.table}
    assert found["u"] == found["t"]


@pytest.mark.parametrize(
    ("model", "y", "message"),
    [
        (regressor(), np.where(Y > 1, np.nan, Y), "NaN"),
        (regressor(), LABEL, "y holds <U5"),
        (regressor(), Y * 1j, "y holds complex"),
        (regressor(), np.full(120, "2020-01-01", "M8[D]"), "y holds datetime64"),
        (regressor(), np.stack([Y, Y], 1), r"shape \(120, 2\), the model predicts shape \(120,\)"),
        (regressor(), None, "y its targets"),
        (classifier(), np.array([None, *LABEL[1:]], dtype=object), "the first is row 0"),
        (classifier(), np.arange(120) % 3, "y holds no text, the classes of the model text"),
    ],
)
def test_targets_of_another_kind_are_refused(model, y, message):
    model.fit(X, LABEL if isinstance(model, MLPClassifier) else Y)
    with pytest.raises(ValueError, match=message):
        card(model, X, y)


def test_a_named_class_below_one_half_can_be_too_sure(quick):
    rows = RANDOM.normal(size=(800, 2))
    y = RANDOM.integers(6, size=800)
    model = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs").fit(rows, y)
    model.coefs_[0][:] = 0.3 * RANDOM.normal(size=(2, 6))
    # It names a class with about 0.3, and one of six is right.
    assert model.predict_proba(rows).max(axis=1).mean() < 0.45
    assert "too sure" in card(model, rows, y).to_markdown()
