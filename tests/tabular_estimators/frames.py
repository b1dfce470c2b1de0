"""Small raw tables: numbers, categories, truth values, dates, gaps."""

import numpy as np
import pandas as pd

# A network that is fitted in no time.
TINY = {"hidden_layer_sizes": (8,), "max_iter": 3}


def frame(n_rows=60, seed=0):
    """A table of all kinds of columns."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=n_rows)
    size[3] = np.nan
    return pd.DataFrame(
        {
            "size": size,
            "count": rng.integers(0, 5, n_rows),
            "town": rng.choice(["Ulm", "Bonn", "Cham", None], n_rows),
            "kind": pd.Categorical(rng.choice(["a", "b", "c"], n_rows)),
            "new": rng.random(n_rows) < 0.5,
            "sold": pd.Timestamp("1890-05-03")
            + pd.to_timedelta(rng.integers(0, 9999, n_rows), "D"),
        }
    )


def numbers(table):
    """A target that depends on two columns."""
    return table["size"].fillna(0.0).to_numpy() + 2.0 * (table["kind"] == "a").to_numpy()


def labels(table):
    """Three classes that depend on two columns."""
    return np.array(["low", "middle", "top"])[np.digitize(numbers(table), [0.0, 1.5])]
