"""What the first layer looks for
==============================

Weights of an MNIST classifier drawn as images::

    python docs/examples/plot_mnist_filters.py [--library sklearn] [--quick] [--out FIGURE]

Needs ``mnist.npz`` with X_train, y_train, X_test and y_test (flat rows of 784 bytes) in the folder
``../shared/data`` beside the checkout, or where DEEPGEN_DATA points; ends with a word where it is
missing.
"""

import time
import warnings

import numpy as np
from options import data_folder, read_options, save_figure
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

options = read_options(__doc__)
if options.library == "sklearn":
    from sklearn.neural_network import MLPClassifier
else:
    from deepgen import MLPClassifier

import matplotlib.pyplot as plt  # noqa: E402

file = data_folder() / "mnist.npz"
if not file.is_file():
    raise SystemExit(f"skipped: {file} is missing")
with np.load(file) as stored:
    X = np.concatenate([stored["X_train"], stored["X_test"]]) / 255.0
    y = np.concatenate([stored["y_train"], stored["y_test"]])
if options.quick:
    X, y = X[:4000], y[:4000]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, test_size=0.7)

# %%
# Forty hidden units, eight epochs.

model = MLPClassifier(
    hidden_layer_sizes=(40,),
    max_iter=2 if options.quick else 8,
    alpha=1e-4,
    solver="sgd",
    verbose=True,
    random_state=1,
    learning_rate_init=0.2,
)
began = time.perf_counter()
with warnings.catch_warnings():
    # Eight epochs are enough to see the filters.
    warnings.simplefilter("ignore", ConvergenceWarning)
    model.fit(X_train, y_train)
seconds = time.perf_counter() - began
train_score, test_score = model.score(X_train, y_train), model.score(X_test, y_test)
print(f"accuracy {train_score:.4f} in training, {test_score:.4f} in the test, {seconds:.2f} s")

# %%
# Red pixels speak against a unit, blue ones for it.

filters = model.coefs_[0].T.reshape(-1, 28, 28)
largest = np.abs(filters).max()
figure, axes = plt.subplots(4, 5, figsize=(8, 5.8), layout="constrained")
for axis, weights in zip(axes.ravel(), filters, strict=False):
    image = axis.imshow(weights, cmap="RdBu", vmin=-largest / 2, vmax=largest / 2)
    axis.set(xticks=(), yticks=())
figure.colorbar(image, ax=axes, shrink=0.6, extend="both", label="weight")
figure.suptitle(f"20 of 40 hidden units; test accuracy {test_score:.3f}")
save_figure(figure, options, "plot_mnist_filters")
