"""Model files that were altered, cut short or forged: errors, and nothing else."""

import hashlib
import json
import os
import pickle
import struct
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

import deepgen
from deepgen import MLPClassifier, MLPRegressor
from deepgen._serialization.file_format import pack, unpack
from estimators.samples import curve, features

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
LABELS = np.array(["low", "middle", "high"])[np.digitize(curve(X), [-0.5, 0.5])]


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("storage") / "model.dgn"
    model = MLPClassifier(hidden_layer_sizes=(3,), max_iter=2, random_state=0, warm_start=True)
    model.fit(X, LABELS).save(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    path = tmp_path_factory.mktemp("storage") / "hostile.dgn"

    def check(content, match=None):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=match) as caught:
            deepgen.load(path)
        assert "hostile.dgn" in str(caught.value)

    return check


def repacked(content, change):
    """The file with another description or other arrays, under a digest that is right."""
    description, tensors = unpack(content)
    change(description, tensors)
    return pack(description, tensors)


@pytest.mark.slow
@given(data=st.data())
def test_a_file_with_any_byte_changed_is_refused(content, refused, data):
    altered = bytearray(content)
    place = data.draw(st.integers(0, len(content) - 1))
    altered[place] ^= data.draw(st.integers(1, 255))
    refused(bytes(altered))


def test_a_file_with_another_space_in_its_header_is_refused(content, refused):
    """To JSON it is the same file; the digest is over each byte."""
    size = int.from_bytes(content[:8], "little")
    text = content[8 : 8 + size]
    for other in (text.rstrip() + b"\t", b" " + text, text.replace(b",", b", ", 1)):
        other = other.ljust(size + 8)
        refused(struct.pack("<Q", len(other)) + other + content[8 + size :], "does not match")


@given(data=st.data())
def test_a_file_of_any_other_length_is_refused(content, refused, data):
    refused(content[: data.draw(st.integers(0, len(content) - 1))])
    refused(content + data.draw(st.binary(min_size=1, max_size=20)))


@given(st.binary(max_size=300))
def test_any_other_file_is_refused(refused, junk):
    refused(junk, "no model of deepgen, or its header is damaged")


def test_a_file_that_was_cut_short_says_so(content, refused):
    refused(content[:-1], "cut short or altered: its content does not match its digest")
    refused(content[:200], "cut short: it ends within its header, after 200 bytes")


def test_other_kinds_of_file_are_refused(refused):
    refused(pickle.dumps(MLPRegressor()), "no model of deepgen")
    refused(save({"a": np.zeros(3)}), "no model of deepgen")
    refused(save({"a": np.zeros(3)}, metadata={"format": "pt"}), "no model of deepgen")
    refused(b"", "no model of deepgen")


@pytest.mark.parametrize("start", [b"", b"\xff" * 8, save({"a": np.zeros(3)})])
def test_a_large_file_of_another_kind_is_refused_by_its_header(start, tmp_path):
    path = tmp_path / "large.dgn"
    with open(path, "wb") as file:
        file.write(start)
        file.truncate(2**40)  # more than memory holds; on the disk it takes no place
    with pytest.raises(ValueError, match=r"large\.dgn.*no model of deepgen"):
        deepgen.load(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_a_model_may_come_through_a_pipe(content, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    assert deepgen.load(pipe).n_features_in_
    writer.join()


def test_a_file_of_a_newer_format_asks_for_a_newer_version(content, refused):
    newer = content.replace(rb"\"format\": 1", rb"\"format\": 2")
    refused(newer, "is of format 2, written by deepgen .* reads formats up to 1: install a newer")


def set_in(*path):
    """A change of the description: everything but the last is where, the last is what."""

    def change(description, tensors):
        *where, key, value = path
        for step in where:
            description = description[step]
        description[key] = value

    return change


NETWORK = ("attributes", "network_", "network", "state")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (set_in("estimator", "Popen"), "unknown estimator 'Popen'"),
        (set_in("parameters", "solver", {"object": "Popen", "fields": {}}), "class 'Popen'"),
        (set_in("parameters", "loss", {"object": "LogLoss", "fields": {"x": 1}}), "no field 'x'"),
        (set_in("parameters", "evil", 1), "has no parameter 'evil'"),
        (set_in("parameters", "alpha", {"pickle": "x"}), "unknown kind 'pickle'"),
        (set_in("parameters", "alpha", {"known_type": "x"}), "unknown kind 'known_type'"),
        (set_in("parameters", "alpha", {}), "unknown kind 'nothing'"),
        (set_in("parameters", "alpha", {"scalar": "object", "value": 1}), "numbers of type object"),
        (set_in("parameters", "alpha", {"tensor": "nowhere"}), "nowhere"),
        (set_in("pipeline", {}), "unknown section 'pipeline'"),
        (set_in("attributes", "predict", 1), "unknown attribute 'predict'"),
        (set_in("attributes", "__class__", 1), "unknown attribute '__class__'"),
        (set_in("attributes", "n_features_in_", 4), "takes 5 features and gives 3 outputs"),
        (set_in("attributes", "_training_state", None), "malformed"),
        (set_in("attributes", "_targets", 5), "malformed"),
        (set_in("attributes", "network_", None), "malformed"),
        (set_in(*NETWORK, 0, 2**62), "not have as many parameters"),
        (set_in(*NETWORK, 0, -5), "not have as many parameters"),
        (set_in(*NETWORK, 0, "five"), "malformed"),
        (set_in(*NETWORK, 1, []), None),
        (set_in(*NETWORK, 1, 0, "state", 0, 2**70), "malformed"),
        (set_in(*NETWORK, 1, 0, "state", 0, 4), "39 parameters of float32, and .30,. of float32"),
        (set_in(*NETWORK, 1, 0, "state", 1, "evil"), "evil"),
        (set_in(*NETWORK, 1, 0, "engine", "Trainer"), "malformed"),
        (set_in(*NETWORK, 1, 0, "state", []), "malformed"),
        (set_in("attributes", "network_", "dtype", "object"), "object"),
        (set_in("attributes", "network_", "dtype", "float64"), "30 parameters of float64"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(content, refused, change, match):
    refused(repacked(content, change), match)


def test_arrays_that_do_not_fit_are_refused(content, refused):
    name = "network_.parameters"
    _, tensors = unpack(content)
    assert name in tensors
    for other in (
        tensors[name][:-1],
        np.zeros(0, np.float32),
        tensors[name].astype(np.float64),
        tensors[name].astype(np.int32),
        tensors[name].reshape(-1, 1),
    ):
        refused(repacked(content, lambda _, tensors, other=other: tensors.update({name: other})))
    history = "_training_state.history.loss"
    refused(
        repacked(content, lambda _, tensors: tensors.update({history: np.zeros(7)})),
        "columns of its history differ in length",
    )


def test_labels_of_huge_width_are_refused(content, refused):
    description, _ = unpack(content)
    classes = description["attributes"]["_targets"]["fields"]["labels"]["fields"]["classes"]
    assert classes["strings"] == ["high", "low", "middle"]
    for strings, width in ((["a", "b", "c"], 2**40), (["a", "b", "c"], 0), ([1, 2, 3], 4)):
        given = {"strings": strings, "width": width}
        where = ("attributes", "_targets", "fields", "labels", "fields", "classes")
        refused(repacked(content, set_in(*where, given)))


def test_nesting_and_numbers_without_end_are_refused(content, refused):
    deep = []
    for _ in range(800):
        deep = [deep]
    forged = repacked(content, set_in("parameters", "alpha", deep))
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(700)  # Python 3.12 and later need one frame for each level, others two
    try:
        refused(forged, "nested too deeply")
    finally:
        sys.setrecursionlimit(limit)
    text = json.dumps({"format": 1, "version": "0", "sha256": "0" * 64})
    for described in (
        *(text, "[" * 100_000, "[]", "1", "{}", '{"format": "one"}'),
        text.replace("1", "9" * 5000),
    ):
        header = json.dumps({"__metadata__": {"deepgen": described}}).encode()
        refused(struct.pack("<Q", len(header)) + header)
    refused(struct.pack("<Q", 2**64 - 1) + header)
    refused(struct.pack("<Q", 2) + b"[]")


def test_arrays_that_the_file_does_not_hold_are_refused(content, refused):
    """The digest is right, and the container's own offsets lie."""
    size = int.from_bytes(content[:8], "little")
    for shape, offsets in (([2**62], [0, 2**62]), ([2**62, 2**62], [0, 8]), ([-1], [0, -4])):
        header = json.loads(content[8 : 8 + size])
        header["network_.parameters"].update(shape=shape, data_offsets=offsets)
        text = json.dumps(header, separators=(",", ":")).encode()
        lying = struct.pack("<Q", len(text)) + text + content[8 + size :]
        old = json.loads(header["__metadata__"]["deepgen"])["sha256"].encode()
        blank = lying.replace(old, b"0" * 64)
        digest = hashlib.sha256(blank).hexdigest().encode()
        refused(lying.replace(old, digest), "its arrays cannot be read")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["object", "tensor", "fields", "dict", "tuple", "network", "history"])
            | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def places(tree, path=()):
    """Where in a description something stands."""
    yield path
    keys = (
        list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    )
    for key in keys:
        yield from places(tree[key], (*path, key))


@pytest.mark.slow
@given(data=st.data())
def test_anything_anywhere_in_a_description_is_refused_or_harmless(content, tmp_path_factory, data):
    description, tensors = unpack(content)
    path = data.draw(st.sampled_from([path for path in places(description) if path]))
    try:
        forged = repacked(content, set_in(*path, data.draw(JSON)))
        json.dumps(description)
    except ValueError:
        return
    file = tmp_path_factory.mktemp("forged") / "model.dgn"
    file.write_bytes(forged)
    try:
        model = deepgen.load(file)
    except ValueError as error:
        assert "model.dgn" in str(error)
    else:
        assert isinstance(model, MLPClassifier)
        model.__sklearn_is_fitted__()
