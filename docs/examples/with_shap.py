"""SHAP values of a pipeline, beside integrated gradients.

python docs/examples/with_shap.py [--quick]

Needs `pip install shap`. Any explainer of shap that takes a function works on `predict` or
`predict_proba`; those for trees and for PyTorch do not. It prints how well the values add up, and
how the importance of columns agrees with `deepgen.generalization.attributions`.
"""

import argparse

import numpy as np
import shap
from scipy.stats import spearmanr
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPRegressor
from deepgen.datasets import load_california_housing
from deepgen.generalization import attributions

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="few rows")
n_rows, n_explained = (2_000, 5) if parser.parse_args().quick else (10_000, 100)

X, X_new, y, y_new = train_test_split(*load_california_housing(), random_state=0)
network = MLPRegressor(hidden_layer_sizes=(64, 64), early_stopping=True, random_state=0)
model = make_pipeline(StandardScaler(), network).fit(X[:n_rows], y[:n_rows])
print(f"R2 on new rows: {model.score(X_new, y_new):.2f}")

# A pipeline is explained in the units of its columns, against the mean over background rows.
background = shap.utils.sample(X[:n_rows], 50, random_state=0)
explained = X_new[:n_explained]
explainer = shap.Explainer(model.predict, background, algorithm="permutation", seed=0)
values = explainer(explained, silent=True)
left_over = model.predict(explained) - values.values.sum(1) - values.base_values
print(f"predictions minus the sum of their SHAP values: at most {np.abs(left_over).max():.1e}")
assert np.abs(left_over).max() < 1e-6

# Integrated gradients answer the same question along one line, with no background but a point.
scaled = model[:-1].transform(explained)
paths = attributions(network, scaled, method="integrated")
names = [f"column {place}" for place in range(X.shape[1])]
importance = np.abs(values.values).mean(0), np.abs(paths.values).reshape(scaled.shape).mean(0)
for name, by_shap, by_paths in zip(names, *importance, strict=True):
    print(f"{name}: SHAP {by_shap:.3f}, integrated gradients {by_paths:.3f}")
print(f"their order agrees: rank correlation {spearmanr(*importance).statistic:.2f}")
