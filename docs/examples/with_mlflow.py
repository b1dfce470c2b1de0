"""A model in MLflow: logged with its scores and signature, loaded back with the same bits.

python docs/examples/with_mlflow.py

Needs `pip install mlflow`, version 3. Its default format is that of skops, which loads only types
that are named as trusted: here those of the model. The file of `save` is logged beside it: it runs
no code either and needs neither library. All is written to a temporary folder.
"""

import os
import tempfile
from pathlib import Path

import numpy as np
import skops.io
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import deepgen
from deepgen import MLPRegressor
from deepgen.datasets import load_california_housing

folder = Path(tempfile.mkdtemp())
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow  # noqa: E402

mlflow.set_tracking_uri(f"sqlite:///{folder / 'runs.db'}")
mlflow.create_experiment("housing", artifact_location=(folder / "artifacts").as_uri())
mlflow.set_experiment("housing")

X, X_new, y, y_new = train_test_split(*load_california_housing(), random_state=0)
X, y = X[:5_000], y[:5_000]
network = MLPRegressor(early_stopping=True, random_state=0)
model = make_pipeline(StandardScaler(), network).fit(X, y)

with mlflow.start_run():
    mlflow.log_params(network.get_params())
    for epoch, loss, score in zip(
        *(network.history_[name] for name in ("epoch", "loss", "val_score")), strict=True
    ):
        mlflow.log_metrics({"loss": loss, "val_score": score}, step=int(epoch))
    mlflow.log_metric("r2", model.score(X_new, y_new))
    network.save(folder / "network.dgn")
    mlflow.log_artifact(folder / "network.dgn")
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        input_example=X[:5],
        skops_trusted_types=skops.io.get_untrusted_types(data=skops.io.dumps(model)),
    )

again = mlflow.sklearn.load_model(logged.model_uri)
assert np.array_equal(again.predict(X_new), model.predict(X_new))
generic = mlflow.pyfunc.load_model(logged.model_uri)
assert np.array_equal(generic.predict(X_new), model.predict(X_new))
[run] = mlflow.search_runs(output_format="list")
plain = deepgen.load(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/network.dgn"))
assert np.array_equal(plain.predict(model[:-1].transform(X_new)), model.predict(X_new))
print(f"R2 {run.data.metrics['r2']:.2f} after {network.n_iter_} epochs, all of them logged")
print("the loaded models have the bits of the logged one")
