"""A search of Optuna that gives up bad fits after a few epochs.

python docs/examples/with_optuna.py [--quick]

Needs `pip install optuna`, and scikit-learn 1.9 for its callbacks. `deepgen.callbacks.Pruning`
tells the study the validation score of each epoch, and ends the fit that the study prunes.
"""

import argparse

import optuna
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPRegressor
from deepgen.callbacks import Pruning
from deepgen.datasets import load_california_housing

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="few fits")
n_trials = 4 if parser.parse_args().quick else 30


X, X_new, y, y_new = train_test_split(*load_california_housing(), random_state=0)
X, y = X[:4_000], y[:4_000]


def model_of(trial):
    """Return the pipeline with the settings that a trial draws."""
    width = trial.suggest_int("width", 16, 256, log=True)
    network = MLPRegressor(
        hidden_layer_sizes=(width,) * trial.suggest_int("depth", 1, 3),
        learning_rate_init=trial.suggest_float("learning_rate_init", 1e-4, 3e-2, log=True),
        alpha=trial.suggest_float("alpha", 1e-6, 1e-1, log=True),
        early_stopping=True,
        max_iter=500,
        random_state=0,
    )
    return make_pipeline(StandardScaler(), network)


def validation_score(trial):
    """Fit, and return the best score on the rows that the network held out."""
    model, pruning = model_of(trial), Pruning(trial)
    model[-1].set_callbacks(pruning)
    model.fit(X, y)
    if pruning.pruned:
        raise optuna.TrialPruned
    return model[-1].best_validation_score_


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
study.optimize(validation_score, n_trials=n_trials)
n_pruned = sum(trial.state == optuna.trial.TrialState.PRUNED for trial in study.trials)
best = model_of(optuna.trial.FixedTrial(study.best_params)).fit(X, y)
print(f"{n_trials} trials, {n_pruned} given up early; best {study.best_params}")
print(f"R2 held out {study.best_value:.3f}, on new rows {best.score(X_new, y_new):.3f}")
assert best[-1].best_validation_score_ == study.best_value
