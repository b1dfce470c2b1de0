"""What alpha does
===============

Decision boundaries on three toy tables for five strengths of L2::

    python docs/examples/plot_mlp_alpha.py [--library sklearn] [--quick] [--out FIGURE]
"""

import time

import numpy as np
from options import read_options, save_figure
from sklearn.datasets import make_circles, make_classification, make_moons
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

options = read_options(__doc__)
if options.library == "sklearn":
    from sklearn.neural_network import MLPClassifier
else:
    from deepgen import MLPClassifier

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import ListedColormap  # noqa: E402

ALPHAS = np.logspace(-1, 1, 2 if options.quick else 5)
POINTS = ListedColormap(["#c02020", "#2040c0"])


def separable_classes():
    """Two classes that a straight line nearly separates, blurred by uniform noise."""
    X, y = make_classification(
        n_features=2, n_redundant=0, n_informative=2, random_state=0, n_clusters_per_class=1
    )
    return X + 2 * np.random.RandomState(2).uniform(size=X.shape), y


# %%
# Moons, circles, and two classes that a line nearly separates.

tables = {
    "moons": make_moons(noise=0.3, random_state=0),
    "circles": make_circles(noise=0.2, factor=0.5, random_state=1),
    "nearly separable": separable_classes(),
}

# %%
# A network for each table and strength: small ``alpha`` follows single points, large ``alpha``
# straightens the boundary.

figure, axes = plt.subplots(
    len(tables), len(ALPHAS) + 1, figsize=(2.2 * (len(ALPHAS) + 1), 7), layout="constrained"
)
for row, (name, (X, y)) in zip(axes, tables.items(), strict=True):
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=42)
    low, high = X.min(axis=0) - 0.5, X.max(axis=0) + 0.5
    grid = np.meshgrid(*(np.linspace(a, b, 200) for a, b in zip(low, high, strict=True)))
    row[0].set_ylabel(name)
    for axis, alpha in zip(row, [None, *ALPHAS], strict=True):
        if alpha is not None:
            model = make_pipeline(
                StandardScaler(),
                MLPClassifier(
                    solver="lbfgs",
                    alpha=alpha,
                    random_state=1,
                    max_iter=2000,
                    hidden_layer_sizes=[10, 10],
                ),
            )
            began = time.perf_counter()
            model.fit(X_train, y_train)
            seconds = time.perf_counter() - began
            score = model.score(X_test, y_test)
            print(f"{name:16s} alpha {alpha:6.2f}: accuracy {score:.2f}, {seconds:.3f} s")
            surface = model.predict_proba(np.column_stack([part.ravel() for part in grid]))[:, 1]
            surface = surface.reshape(grid[0].shape)
            levels = np.linspace(0, 1, 11)
            axis.contourf(*grid, surface, levels=levels, cmap="RdBu", alpha=0.8)
            axis.contour(*grid, surface, levels=[0.5], colors="black", linewidths=0.8)
            axis.text(0.97, 0.03, f"{score:.2f}", transform=axis.transAxes, ha="right", va="bottom")
        if name == "moons":
            axis.set_title("data" if alpha is None else f"alpha {alpha:.2f}")
        axis.scatter(*X_train.T, c=y_train, cmap=POINTS, s=18, edgecolors="black", linewidths=0.5)
        axis.scatter(
            *X_test.T, c=y_test, cmap=POINTS, s=18, edgecolors="black", linewidths=0.5, alpha=0.5
        )
        axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=(), yticks=())
figure.suptitle("Black line: probability 0.5. Number: accuracy on the test points (paler)")
save_figure(figure, options, "plot_mlp_alpha")
