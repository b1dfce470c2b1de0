"""Objects that no argument asks for, and the count of the calls that were made with them."""

import collections
import datetime
import fractions
import os
import sys

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from scipy import sparse

HUGE = [2**31, 2**32 + 1, 2**40, 2**62, 2**63 - 1, 2**63, 2**64, 10**30, 10**400]

numbers = st.sampled_from(
    [0, -1, 1, 7, -(2**31) - 1, -(2**63), *HUGE]
    + [0.5, -0.0, 1.5, -1e300, 1e300, 5e-324, float("nan"), float("inf"), float("-inf")]
    + [True, False, 1j, fractions.Fraction(1, 3), np.float32(2), np.int8(-1), np.bool_(True)]
)
words = st.sampled_from(["", "nonsense", "float16", "\0", "\ud800", "ü" * 99, "None"])
things = st.sampled_from(
    [
        None,
        b"bytes",
        bytearray(8),
        memoryview(b"\0" * 64),
        object(),
        int,
        len,
        ...,
        slice(None),
        set(),
        {},
        {"a": 1},
        (),
        [],
        [[]],
        [1, "a", None],
        range(3),
        iter([1, 2]),
        datetime.date(2020, 1, 1),
        np,
        np.dtype("float32"),
        np.ndarray,
    ]
)

TYPES = ["float32", "float64", "int32", "int64", "bool", "uint8", "float16", "complex64", "O"]
TYPES += [">f4", ">f8", ">i8", "U3", "S2", "M8[s]", "m8[s]", "longdouble", "V8"]
TYPES += [[("a", "f4"), ("b", "i8")]]
SHAPES = [(), (0,), (1,), (3,), (12,), (13,), (24,), (0, 4), (12, 0), (1, 1), (12, 1), (12, 4)]
SHAPES += [(12, 3), (12, 5), (4, 12), (11, 4), (13, 4), (1, 4), (2, 3, 4), (12, 4, 1), (1,) * 32]
FILLS = [0, 1, -1, 2, 3, 100, np.nan, np.inf, -np.inf, 1e38, 1e300, 2**31, 2**62]

SPARSE = [np.dtype(name) for name in ("float32", "float64", "int32", "int64", "bool")]

LAYOUTS = {
    "plain": lambda a: a,
    "fortran": np.asfortranarray,
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    "reversed": lambda a: a[::-1] if a.ndim else a,
    "broadcast": lambda a: np.broadcast_to(a, a.shape),
    "one for all": lambda a: np.broadcast_to(a.ravel()[:1].reshape(()), a.shape) if a.size else a,
    "masked": lambda a: np.ma.masked_array(a, np.ones(a.shape, bool)),
    "matrix": lambda a: np.asmatrix(a) if a.ndim <= 2 else a,
    "list": lambda a: a.tolist(),
    "sparse": lambda a: sparse.coo_matrix(a) if a.ndim == 2 and a.dtype in SPARSE else a,
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype) if a.dtype.char in "fdil" else a,
}


@st.composite
def arrays(draw):
    """An array of some type, shape, content and layout; rarely the one that is wanted."""
    dtype, shape = draw(st.sampled_from(TYPES)), draw(st.sampled_from(SHAPES))
    with np.errstate(all="ignore"):
        try:
            array = np.full(shape, draw(st.sampled_from(FILLS)), dtype)
        except (TypeError, ValueError, OverflowError):
            array = np.zeros(shape, dtype)
    return LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))](array)


nonsense = st.one_of(arrays(), arrays(), numbers, things, words)


def changed(draw, arguments, values=nonsense, at_most=2):
    """Some of the arguments replaced by nonsense, and now and then one too few or too many."""
    names = draw(
        st.lists(st.sampled_from(sorted(arguments)), min_size=1, max_size=at_most, unique=True)
    )
    made = {**arguments, **{name: draw(values) for name in names}}
    if draw(st.integers(0, 19)) == 0:
        del made[names[0]]
    return made


def calls(n):
    """Settings of a hypothesis test that makes ``n`` calls, the same ones in every run."""
    return settings(
        max_examples=n,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


# What a wrong argument may be answered with.
ANSWERS = (ValueError, TypeError, AttributeError, LookupError, OverflowError, MemoryError)
ANSWERS += (ImportError, OSError, NotImplementedError, RuntimeError)


def described(name, arguments, keywords, size=2500):
    """A call in words, as bytes of a fixed number."""
    try:
        with np.printoptions(threshold=8):
            text = f"{name} {arguments!r:.900} {keywords!r:.1400}"
    except Exception as error:  # an object that cannot even be shown is nonsense as well
        text = f"{name} ({error!r:.200})"
    return text.encode("utf-8", "replace").ljust(size)[:size]


class Tally:
    """Makes calls, and counts those that were refused and those that went through.

    The call to be made is first written to a file, so that a crash tells what it was.
    """

    def __init__(self, path):
        self.refused = self.accepted = 0
        self.kinds = collections.Counter()
        self.descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)

    def make(self, name, function, /, *arguments, **keywords):
        """Call, and swallow what a wrong argument may be answered with; None where it was."""
        os.pwrite(self.descriptor, described(name, arguments, keywords), 0)
        try:
            result = function(*arguments, **keywords)
        except SystemError:
            raise
        except ANSWERS as error:
            assert str(error) or isinstance(error, MemoryError), f"{name}: an empty message"
            self.refused += 1
            self.kinds[type(error).__name__] += 1
            return None
        self.accepted += 1
        return result

    def must(self, name, function, /, *arguments, **keywords):
        """Call with what is unusual and sound: it may not be refused."""
        refused = self.refused
        self.make(name, function, *arguments, **keywords)
        assert self.refused == refused, described(name, arguments, keywords).decode().strip()

    def method(self, model, name):
        """The method of an estimator, or None where its parameters leave it without one."""
        try:
            return getattr(model, name)
        except AttributeError:
            self.refused += 1
            return None

    def report(self):
        """Print the counts; the last line is what the test reads."""
        print(dict(self.kinds), file=sys.stderr)
        print(self.refused, self.accepted)
