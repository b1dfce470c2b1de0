"""How solver and learning rate change training
============================================

Loss curves on four tables, with and without momentum, for two schedules and Adam::

    python docs/examples/plot_mlp_training_curves.py [--library sklearn] [--quick] [--out FIGURE]
"""

import warnings

from options import read_options, save_figure
from sklearn.datasets import load_digits, load_iris, make_circles, make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import MinMaxScaler

options = read_options(__doc__)
if options.library == "sklearn":
    from sklearn.neural_network import MLPClassifier
else:
    from deepgen import MLPClassifier

import matplotlib.pyplot as plt  # noqa: E402

NESTEROV = {"momentum": 0.9, "nesterovs_momentum": True}
HEAVY_BALL = {"momentum": 0.9, "nesterovs_momentum": False}
PLAIN = {"momentum": 0.0}
CONSTANT = {"learning_rate": "constant", "learning_rate_init": 0.2}
FALLING = {"learning_rate": "invscaling", "learning_rate_init": 0.2}

# Name, parameters, colour and line of each training.
TRAININGS = [
    ("constant rate", {"solver": "sgd", **CONSTANT, **PLAIN}, "C3", "-"),
    ("constant rate, momentum", {"solver": "sgd", **CONSTANT, **HEAVY_BALL}, "C2", "-"),
    ("constant rate, Nesterov", {"solver": "sgd", **CONSTANT, **NESTEROV}, "C0", "-"),
    ("falling rate", {"solver": "sgd", **FALLING, **PLAIN}, "C3", "--"),
    ("falling rate, momentum", {"solver": "sgd", **FALLING, **HEAVY_BALL}, "C2", "--"),
    ("falling rate, Nesterov", {"solver": "sgd", **FALLING, **NESTEROV}, "C0", "--"),
    ("Adam", {"solver": "adam", "learning_rate_init": 0.01}, "black", "-"),
]

# %%
# Seven trainings of each table.

tables = {
    "iris": load_iris(return_X_y=True),
    "digits": load_digits(return_X_y=True),
    "circles": make_circles(noise=0.2, factor=0.5, random_state=1),
    "moons": make_moons(noise=0.3, random_state=0),
}

figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
for axis, (name, (X, y)) in zip(axes.ravel(), tables.items(), strict=True):
    X = MinMaxScaler().fit_transform(X)
    n_epochs = 5 if options.quick else 15 if name == "digits" else 400
    for label, parameters, colour, line in TRAININGS:
        model = MLPClassifier(random_state=0, max_iter=n_epochs, **parameters)
        with warnings.catch_warnings():
            # Some of these trainings are meant to be cut short.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, y)
        print(f"{name:8s} {label:24s} loss {model.loss_:.4f}, accuracy {model.score(X, y):.3f}")
        axis.plot(model.loss_curve_, color=colour, linestyle=line, label=label)
    axis.set(title=name, xlabel="epoch", ylabel="training loss")
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
save_figure(figure, options, "plot_mlp_training_curves")
