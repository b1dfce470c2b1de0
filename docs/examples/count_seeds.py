"""How much of the figures is the seed: two outcomes of the examples, counted over 20 seeds.

python docs/examples/count_seeds.py
"""

import warnings

import sklearn.neural_network
from sklearn.datasets import make_circles, make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import deepgen

warnings.simplefilter("ignore", ConvergenceWarning)
SEEDS = range(20)
circles, circle = make_circles(noise=0.2, factor=0.5, random_state=1)
circles = MinMaxScaler().fit_transform(circles)
moons = train_test_split(*make_moons(noise=0.3, random_state=0), test_size=0.4, random_state=42)


def is_constant_on_the_moons(library, seed):
    """Say whether alpha 10 leaves nothing but a constant on the moons."""
    net = library.MLPClassifier(
        solver="lbfgs", alpha=10, random_state=seed, max_iter=2000, hidden_layer_sizes=[10, 10]
    )
    X_train, X_test, y_train, _ = moons
    return len(set(make_pipeline(StandardScaler(), net).fit(X_train, y_train).predict(X_test))) == 1


def stops_early_on_the_circles(library, seed):
    """Say whether plain gradient descent gives up within 100 epochs on the circles."""
    model = library.MLPClassifier(
        solver="sgd", momentum=0.0, learning_rate_init=0.2, max_iter=400, random_state=seed
    )
    return model.fit(circles, circle).n_iter_ < 100


for outcome in (is_constant_on_the_moons, stops_early_on_the_circles):
    for name, library in (("scikit-learn", sklearn.neural_network), ("deepgen", deepgen)):
        count = sum(outcome(library, seed) for seed in SEEDS)
        print(f"{outcome.__name__:28s} {name:14s} {count} of {len(SEEDS)} seeds")
