"""Whatever measures by a probe refuses anything else, and says how to make one."""

import inspect

import pytest

import deepgen.generalization
import deepgen.optimization
from deepgen import MLPRegressor

MEASUREMENTS = [
    function
    for room in (deepgen.generalization, deepgen.optimization)
    for function in (getattr(room, name) for name in room.__all__)
    if inspect.isfunction(function)
    and next(iter(inspect.signature(function).parameters)) == "probe"
]


@pytest.mark.parametrize("measure", MEASUREMENTS, ids=lambda measure: measure.__name__)
def test_a_model_is_no_probe(measure):
    needed = [
        parameter
        for parameter in inspect.signature(measure).parameters.values()
        if parameter.default is parameter.empty
    ]
    with pytest.raises(TypeError, match=r"a Probe is needed, got MLPRegressor; give Probe\(model"):
        measure(MLPRegressor(), *[None for _ in needed[1:]])
    with pytest.raises(TypeError, match="a Probe is needed, got NoneType$"):
        measure(None, *[None for _ in needed[1:]])


def test_measurements_were_found():
    assert len(MEASUREMENTS) > 15
