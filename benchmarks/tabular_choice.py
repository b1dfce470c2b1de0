"""Choose the presets' settings for raw tables, by training rows only.

python benchmarks/tabular_choice.py [--ledger FILE] [--members 2] [--cuts 0 1] [--out FILE]
                                    [--task TASK] [--of WORD ...] [--rows 5000] [--preset balanced]
                                    [--bad-cells 0] [--] [choice | ablation | simpler]

Each candidate (`tabular_candidates`) is fitted on at most 5,000 rows of each of the six tables of
its task and judged on other rows, none of them a test row of a judging split; four tables are not
looked at. Errors are ratios to LightGBM's with its defaults, stopped by a fifth of the rows; for
classes a table's ratio is the geometric mean of the ratios of 1 - accuracy and of log loss. The
members of an ensemble are judged one by one, for presets of one network, and together, for 'best'.

'choice' compares settings, 'ablation' takes the ingredients of the chosen ones away one by one,
'simpler' takes away together what made no difference alone. Cuts 0 and 1 chose the settings;
others are fresh. With widths and epochs of 'fast' on 2,000 rows a fit takes a tenth of the time.
With --bad-cells so many training cells of each column of numbers are a thousand times too large.
"""

import argparse
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

import numpy as np
from ledger import Ledger
from scipy.stats import gmean
from tabular_candidates import SECTIONS, sized
from tabular_peers import lightgbm
from tabular_report import row
from tabular_scores import codes, errors, ratio, t_interval
from tabular_splits import (
    MAX_FIT,
    SHARED_DATA,
    TO_CHOOSE_BY,
    VALIDATION_SHARE,
    choosing_split,
    with_validation,
)
from threadpoolctl import threadpool_limits

from deepgen.tabular.plan import make_plan
from deepgen.tabular.presets import PRESETS

KINDS = ("one network", "together")
COST = "CPU seconds per 1,000 rows"


def with_bad_cells(features, n_cells, seed):
    """Return a table some of whose numbers are a thousand times the largest of their column."""
    features, random = features.copy(), np.random.default_rng(seed)
    for name in features.select_dtypes("number"):
        values = features[name].to_numpy(dtype=float, copy=True)
        rows = random.choice(len(values), n_cells, replace=False)
        values[rows] = 1_000 * np.nanmax(np.abs(values))
        features[name] = values
    return features


def measure(recipe, task, table, cut, n_members, n_rows, n_bad, folder):
    """Return errors of one network, of all together, and CPU seconds of one per 1,000 rows."""
    warnings.simplefilter("ignore")
    split = choosing_split(table, cut, folder, max_fit=n_rows)
    samples = with_bad_cells(split.features.iloc[split.train], n_bad, cut)
    y = codes(split)
    parameters = {
        "n_members": n_members,
        "early_stopping": True,
        "validation_fraction": VALIDATION_SHARE,
        "random_state": cut,
        "n_jobs": 1,
    }
    began = time.process_time()
    plan = make_plan("best", task, n_rows=len(split.train), parameters=parameters, recipe=recipe)
    encoder = plan.make_encoder()
    features = encoder.fit_transform(samples)
    model = plan.on(encoder).make_network().fit(features, y[split.train])
    spent = (time.process_time() - began) / n_members / len(split.train) * 1_000
    X = encoder.transform(split.features.iloc[split.test])
    outputs = [
        member.predict(X) if split.is_regression else member.predict_proba(X)
        for member in model.members_
    ]
    alone = [errors(y[split.test], output) for output in outputs]
    together = errors(y[split.test], np.mean(outputs, axis=0))
    return [*gmean(alone), *together, spent]


def reference(table, cut, n_rows, folder):
    """Return LightGBM's errors."""
    split = with_validation(choosing_split(table, cut, folder, max_fit=n_rows), cut)
    return errors(codes(split)[split.test], lightgbm(split, cut))


def measure_missing(candidates, task, ledger, options):
    """Measure all that the ledger lacks, several fits side by side."""
    with ProcessPoolExecutor(options.jobs) as pool:
        running = {}
        for cut in options.cuts:
            # Candidates take turns on a table, so that their processor seconds compare.
            for table in TO_CHOOSE_BY[task]:
                for recipe in candidates.values():
                    what = table, cut, options.members, options.rows, options.bad_cells, recipe
                    if not ledger.knows(*what):
                        run = measure, recipe, task, *what[:-1], options.data
                        running[pool.submit(*run)] = what
        for done in as_completed(running):
            ledger.recall(done.result, *running[done])


def judge(recipe, task, ledger, options):
    """Return a candidate's ratios (cuts, tables, alone and together) and its mean seconds.

    Of a single network there is nothing to put together.
    """
    ratios, seconds, n_kinds = [], [], min(options.members, len(KINDS))
    for cut in options.cuts:
        for table in TO_CHOOSE_BY[task]:
            what = table, cut, options.members, options.rows, options.bad_cells
            run = partial(measure, recipe, task, *what, options.data)
            *found, spent = ledger.recall(run, *what, recipe)
            missing = partial(reference, table, cut, options.rows, options.data)
            peer = ledger.recall(missing, table, cut, options.rows, "LightGBM")
            parts = np.split(np.array(found), len(KINDS))[:n_kinds]
            ratios.append([ratio(part, peer) for part in parts])
            seconds.append(spent)
    return np.array(ratios).reshape(len(options.cuts), -1, n_kinds), np.mean(seconds)


def measured_candidates(candidates, task, ledger, options):
    """Return each candidate's ratios by title, and its mean seconds."""
    measure_missing(candidates, task, ledger, options)
    return {title: judge(recipe, task, ledger, options) for title, recipe in candidates.items()}


def selected(candidates, words):
    """Return the first candidate, and those whose titles contain one of the words."""
    first = next(iter(candidates))
    return {
        title: recipe
        for title, recipe in candidates.items()
        if title == first or any(word in title for word in words)
    }


def lines(measured, tables):
    """Yield the Markdown lines of a task's candidates, the first of them the base."""
    first = next(iter(measured))
    base = over_cuts(measured[first][0])
    kinds = KINDS[: base.shape[1]]
    titles = ("", *kinds, *map("{} over the first".format, kinds), COST, *tables)
    yield row(*titles)
    yield row(*["---"] * len(titles))
    for title, (ratios, seconds) in measured.items():
        by_table = over_cuts(ratios)
        by_cut = gmean(ratios, axis=1).T
        yield row(
            title,
            *(f"{gmean(values):.3f} ± {deviation(values):.3f}" for values in by_cut),
            *([""] * len(kinds) if title == first else compared(by_table / base)),
            f"{seconds:.2f}",
            *(", ".join(f"{value:.3f}" for value in values) for values in by_table),
        )


def lines_over_tasks(measured):
    """Yield the Markdown lines of what both tasks share, over the first candidate of each."""
    firsts = [next(iter(part.values())) for part in measured]
    kinds = KINDS[: firsts[0][0].shape[-1]]
    yield row("", *map("{} over the first".format, kinds), "CPU seconds over the first")
    yield row(*["---"] * (len(kinds) + 2))
    for title in [title for title in measured[0] if title in measured[1]][1:]:
        pairs = [(part[title], first) for part, first in zip(measured, firsts, strict=True)]
        relative = [over_cuts(own[0]) / over_cuts(first[0]) for own, first in pairs]
        costs = gmean([own[1] / first[1] for own, first in pairs])
        yield row(title, *compared(np.concatenate(relative)), f"{costs:.2f}")


def over_cuts(ratios):
    """Return the geometric means over cuts (tables, alone and together)."""
    return gmean(ratios)


def compared(relative):
    """Return for one network and for all together the mean over tables, its interval and wins."""
    cells = []
    for values in relative.T:
        low, high = t_interval(values)
        n_better = int(np.sum(values < 1))
        mean = gmean(values)
        cells.append(f"{mean:.3f} ({low:.3f} to {high:.3f}; better on {n_better})")
    return cells


def deviation(values):
    """Return the deviation over cuts, 0 of a single one."""
    return np.std(values, ddof=1) if len(values) > 1 else 0.0


def main():
    """Print a table per task."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("section", nargs="?", choices=SECTIONS, default="choice")
    parser.add_argument("--task", choices=TO_CHOOSE_BY, help="of both, only one")
    parser.add_argument("--of", nargs="+", default=[""], help="candidates with these words only")
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="folder of the tables")
    parser.add_argument("--ledger", type=Path, help="JSON file of errors, read and extended")
    parser.add_argument("--jobs", type=int, default=1, help="fits side by side (default 1)")
    parser.add_argument("--members", type=int, default=2, help="networks of a fit (default 2)")
    parser.add_argument("--cuts", type=int, nargs="+", default=[0, 1], help="numbers (default 0 1)")
    parser.add_argument("--rows", type=int, default=MAX_FIT, help=f"most of a fit ({MAX_FIT})")
    parser.add_argument("--preset", choices=PRESETS, default="balanced", help="widths and epochs")
    parser.add_argument("--bad-cells", type=int, default=0, help="per column (default 0)")
    parser.add_argument("--out", type=Path, help="Markdown file, else the terminal")
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"skipped: no folder {options.data}; --data names the one with the tables")
        return 0
    ledger = Ledger(options.ledger)
    out = options.out.open("w") if options.out else sys.stdout
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        found = []
        for task in [options.task] if options.task else TO_CHOOSE_BY:
            candidates = selected(SECTIONS[options.section](task), options.of)
            sizes = PRESETS[options.preset][task].by_rows
            candidates = {title: sized(recipe, sizes) for title, recipe in candidates.items()}
            found.append(measured_candidates(candidates, task, ledger, options))
            print(f"## {options.section}, {task}\n", file=out)
            print("\n".join(lines(found[-1], TO_CHOOSE_BY[task])), "\n", file=out, flush=True)
        if len(found) > 1 and options.section != "choice":
            print(f"## {options.section}, both\n", file=out)
            print("\n".join(lines_over_tasks(found)), file=out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
