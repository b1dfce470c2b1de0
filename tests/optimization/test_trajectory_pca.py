import numpy as np
import pytest

from deepgen.optimization import trajectory_pca
from deepgen.optimization.trajectory_pca import CHUNK

PATH = np.cumsum(np.random.RandomState(0).randn(12, 7), axis=0)


def test_shares_and_directions_are_those_of_a_singular_value_decomposition():
    pca = trajectory_pca(PATH, n_components=4)
    _, sizes, sides = np.linalg.svd(PATH - PATH.mean(axis=0), full_matrices=False)
    assert pca.shares == pytest.approx((sizes**2 / np.sum(sizes**2))[:4], rel=1e-12)
    for ours, theirs in zip(pca.directions, sides, strict=False):
        assert abs(ours @ theirs) == pytest.approx(1, rel=1e-12)
    assert pca.directions @ pca.directions.T == pytest.approx(np.eye(4), abs=1e-12)
    assert pca.coordinates == pytest.approx((PATH - PATH[-1]) @ pca.directions.T, abs=1e-12)
    assert (pca.coordinates[0] >= 0).all() and not pca.coordinates[-1].any()


def test_all_components_restore_the_path():
    pca = trajectory_pca(PATH, n_components=100)
    assert pca.shares.sum() == pytest.approx(1, rel=1e-12)
    assert len(pca.shares) == 7
    assert pca.coordinates @ pca.directions + PATH[-1] == pytest.approx(PATH, abs=1e-10)


def test_a_random_walk_of_many_dimensions_has_the_shares_of_the_null():
    walk = np.cumsum(np.random.RandomState(1).randn(400, 5000), axis=0)
    pca = trajectory_pca(walk, n_components=3)
    assert pca.null == pytest.approx([0.608, 0.152, 0.068], abs=5e-4)
    # Measured before: .609, .154, .066.
    assert pca.shares == pytest.approx(pca.null, abs=0.02)


def test_a_straight_line_has_one_component():
    line = np.outer(np.arange(5.0), [3.0, 4.0])
    pca = trajectory_pca(line)
    assert pca.shares == pytest.approx([1], rel=1e-12)
    assert pca.directions == pytest.approx(np.array([[-0.6, -0.8]]), rel=1e-12)
    assert pca.coordinates[:, 0] == pytest.approx([20, 15, 10, 5, 0], abs=1e-12)
    assert pca.plot().get_xlabel() == "point"


def test_wide_points_in_a_file_are_read_in_stretches(tmp_path):
    wide = np.random.RandomState(2).randn(3, CHUNK // 3 + 10).astype("float32")
    stored = np.memmap(tmp_path / "points", dtype="float32", mode="w+", shape=wide.shape)
    stored[...] = wide
    pca = trajectory_pca(stored)
    exact = wide.astype(float) - wide.astype(float).mean(axis=0)
    sizes = np.linalg.svd(exact, compute_uv=False)
    assert pca.shares == pytest.approx((sizes**2 / np.sum(sizes**2))[:2], rel=1e-9)
    assert pca.directions.shape == (2, wide.shape[1])


def test_an_object_with_weights_is_a_path():
    class Stored:
        weights = PATH

    assert np.array_equal(trajectory_pca(Stored()).shares, trajectory_pca(PATH).shares)
    assert "random walk 0.608, 0.152, 0.068" in repr(trajectory_pca(PATH))


def test_the_picture_names_shares_and_null():
    pca = trajectory_pca(PATH)
    ax = pca.plot()
    assert np.array_equal(ax.lines[0].get_xydata(), pca.coordinates[:, :2])
    assert ax.get_ylabel() == f"component 2: {pca.shares[1]:.0%} (random walk: 15%)"


@pytest.mark.parametrize(
    ("path", "settings", "message"),
    [
        (PATH[:1], {}, r"at least two points .* got shape \(1, 7\)"),
        (PATH[0], {}, r"got shape \(7,\)"),
        (np.ones((3, 2)), {}, "must not be the same at all points"),
        ([[0.0], [np.nan]], {}, "must be finite"),
        (PATH, {"n_components": 0}, "n_components must be an integer of at least 1, got 0"),
    ],
)
def test_what_is_no_path_is_refused(path, settings, message):
    with pytest.raises(ValueError, match=message):
        trajectory_pca(path, **settings)
