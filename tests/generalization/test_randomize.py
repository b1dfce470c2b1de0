import numpy as np
import pytest
from scipy import sparse

from deepgen import MLPClassifier
from deepgen.generalization import randomize

K = 10
DRAW = np.random.default_rng(0)
X = DRAW.normal(3.0, 2.0, size=(20_000, 6))
Y = DRAW.integers(K, size=len(X))


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_the_share_of_changed_labels(share):
    same, labels = randomize(X, Y, "partial", share, random_state=0)
    assert same is X
    changed = np.mean(labels != Y)
    expected = share * (1 - 1 / K)
    assert abs(changed - expected) <= 4 * np.sqrt(expected * (1 - expected) / len(Y))


def test_random_labels_are_partial_ones_of_share_1_and_uniform():
    labels = randomize(X, Y, random_state=3)[1]
    assert np.array_equal(labels, randomize(X, Y, "partial", 1.0, random_state=3)[1])
    counts = np.bincount(labels, minlength=K)
    assert np.abs(counts - len(Y) / K).max() < 4 * np.sqrt(len(Y) / K)


def test_a_larger_share_replaces_more_of_the_same_labels():
    few, many = (randomize(X, Y, "partial", share, random_state=1)[1] for share in (0.3, 0.6))
    replaced = few != Y
    assert np.array_equal(few[replaced], many[replaced])


def test_shuffled_pixels_are_one_permutation_of_the_columns_for_train_and_test():
    train, labels = randomize(X, Y, "shuffled_pixels", random_state=5)
    test = randomize(X[:100], Y[:100], "shuffled_pixels", random_state=5)[0]
    assert np.array_equal(labels, Y)
    assert np.array_equal(train[:100], test)
    columns = [int(np.flatnonzero((X == column[:, None]).all(axis=0))[0]) for column in train.T]
    assert sorted(columns) == list(range(6)) and columns != list(range(6))


def test_random_pixels_are_another_permutation_in_each_row():
    rows = randomize(X, Y, "random_pixels", random_state=5)[0]
    assert np.array_equal(np.sort(rows, axis=1), np.sort(X, axis=1))
    orders = np.take_along_axis(
        np.argsort(rows, axis=1), np.argsort(np.argsort(X, axis=1), axis=1), axis=1
    )
    # All 720 orders of six features.
    assert len(np.unique(orders, axis=0)) == 720


def test_gaussian_features_have_the_mean_and_variance_of_all_numbers():
    noise = randomize(X, Y, "gaussian", random_state=0)[0]
    assert noise.shape == X.shape
    assert abs(noise.mean() - X.mean()) < 4 * X.std() / np.sqrt(X.size)
    assert abs(noise.var() / X.var() - 1) < 4 * np.sqrt(2 / X.size)
    assert abs(np.corrcoef(noise[:, 0], X[:, 0])[0, 1]) < 0.03
    assert randomize(X.astype(np.float32), Y, "gaussian")[0].dtype == np.float32
    assert randomize((9 * X).astype(np.uint8), Y, "gaussian")[0].dtype == np.float64


def test_equal_seeds_give_equal_bits_and_the_data_stay_as_they_are():
    before = X.copy(), Y.copy()
    for how in ("labels", "shuffled_pixels", "random_pixels", "gaussian"):
        first, second = (randomize(X, Y, how, random_state=7) for _ in range(2))
        for a, b in zip(first, second, strict=True):
            assert np.array_equal(a, b)
    assert np.array_equal(X, before[0]) and np.array_equal(Y, before[1])


def test_names_as_labels_and_sparse_features():
    names = np.array(["ant", "bee", "cat"])[Y % 3]
    X_sparse = sparse.csr_array(X)
    features, labels = randomize(X_sparse, names, random_state=0)
    assert features is X_sparse and set(labels) == set(names)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, Y, "noise"), "how must be one of 'labels', 'partial'"),
        ((X, Y, "partial", 1.5), "share must be a number in"),
        ((X, Y, "partial", True), "share must be a number in"),
        ((X, Y, "gaussian", 0.5), "share is for how='partial'"),
        ((X, Y[:5]), "inconsistent numbers of samples"),
        ((X, Y[:, None].repeat(2, 1)), "y should be a 1d array"),
        ((sparse.csr_array(X), Y, "random_pixels"), "needs a dense X"),
    ],
)
def test_bad_input_is_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        randomize(*arguments)


def test_permuted_columns_are_learned_as_well_by_permuted_starting_weights():
    # The sharp test: the same trajectory, but for the order of sums.
    rows, labels = X[:200] / 3, Y[:200] % 3
    shuffled = randomize(rows, labels, "shuffled_pixels", random_state=2)[0]
    order = [int(np.flatnonzero((rows == column[:, None]).all(axis=0))[0]) for column in shuffled.T]
    settings = {
        "hidden_layer_sizes": (16,),
        "solver": "sgd",
        "learning_rate_init": 0.05,
        "batch_size": 50,
        "max_iter": 25,
        "n_iter_no_change": np.inf,
        "dtype": "float64",
        "random_state": 0,
    }
    start = MLPClassifier(**settings).partial_fit(rows, labels, classes=np.unique(labels))

    def trained(features, first):
        coefs = [first, *start.coefs_[1:]]
        with pytest.warns(match="Maximum iterations"):
            return MLPClassifier(**settings).fit(
                features, labels, coefs_init=coefs, intercepts_init=start.intercepts_
            )

    first = start.coefs_[0]
    plain, moved = trained(rows, first), trained(shuffled, first[order])
    np.testing.assert_allclose(moved.coefs_[0], plain.coefs_[0][order], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(moved.loss_curve_, plain.loss_curve_, rtol=1e-9)
    assert plain.loss_curve_[-1] < 0.95 * plain.loss_curve_[0]
