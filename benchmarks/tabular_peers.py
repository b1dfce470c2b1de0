"""The other libraries' estimators on raw tables, each in the pipeline that its users would write.

A contestant takes a split with validation rows and a seed and returns its predictions on the test
rows: numbers, or probabilities in the order of the labels. Each uses one thread.
"""

import importlib.util

import numpy as np
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier as PeerClassifier
from sklearn.neural_network import MLPRegressor as PeerRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tabular_scores import codes

from deepgen import MLPClassifier, MLPRegressor

PATIENCE = 10


def standard_encoder(split):
    """Return the usual encoder: medians for gaps, standardised numbers, one-hot categories."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(sparse_output=False, handle_unknown="ignore", dtype=np.float32),
    )
    return make_column_transformer((numbers, split.numbers), (categories, split.strings))


def encoded(split):
    """Return training, validation and test features in float32, by the usual encoder."""
    encoder, features = standard_encoder(split), _with_plain_strings(split)
    encoder.fit(features.iloc[split.train])
    return [
        encoder.transform(features.iloc[rows]).astype(np.float32)
        for rows in (split.train, split.val, split.test)
    ]


def lightgbm(split, seed, **limits):
    """LightGBM with its defaults, stopped by the validation rows."""
    import lightgbm

    X, y = split.features.astype(dict.fromkeys(split.strings, "category")), codes(split)
    Model = lightgbm.LGBMRegressor if split.is_regression else lightgbm.LGBMClassifier
    model = Model(n_jobs=1, random_state=seed, verbose=-1, **limits)
    model.fit(
        X.iloc[split.train],
        y[split.train],
        eval_X=X.iloc[split.val],
        eval_y=y[split.val],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    return _predictions(model, X.iloc[split.test])


def many_trees(split, seed):
    """LightGBM with up to 2,000 trees in place of 100."""
    return lightgbm(split, seed, n_estimators=2_000)


def hist_gradient_boosting(split, seed):
    """scikit-learn's boosted trees with their defaults, stopped by the validation rows."""
    X, y = split.features.astype(dict.fromkeys(split.strings, "category")), codes(split)
    regression = split.is_regression
    Model = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    model = Model(early_stopping=True, random_state=seed)
    model.fit(X.iloc[split.train], y[split.train], X_val=X.iloc[split.val], y_val=y[split.val])
    return _predictions(model, X.iloc[split.test])


def catboost(split, seed):
    """CatBoost with its defaults, stopped by the validation rows."""
    import catboost

    X, y = _with_plain_strings(split), codes(split)
    Model = catboost.CatBoostRegressor if split.is_regression else catboost.CatBoostClassifier
    model = Model(thread_count=1, random_seed=seed, verbose=False, allow_writing_files=False)
    model.fit(
        X.iloc[split.train],
        y[split.train],
        cat_features=split.strings,
        eval_set=(X.iloc[split.val], y[split.val]),
        early_stopping_rounds=50,
    )
    return _predictions(model, X.iloc[split.test])


def scikit_learn_mlp(split, seed):
    """scikit-learn's network with its defaults; it sets a fifth of all training rows aside."""
    X, X_val, X_test = encoded(split)
    y = codes(split)
    settings = {"early_stopping": True, "validation_fraction": 0.2, "random_state": seed}
    if split.is_regression:
        model = TransformedTargetRegressor(PeerRegressor(**settings), transformer=StandardScaler())
    else:
        model = PeerClassifier(**settings)
    model.fit(np.concatenate([X, X_val]), y[np.concatenate([split.train, split.val])])
    return _predictions(model, X_test)


def start(split, seed):
    """START: deepgen's network with its defaults in the usual pipeline, stopped by validation."""
    X, X_val, X_test = encoded(split)
    y = codes(split)
    Model = MLPRegressor if split.is_regression else MLPClassifier
    model = Model(early_stopping=True, random_state=seed, n_jobs=1)
    model.fit(X, y[split.train], X_val=X_val, y_val=y[split.val])
    return _predictions(model, X_test)


def realmlp(split, seed):
    """RealMLP with its tuned defaults (pytabkit); medians for gaps, which it refuses."""
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    X, y = _with_plain_strings(split), codes(split)
    X = X.fillna(X.iloc[split.train][split.numbers].median())
    Model = RealMLP_TD_Regressor if split.is_regression else RealMLP_TD_Classifier
    model = Model(device="cpu", n_threads=1, random_state=seed, verbosity=0)
    model.fit(
        X.iloc[split.train],
        y[split.train],
        X_val=X.iloc[split.val],
        y_val=y[split.val],
        cat_col_names=split.strings,
    )
    return _predictions(model, X.iloc[split.test])


PEERS = {
    "LightGBM": lightgbm,
    "LightGBM, 2,000 trees": many_trees,
    "HistGradientBoosting": hist_gradient_boosting,
    "CatBoost": catboost,
    "scikit-learn's MLP": scikit_learn_mlp,
    "START": start,
    "RealMLP-TD": realmlp,
}
REFERENCE = "LightGBM"
MODULES = {
    "LightGBM": "lightgbm",
    "LightGBM, 2,000 trees": "lightgbm",
    "CatBoost": "catboost",
    "RealMLP-TD": "pytabkit",
}
"""What a contestant needs beside scikit-learn."""


def installed(name):
    """Return whether a contestant can run here."""
    return name not in MODULES or importlib.util.find_spec(MODULES[name]) is not None


def _with_plain_strings(split):
    plain = {name: split.features[name].astype(object).fillna("missing") for name in split.strings}
    return split.features.assign(**plain)


def _predictions(model, X):
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(X))
    return np.asarray(model.predict(X)).reshape(-1)
