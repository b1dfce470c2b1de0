"""Print what a search of settings brings: random draws, Optuna's TPE, and TPE with pruning.

python benchmarks/searching.py [--quick] [--fits 24] [--seeds 5] [--data FOLDER] [TABLE ...]

Of each table and seed 2,000 rows are drawn; a fit trains on 1,500 of them and stops early by the
score on 500 (R2, of classes minus the log loss); 4,000 other rows test. All searches draw from the
same settings, have the same number of fits, and choose the network of the best validation score.
Random draws are fitted by `fit_many`, side by side; TPE has to wait for each score. Errors are one
minus R2, or log losses; differences are paired by seed.
"""

import argparse
import time
import warnings
from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np
import optuna
from real_tables import SHARED_DATA, TABLES
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from deepgen import MLPClassifier, MLPRegressor
from deepgen._interval import t_interval
from deepgen.callbacks import Pruning
from deepgen.search import fit_many

N_TRAINING, N_TESTING = 2_000, 4_000
MAX_EPOCHS = 100


def drawn(trial):
    """Return the settings that a trial draws: six numbers, four of them on a log scale."""
    depth = trial.suggest_int("depth", 1, 3)
    return {
        "hidden_layer_sizes": (trial.suggest_int("width", 16, 256, log=True),) * depth,
        "learning_rate_init": trial.suggest_float("learning_rate_init", 1e-4, 3e-2, log=True),
        "alpha": trial.suggest_float("alpha", 1e-6, 1e-1, log=True),
        "batch_size": trial.suggest_int("batch_size", 16, 256, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, 0.5),
    }


class Task:
    """Rows of a table, drawn by a seed, and the network that is searched over."""

    def __init__(self, table, seed, quick):
        rng = np.random.default_rng(seed)
        X = np.concatenate([table.X_train, table.X_test])
        y = np.concatenate([table.y_train, table.y_test])
        rows = rng.permutation(len(X))
        training, testing = rows[:N_TRAINING], rows[N_TRAINING:][:N_TESTING]
        self.X, self.y, self.X_test, self.y_test = X[training], y[training], X[testing], y[testing]
        self.labels = None if table.is_regression else np.unique(y)
        kind, scoring = (MLPRegressor, None) if table.is_regression else (MLPClassifier, "loss")
        self.network = kind(
            early_stopping=True,
            validation_fraction=0.25,
            scoring=scoring,
            max_iter=5 if quick else MAX_EPOCHS,
            random_state=seed,
        )

    def error(self, network):
        """Return the error on the rows of the test."""
        if self.labels is None:
            return 1 - network.score(self.X_test, self.y_test)
        return log_loss(self.y_test, network.predict_proba(self.X_test), labels=self.labels)


class Search:
    """The fits of a search, in their order."""

    def __init__(self, task):
        self.task = task
        self.scores, self.errors, self.epochs = [], [], 0

    def add(self, network):
        """Measure a network; return its validation score."""
        score = network.best_validation_score_
        self.scores.append(score)
        self.errors.append(self.task.error(network))
        self.epochs += network.n_iter_
        return score

    def best(self, n_fits):
        """Return the test error of the network that a search of so many fits chooses."""
        return self.errors[int(np.argmax(self.scores[:n_fits]))]


def by_draws(task, n_fits, seed):
    """Draw all settings, and fit them by `fit_many`."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    networks = [clone(task.network).set_params(**drawn(study.ask())) for _ in range(n_fits)]
    search = Search(task)
    rows = np.arange(len(task.X))
    for [network] in fit_many(networks, task.X, task.y, [(rows, rows[:1])]):
        search.add(network)
    alone = clone(networks[0]).fit(task.X, task.y)
    assert alone.best_validation_score_ == search.scores[0]
    return search


def by_trials(task, n_fits, seed, prune):
    """Let TPE draw by the scores so far; ``prune`` gives up trials below the median."""
    pruner = optuna.pruners.MedianPruner() if prune else optuna.pruners.NopPruner()
    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
    search = Search(task)

    def trial_score(trial):
        network = clone(task.network).set_params(**drawn(trial))
        pruning = Pruning(trial)
        score = search.add(network.set_callbacks(pruning).fit(task.X, task.y))
        if pruning.pruned:
            raise optuna.TrialPruned
        return score

    study.optimize(trial_score, n_trials=n_fits)
    return search


WAYS = {
    "random": by_draws,
    "TPE": partial(by_trials, prune=False),
    "TPE, pruned": partial(by_trials, prune=True),
}


def compare(table, n_seeds, n_fits, quick):
    """Print the errors of a table, of the ways and numbers of fits."""
    errors, seconds, epochs = defaultdict(list), defaultdict(float), defaultdict(int)
    budgets = [n_fits // 4, n_fits // 2, n_fits]
    for seed in range(n_seeds):
        task = Task(table, seed, quick)
        errors["defaults"].append(task.error(clone(task.network).fit(task.X, task.y)))
        for way, search_by in WAYS.items():
            start = time.perf_counter()
            search = search_by(task, n_fits, seed)
            seconds[way] += time.perf_counter() - start
            epochs[way] += search.epochs
            for budget in budgets:
                errors[way, budget].append(search.best(budget))
    print(f"    defaults, 1 fit       {mean(errors['defaults'])}")
    for way in WAYS:
        for budget in budgets:
            line = f"    {way:12}{budget:4} fits  {mean(errors[way, budget])}"
            if way != "random":
                difference = np.subtract(errors[way, budget], errors["random", budget])
                line += f"  minus random: {mean(difference)}"
            print(line)
        print(f"    {way:12}{epochs[way]:7} epochs, {seconds[way] / n_seeds:.1f} s a search")


def mean(values):
    """Return a mean with its t-interval."""
    interval = t_interval(values)
    return f"{interval.estimate:.4f} [{interval.low:.4f}, {interval.high:.4f}]"


def main():
    """Compare the ways on each table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", default=["kin8nm"])
    parser.add_argument("--quick", action="store_true", help="few epochs, fits and seeds")
    parser.add_argument("--fits", type=int, default=24)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=SHARED_DATA)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    n_seeds, n_fits = (2, 4) if options.quick else (options.seeds, options.fits)
    for name in options.tables:
        print(f"{name}: {n_seeds} seeds, error on new rows with its 95 % interval")
        compare(TABLES[name](options.data), n_seeds, n_fits, options.quick)


if __name__ == "__main__":
    main()
