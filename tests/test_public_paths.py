"""The paths that users import from stay where they are, whatever moves behind them."""

import importlib
import pkgutil

import pytest

import deepgen
from deepgen.experiments import CATALOG, claims

TOP = (
    "MLPClassifier",
    "MLPRegressor",
    "ParquetRows",
    "Probe",
    "TabularClassifier",
    "TabularRegressor",
)
TOP += ("__version__", "load", "plot_history")
ROOMS = {
    "activations": ("Parametric",),
    "augmentation": ("Jitter", "MarginalNoise", "Mask", "SwapNoise"),
    "averaging": ("EMA", "SWA"),
    "callbacks": ("EdgeOfStability", "Pruning", "Trajectory"),
    "cli": ("main",),
    "dask": ("DaskMLPClassifier", "DaskMLPRegressor"),
    "datasets": ("load_california_housing",),
    "decomposition": ("decompose",),
    "distributed": ("Executor", "SerialExecutor", "advance", "combine", "fit_shards"),
    "embeddings": ("PBLD", "CategoryEmbedding", "PiecewiseLinear"),
    "estimators": ("MLPClassifier", "MLPRegressor"),
    "experiments": ("CATALOG", "find_experiment"),
    "export": ("register_skl2onnx", "to_c", "to_onnx"),
    "expressivity": ("breakpoints", "count_regions", "linear_regions"),
    "generalization": ("diversity",),
    "initializers": ("DataDependent", "Pretrained"),
    "losses": ("Huber", "LogLoss", "Quantile"),
    "normalizations": ("BatchNorm", "LayerNorm", "WeightNorm"),
    "optimization": ("align", "hessian_spectrum", "linear_path", "loss_surface", "trajectory_pca"),
    "optimizers": ("SAM", "SGD", "Adam"),
    "preprocessing": ("TableEncoder",),
    "pretraining": ("SCARF", "VIME", "DenoisingAutoencoder"),
    "probe": ("Probe",),
    "report": ("ReportData", "card", "which_error", "write_report"),
    "schedules": ("Cosine", "OneCycle", "Warmup"),
    "search": ("fit_many",),
    "skips": ("DeepNorm", "Fixup", "Highway", "Residual"),
    "tables": ("TableModel", "read_table"),
    "tabular": ("TabularClassifier", "TabularRegressor", "presets"),
}


@pytest.mark.parametrize("name", TOP)
def test_the_facade_forwards(name):
    assert getattr(deepgen, name) is not None
    assert name in deepgen.__all__


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_offer_what_users_import(room):
    module = importlib.import_module(f"deepgen.{room}")
    assert set(ROOMS[room]) <= set(dir(module))
    for name in module.__all__:
        assert hasattr(module, name)


def test_rooms_without_an_underscore_are_public():
    names = {module.name for module in pkgutil.iter_modules(deepgen.__path__)}
    assert {name for name in names if not name.startswith("_")} == set(ROOMS)


def test_every_claim_is_imported_from_the_room_of_experiments():
    names = [module.name for module in pkgutil.iter_modules(claims.__path__)]
    assert sorted(runner.experiment.name for runner in CATALOG) == sorted(names)
    for name in names:
        module = importlib.import_module(f"deepgen.experiments.claims.{name}")
        assert getattr(importlib.import_module("deepgen.experiments"), name) is module
    from deepgen.experiments import mlp_loss

    assert mlp_loss.run.experiment.name == "mlp_loss"
