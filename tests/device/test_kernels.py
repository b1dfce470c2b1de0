"""Each kernel computes the bits of the CPU's, in any order of threads, and touches nothing else.

Memory that a kernel has no business with is NaN, and has to stay so.
"""

from dataclasses import replace

import pytest

from device.kernels_on_both import ACTIVATIONS, LOSSES, RULES, Kernels, Shape, shapes

SHAPES = shapes()
NOT_EMPTY = [shape for shape in SHAPES if shape.rows > 0]
# Of layers as wide as what they take.
SQUARES = [replace(shape, inputs=shape.outputs) for shape in SHAPES]
# Where a member of a family makes the difference, and no size does.
FEW = [shape for kind in range(4) for shape in (Shape(17, 16, 65, kind), Shape(64, 65, 3, kind))]
# In which each size occurs, for what has no pairs of them.
SOME = SHAPES[::5]


@pytest.fixture(scope="module")
def kernels():
    return Kernels()


@pytest.fixture(params=["rising", "falling", "shuffled"], autouse=True)
def order(request, monkeypatch):
    """In which order the threads of a block get their turns."""
    monkeypatch.setenv("DEEPGEN_EMULATED_ORDER", request.param)


@pytest.fixture(params=[False, True], ids=["one_block", "several_blocks"])
def several(request):
    """Whether several blocks share the work."""
    return request.param


# Products too, by tiles of rows and columns.
by_tiles = pytest.mark.parametrize(
    "several", [0, 1, 2], ids=["one_block", "several_blocks", "by_tiles"]
)


def members(names):
    return pytest.mark.parametrize("number, name", list(enumerate(names)))


@by_tiles
@pytest.mark.parametrize("relu", [False, True])
def test_products_forward(kernels, several, relu):
    assert not kernels.differences("forward", SHAPES, int(relu), several=several)


@pytest.mark.parametrize("trained", [False, True])
@members(ACTIVATIONS)
def test_activations_forward(kernels, number, name, trained):
    assert not kernels.differences("forward", FEW, number, int(trained), several=True)


@pytest.mark.parametrize("weights", [False, True])
@members(LOSSES)
def test_losses(kernels, number, name, weights):
    assert not kernels.differences("loss_of_rows", SOME, number, int(weights), several=True)


def test_losses_of_quantiles(kernels, several):
    quantile = LOSSES.index("quantile")
    assert not kernels.differences("loss_of_rows", SHAPES, quantile, 2, several=several)


@by_tiles
@pytest.mark.parametrize("adds", [False, True])
@pytest.mark.parametrize("masks", [False, True])
def test_products_backward(kernels, several, masks, adds):
    assert not kernels.differences("backward", SHAPES, masks + 2 * adds, several=several)


def test_slopes_of_all_shapes(kernels, several):
    tanh = ACTIVATIONS.index("tanh")
    assert not kernels.differences("activation_slopes", SHAPES, tanh, 1, several=several)


@pytest.mark.parametrize(
    "name, trained",
    # The identity has none to apply.
    [(name, t) for name in ACTIVATIONS for t in (False, True) if t or name != "identity"],
)
def test_slopes_of_activations(kernels, name, trained):
    number = ACTIVATIONS.index(name)
    assert not kernels.differences("activation_slopes", FEW, number, int(trained), several=True)


@pytest.mark.parametrize("ordered", [False, True])
def test_rows_are_gathered(kernels, several, ordered):
    variant = int(not ordered)
    assert not kernels.differences("gathering", SHAPES, variant=variant, several=several)


@pytest.mark.parametrize("what", ["units", "units_of_a_slice", "branches", "both"])
def test_dropout(kernels, several, what):
    number = ["units", "units_of_a_slice", "branches", "both"].index(what)
    assert not kernels.differences("dropping", SHAPES, number, several=several)


@pytest.mark.parametrize("skip", ["residual", "deepnorm"])
def test_skips_forward(kernels, several, skip):
    number = ["residual", "deepnorm"].index(skip)
    assert not kernels.differences("skips_forward", SQUARES, number, several=several)


@pytest.mark.parametrize("is_new", [False, True])
@pytest.mark.parametrize("skip", ["residual", "deepnorm"])
def test_skips_backward(kernels, several, skip, is_new):
    number = ["residual", "deepnorm"].index(skip)
    assert not kernels.differences("skips_backward", SQUARES, number, is_new, several=several)


@pytest.mark.parametrize("relu", [False, True])
def test_layer_norm_forward(kernels, several, relu):
    assert not kernels.differences("layer_norm_forward", SHAPES, int(relu), several=several)


def test_layer_norm_backward(kernels, several):
    assert not kernels.differences("layer_norm_backward", SHAPES, several=several)


@pytest.mark.parametrize("relu, moves", [(False, True), (True, False)])
def test_batch_norm_forward(kernels, several, relu, moves):
    found = kernels.differences(
        "batch_norm_forward", NOT_EMPTY, int(relu), int(not moves), several=several
    )
    assert not found


def test_batch_norm_backward(kernels, several):
    assert not kernels.differences("batch_norm_backward", NOT_EMPTY, several=several)


def test_gradients_of_matrices(kernels, several):
    assert not kernels.differences("matrix_gradients", SHAPES, several=several)


def test_gradients_of_vectors(kernels, several):
    assert not kernels.differences("vector_gradients", SHAPES, several=several)


def test_updates_of_all_shapes(kernels, several):
    adam = RULES.index("adam")
    assert not kernels.differences("updates", SHAPES, adam, 2, several=several)


@pytest.mark.parametrize("average", ["none", "begins", "goes_on"])
@members(RULES)
def test_updates_of_rules(kernels, number, name, average):
    variant = ["none", "begins", "goes_on"].index(average)
    assert not kernels.differences("updates", FEW, number, variant, several=True)


@pytest.mark.parametrize("long", [False, True])
def test_updates_by_a_gradient_that_may_be_too_long(kernels, several, long):
    sgd = RULES.index("sgd")
    assert not kernels.differences("clipped_updates", SOME, sgd, int(long), several=several)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("name", ["sam", "asam"])
def test_ascents(kernels, several, name, back):
    adaptive = int(name == "asam")
    assert not kernels.differences("ascents", SOME, adaptive, int(back), several=several)


def test_total_gradients(kernels, several):
    assert not kernels.differences("total_gradients", SOME, several=several)
