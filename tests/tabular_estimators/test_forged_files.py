"""Files of models for tables that were forged under a digest that is right."""

import numpy as np
import pytest
from estimators.test_hostile_files import JSON, places, repacked, set_in
from hypothesis import given
from hypothesis import strategies as st

import deepgen
from deepgen import TabularClassifier
from deepgen._serialization.file_format import unpack

RNG = np.random.default_rng(0)
X = np.array(
    [[RNG.normal() if i % 7 else None, RNG.choice(list("abc")), i % 3 == 0] for i in range(80)],
    dtype=object,
)
LABELS = np.where(X[:, 1] == "a", "yes", "no")


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("storage") / "model.dgn"
    TabularClassifier(preset="fast", n_members=1, random_state=0).fit(X, LABELS).save(path)
    return path.read_bytes()


def section(content):
    [name] = set(unpack(content)[0]) - {"estimator", "parameters", "attributes", "members"}
    return name


@pytest.mark.parametrize(
    ("path", "value", "match"),
    [
        ((), None, "malformed"),
        (("dict", 0, 0), "evil", "malformed"),
        (("dict", 0, 1), {"object": "Popen", "fields": {}}, "unknown class 'Popen'"),
        (("dict", 0, 1), {"dict": [["evil", 1]]}, "has no parameter 'evil'"),
        (("dict", 0, 1), {"tensor": "nowhere"}, "nowhere"),
        (("dict", 1, 1), {"pickle": "x"}, "unknown kind 'pickle'"),
    ],
)
def test_a_section_that_does_not_fit_is_refused(content, tmp_path, path, value, match):
    file = tmp_path / "forged.dgn"
    file.write_bytes(repacked(content, set_in(section(content), *path, value)))
    with pytest.raises(ValueError, match=rf"cannot load '.*forged\.dgn': .*{match}"):
        deepgen.load(file)


def test_an_encoder_of_another_width_is_refused(content, tmp_path):
    """Its numbers are right by themselves, and the network would read past its rows."""

    def change(description, tensors):
        name = next(name for name in tensors if name.endswith("encoded_mean"))
        tensors[name] = np.append(tensors[name], 0.0)

    file = tmp_path / "forged.dgn"
    file.write_bytes(repacked(content, change))
    with pytest.raises(ValueError, match=r"its network takes \d+, and \d+ have a mean"):
        deepgen.load(file)


@pytest.mark.slow
@given(data=st.data())
def test_any_value_anywhere_is_refused_or_gives_a_model_that_ends(content, tmp_path_factory, data):
    description, _ = unpack(content)
    path = data.draw(st.sampled_from([path for path in places(description) if path]))
    try:
        forged = repacked(content, set_in(*path, data.draw(JSON)))
    except ValueError:  # no JSON
        return
    file = tmp_path_factory.mktemp("forged") / "model.dgn"
    file.write_bytes(forged)
    try:
        model = deepgen.load(file)
    except ValueError as error:
        assert "model.dgn" in str(error)
        return
    # Labels, columns and scales may be nonsense; what is computed has a row per row all the same.
    try:
        predicted = model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError):
        return
    assert len(predicted) == len(X)
