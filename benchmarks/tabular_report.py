"""Markdown tables of what the benchmark of raw tables measured."""

import numpy as np
from scipy.stats import gmean
from tabular_peers import REFERENCE
from tabular_scores import interval, ratio
from tabular_splits import JUDGING, ONLY_TO_JUDGE, REGRESSION

WANTED = {"best": (0.85, 3.0), "balanced": (0.95, 0.8)}
"""Ratio and processor seconds per 1,000 rows that presets shall reach."""
COLUMNS = (
    "error over LightGBM's",
    "all tables",
    "numbers",
    "classes",
    "the four only to judge by",
    "ahead of LightGBM",
    "CPU seconds per 1,000 rows",
)


class Results:
    """What is known of each contestant.

    Parameters
    ----------
    ledger : Ledger
        Errors and processor seconds by contestant, table and seed.
    contestants : list of str
        Whom to show.
    seeds : tuple of int
        Of the splits.
    """

    def __init__(self, ledger, contestants, seeds):
        self._found = {}
        for table in JUDGING:
            for name in contestants:
                known = {seed for seed in seeds if ledger.knows(name, table, seed)}
                known &= {seed for seed in seeds if ledger.knows(REFERENCE, table, seed)}
                if known:
                    self._found[name, table] = {
                        seed: np.array(ledger.recall(None, name, table, seed)) for seed in known
                    }
        self.contestants = [name for name in contestants if self.tables(name)]

    def tables(self, name):
        """Return the tables that a contestant has been judged on beside LightGBM."""
        return [table for table in JUDGING if (name, table) in self._found]

    def errors(self, name, table):
        """Return a contestant's errors on a table (n_splits, n_errors)."""
        return np.array([found[:-1] for found in self._found[name, table].values()])

    def seconds(self, name):
        """Return the mean processor seconds per 1,000 rows."""
        spent = [
            found[-1] for table in self.tables(name) for found in self._found[name, table].values()
        ]
        return np.mean(spent)

    def ratios(self, name, table):
        """Return a contestant's ratio to LightGBM on each split of a table."""
        peers = self._found[REFERENCE, table]
        splits = self._found[name, table].items()
        return np.array([ratio(found[:-1], peers[seed][:-1]) for seed, found in splits])


def report(ledger, contestants, seeds):
    """Yield the lines: over all tables, what was wanted, and table by table."""
    results = Results(ledger, contestants, seeds)
    if REFERENCE not in results.contestants:
        yield f"{REFERENCE} has not been judged on any table yet."
        return
    yield from summary(results)
    yield ""
    yield from verdicts(results)
    yield ""
    yield from by_table(results)
    yield ""
    yield from in_units(results)


def summary(results):
    """Yield a line per contestant: the geometric mean of its ratios, and its cost."""
    yield row(*COLUMNS)
    yield row(*["---"] * len(COLUMNS))
    kept = [table for names in ONLY_TO_JUDGE.values() for table in names]
    for name in results.contestants:
        tables = results.tables(name)
        means = {table: gmean(results.ratios(name, table)) for table in tables}
        low, high = interval(list(means.values()))
        groups = [
            [table for table in tables if table in REGRESSION],
            [table for table in tables if table not in REGRESSION],
            [table for table in tables if table in kept],
        ]
        cells = [gmean([means[t] for t in group]) if group else None for group in groups]
        over = "" if len(tables) == len(JUDGING) else f", {len(tables)} tables"
        yield row(
            name,
            f"{gmean(list(means.values())):.3f} ({low:.3f} to {high:.3f}{over})",
            *("" if cell is None else f"{cell:.3f}" for cell in cells),
            f"{sum(value < 1 for value in means.values())} of {len(tables)}",
            f"{results.seconds(name):.2f}",
        )


def by_table(results):
    """Yield a line per table: every contestant's ratio to LightGBM, and its deviation."""
    shown = [name for name in results.contestants if name != REFERENCE]
    yield row("ratio to LightGBM", *shown)
    yield row(*["---"] * (len(shown) + 1))
    for table in results.tables(REFERENCE):
        cells = []
        for name in shown:
            if table not in results.tables(name):
                cells.append("")
                continue
            ratios = results.ratios(name, table)
            spread = f" ± {ratios.std(ddof=1):.3f}" if len(ratios) > 1 else ""
            cells.append(f"{gmean(ratios):.3f}{spread}")
        yield row(table, *cells)


def in_units(results):
    """Yield a line per table: the errors themselves."""
    yield row("RMSE over deviation, or wrong and log loss", *results.contestants)
    yield row(*["---"] * (len(results.contestants) + 1))
    for table in results.tables(REFERENCE):
        cells = []
        for name in results.contestants:
            known = table in results.tables(name)
            means = results.errors(name, table).mean(axis=0) if known else []
            cells.append(", ".join(f"{mean:.4f}" for mean in means))
        yield row(table, *cells)


def verdicts(results):
    """Yield a line per preset of which something is wanted."""
    for name, (most, seconds) in WANTED.items():
        if len(results.tables(name)) < len(JUDGING):
            continue
        reached = gmean([gmean(results.ratios(name, t)) for t in JUDGING])
        for value, wanted, what in (
            (reached, most, "ratio to LightGBM"),
            (results.seconds(name), seconds, "CPU seconds per 1,000 rows"),
        ):
            verdict = "met" if value <= wanted else "MISSED"
            yield f"- {name}: {what} {value:.3f}, wanted at most {wanted}: {verdict}"


def row(*cells):
    """Return a line of a Markdown table."""
    return f"| {' | '.join(map(str, cells))} |"
