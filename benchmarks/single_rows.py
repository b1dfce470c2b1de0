"""Print how long predictions of one row take beside scikit-learn's for the same network.

python benchmarks/single_rows.py [--samples N]
"""

import argparse
import warnings

import numpy as np
from measuring import interleaved, machine, verdict
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as PeerClassifier
from sklearn.neural_network import MLPRegressor as PeerRegressor
from threadpoolctl import threadpool_limits

from deepgen import MLPClassifier, MLPRegressor

SHARE_OF_PEER = 0.95
SETTINGS = {"max_iter": 2, "random_state": 0}


def same_network(ours, peer):
    """Give a fitted estimator the weights of scikit-learn's; a regressor's are in scaled units."""
    coefs, intercepts = list(peer.coefs_), list(peer.intercepts_)
    if isinstance(ours, MLPRegressor):
        coefs[-1] = coefs[-1] / ours.target_scale_
        intercepts[-1] = (intercepts[-1] - ours.target_mean_) / ours.target_scale_
    ours.coefs_, ours.intercepts_ = coefs, intercepts
    return ours


def contests(X):
    """Yield a name, our call and scikit-learn's, for the same network and row."""
    for name, Ours, Peer, y in (
        ("64-100-1, a number", MLPRegressor, PeerRegressor, 3 * X[:, 0] + 2),
        ("64-100-1, two classes", MLPClassifier, PeerClassifier, np.digitize(X[:, 0], [0])),
        ("64-100-4, four classes", MLPClassifier, PeerClassifier, np.digitize(X[:, 0], [-1, 0, 1])),
    ):
        peer = Peer(**SETTINGS).fit(X, y)
        ours = same_network(Ours(**SETTINGS).fit(X, y), peer)
        for method in ("predict", "predict_proba"):
            if hasattr(ours, method):
                yield f"{method}, {name}", getattr(ours, method), getattr(peer, method)


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=9, metavar="N")
    options = parser.parse_args()
    print(f"{machine()}; one thread, medians of {options.samples} samples")
    warnings.simplefilter("ignore", ConvergenceWarning)
    X = np.random.default_rng(0).standard_normal((1_000, 64), dtype=np.float32)
    row = X[:1]
    with threadpool_limits(1):
        for name, ours, peer in contests(X):
            np.testing.assert_allclose(ours(X), peer(X), rtol=1e-4, atol=1e-5)
            calls = {"deepgen": lambda f=ours: f(row), "scikit-learn": lambda f=peer: f(row)}
            found = interleaved(calls, options.samples)
            own, other = found["deepgen"], found["scikit-learn"]
            share = own.median / other.median
            words = verdict(share <= SHARE_OF_PEER, f"<= {SHARE_OF_PEER}", own)
            print(
                f"{name:<38}{own.median * 1e6:>8.1f} us{other.median * 1e6:>8.1f} us"
                f"{share:>8.2f}  {words}",
                flush=True,
            )


if __name__ == "__main__":
    main()
