"""Rows in Parquet files that the tests of `ParquetRows` share."""

import threading

import numpy as np
import pandas as pd

NAMES = ["a", "b", "c"]
N_ROWS = 1201
SMALL = {"hidden_layer_sizes": (8,), "batch_size": 32, "max_iter": 3, "random_state": 0}


def make_table():
    """Features and targets of all kinds."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 3)).astype(np.float32)
    y = X[:, 0] * X[:, 1] + 3 + 0.1 * rng.normal(size=N_ROWS)
    label = np.where(y > 3.5, "high", np.where(y > 2.5, "middle", "low"))
    return pd.DataFrame(X, columns=NAMES).assign(y=y, label=label, second=y**2, count=np.abs(y))


def write_files(table, where):
    """Write row groups of all sizes, one of them larger than buffers, and files without rows."""
    cuts = [(0, 0, 10), (0, 5, 5), (5, 405, 100), (405, 450, 1), (450, 450, 9), (450, 1150, 600)]
    for number, (start, stop, size) in enumerate([*cuts, (1150, N_ROWS, 17)]):
        part = table[start:stop]
        part.to_parquet(where / f"rows-{number}.parquet", row_group_size=size, index=False)
    return where


def weights_of(model):
    return model.network_.parameters


def no_reader_lives():
    return not [t for t in threading.enumerate() if t.name.startswith("deepgen-parquet")]
