"""Print how many planted wrong labels are found by influence and by the loss alone.

python benchmarks/wrong_labels.py [--tables NAME ...] [--draws N] [--data FOLDER]

Each draw takes 1,000 training rows of a table in shared/data, gives a tenth of them another class,
and trains 32 units by L-BFGS. Rows are ranked by their influence on their own loss, by the loss
itself, and by the harm to the mean loss on 500 rows that are held out; the table has the share of
planted labels among the first 100, and the accuracy on the rows held out.
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, Probe
from deepgen.generalization import influence

N_ROWS, N_WRONG, N_HELD = 1000, 100, 500
ALPHAS = (0.1, 1.0, 10.0)
COLUMNS = ("influence on itself", "loss", "harm to held-out rows", "accuracy")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def found(table, seed, alpha):
    """Return the numbers of `COLUMNS` for one draw; the last column of the table is the class."""
    draw = np.random.default_rng(1000 + seed)
    rows = draw.permutation(len(table))[: N_ROWS + N_HELD]
    X = table.iloc[rows, :-1].to_numpy(float)
    classes, y = np.unique(table.iloc[:, -1], return_inverse=True)
    X = StandardScaler().fit(X[:N_ROWS]).transform(X)
    labels = y[rows]
    wrong = draw.permutation(N_ROWS)[:N_WRONG]
    labels[wrong] = (labels[wrong] + draw.integers(1, len(classes), N_WRONG)) % len(classes)
    known, held = (X[:N_ROWS], labels[:N_ROWS]), (X[N_ROWS:], labels[N_ROWS:])
    net = MLPClassifier((32,), solver="lbfgs", alpha=alpha, max_iter=300, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        probe = Probe(net.fit(*known), *known)
    losses = -net.predict_log_proba(known[0])[np.arange(N_ROWS), known[1]]
    ranked = influence(probe).values, losses, -influence(probe, *held).values
    shares = [np.isin(np.argsort(-values)[:N_WRONG], wrong).mean() for values in ranked]
    return [*shares, net.score(*held)]


def main(arguments=None):
    """Print a row for each table and strength of L2."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tables", nargs="+", default=["pendigits", "satimage"])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args(arguments)
    if not options.data.is_dir():
        sys.exit(f"{options.data} is missing: --data names the folder of the tables")
    print("| table | alpha | " + " | ".join(COLUMNS) + " |")
    print("|---" * (2 + len(COLUMNS)) + "|")
    for name in options.tables:
        table = pd.read_csv(options.data / f"{name}.csv.gz")
        for alpha in ALPHAS:
            means = np.mean([found(table, seed, alpha) for seed in range(options.draws)], axis=0)
            print(f"| {name} | {alpha:g} | " + " | ".join(f"{m:.2f}" for m in means) + " |")


if __name__ == "__main__":
    main()
