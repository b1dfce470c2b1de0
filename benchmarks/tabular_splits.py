"""The sixteen tables by which presets are chosen and judged, and which of their rows are for what.

A table's rows are shuffled once. Three eighths of them (at most 5,000 rows each) are the test rows
of the three judging splits, each an eighth; the rest is what choosing may look at. A judging split
trains on at most 10,000 of the rows that are not its test rows. So no setting is chosen by a row
that any judging split tests on, and four tables are not looked at by choosing at all.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
from real_tables import SHARED_DATA, Split

TO_CHOOSE_BY = {
    "regression": (
        "california_housing_mixed",
        "house_16H",
        "diamonds",
        "abalone",
        "uci_kin8nm",
        "uci_concrete",
    ),
    "classification": ("adult", "magic", "credit_default", "satimage", "letter", "higgs_7500"),
}
ONLY_TO_JUDGE = {
    "regression": ("bike_sharing", "uci_protein"),
    "classification": ("spambase", "sleep"),
}
CHOOSING = tuple(name for names in TO_CHOOSE_BY.values() for name in names)
JUDGING = tuple(
    name for task, names in TO_CHOOSE_BY.items() for name in names + ONLY_TO_JUDGE[task]
)
REGRESSION = TO_CHOOSE_BY["regression"] + ONLY_TO_JUDGE["regression"]
SEEDS = (0, 1, 2)
MAX_TRAIN, MAX_TEST = 10_000, 5_000
MAX_FIT, JUDGE_SHARE, MAX_JUDGE = 5_000, 0.25, 5_000
VALIDATION_SHARE = 0.2


@cache
def _read(folder, name):
    features = pd.read_csv(folder / f"{name}.csv.gz")
    target = features.pop("target")
    if name in REGRESSION:
        return features, target.to_numpy(dtype=float)
    return features, target.to_numpy(dtype=str)


def _parts(n_rows):
    """Return the rows to choose by, and the test rows of each judging split."""
    order = np.random.default_rng(0).permutation(n_rows)
    n_test = min(n_rows // 8, MAX_TEST)
    ends = [n_test * (number + 1) for number in range(len(SEEDS))]
    *tests, choosing = np.split(order, ends)
    return choosing, tests


def judging_split(name, seed, folder=SHARED_DATA):
    """Return a split to judge by: training, validation (a fifth of them) and test rows."""
    features, target = _read(folder, name)
    choosing, tests = _parts(len(target))
    others = np.concatenate([choosing, *tests[:seed], *tests[seed + 1 :]])
    train = np.random.default_rng(100 + seed).permutation(others)[:MAX_TRAIN]
    return Split(features, target, train, train[:0], tests[seed])


def choosing_split(name, seed, folder=SHARED_DATA, max_fit=MAX_FIT):
    """Return a split to choose by: its test rows are training rows of the judging splits."""
    if name not in CHOOSING:
        raise ValueError(f"{name} is a table only to judge by")
    features, target = _read(folder, name)
    order = np.random.default_rng(200 + seed).permutation(_parts(len(target))[0])
    n_judge = min(int(len(order) * JUDGE_SHARE), MAX_JUDGE)
    fit, judge = order[n_judge:][:max_fit], order[:n_judge]
    return Split(features, target, fit, fit[:0], judge)


def with_validation(split, seed):
    """Return a split whose validation rows, a fifth of the training rows, are set aside."""
    return split.with_validation(VALIDATION_SHARE, seed)


def all_training(split):
    """Return a split whose validation rows are training rows again."""
    return replace(split, train=np.concatenate([split.train, split.val]), val=split.val[:0])
