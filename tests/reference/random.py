"""Counter-based random numbers: the shuffle of an epoch, dropout masks, other distributions.

    mix(x)               SplitMix64's finalizer
    stream(seed, p)      one key for each purpose p, so that no feature disturbs another
    child(key, j)        the j-th key below a key
    value(key, i)        the i-th number of a key: mix(key + (i + 1) G), SplitMix64 itself
    order(seed, epoch)   Fisher and Yates, j = floor(value * (i + 1) / 2^64)
    keeps(...)           a 32-bit hash of the unit under the key of (epoch, layer, position)
    uniform(bits)        the high 53 bits and a half, in (0, 1)
    happens(p, bits)     the high 53 bits below p 2^53
    Ziggurat             the normal density in 256 layers of equal area, the lowest with the tail
    symmetric_beta(a)    Beta(a, a), of a polar point for a > 1/2, else by rejection

Everything is a pure function of its arguments: no state, hence any thread can draw any number.

Sources: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators",
OOPSLA 2014; R. A. Fisher, F. Yates, "Statistical tables", 1938; the 32-bit finalizer is
C. Wellons' "lowbias32" with the key's upper half mixed in. G. Marsaglia, W. Tsang, "The ziggurat
method for generating random variables", 2000, layer and abscissa from separate bits as J. Doornik,
"An improved ziggurat method", 2005, asks; G. Ulrich, "Computer generation of distributions on the
m-sphere", 1984; M. Joehnk, "Erzeugung von betaverteilten und gammaverteilten Zufallszahlen", 1964.
"""

import math
from functools import cache

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
MASK_64 = 2**64 - 1
MASK_32 = 2**32 - 1

PURPOSES = {
    "init": 0,
    "shuffle": 1,
    "dropout": 2,
    "mixup": 3,
    "perturbation": 4,
    "augmentation": 7,
    "line": 8,
    "branches": 9,
    "fisher": 10,
    "members": 11,
}


def mix(x):
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK_64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK_64
    return x ^ (x >> 31)


def stream(seed, purpose):
    return mix((mix((seed + GOLDEN) & MASK_64) + PURPOSES[purpose] * GOLDEN) & MASK_64)


def child(key, j):
    return mix(key ^ mix((j + GOLDEN) & MASK_64))


def value(key, i):
    return mix((key + (i + 1) * GOLDEN) & MASK_64)


def fraction(key, i):
    return (value(key, i) >> 11) / 2**53


def below(bound, key, i):
    return value(key, i) * bound >> 64


def uniform(bits):
    return ((bits >> 11) + 0.5) * 2.0**-53


def happens(probability, bits):
    return (bits >> 11) < int(probability * 2.0**53)


def sequence(key):
    """The numbers of a key, one after the other."""
    i = 0
    while True:
        yield value(key, i)
        i += 1


def density(x):
    return math.exp(-0.5 * x * x)


class Ziggurat:
    def __init__(self):
        self.tail_from = 3.6541528853610088
        tail = math.sqrt(math.pi / 2) * math.erfc(self.tail_from / math.sqrt(2))
        area = self.tail_from * density(self.tail_from) + tail
        self.edges = [area / density(self.tail_from), self.tail_from]
        for _ in range(254):
            x = self.edges[-1]
            self.edges.append(math.sqrt(-2.0 * math.log(area / x + density(x))))
        self.edges.append(0.0)

    @classmethod
    @cache
    def instance(cls):
        return cls()

    def normal(self, key, i):
        """The i-th number of a key, standard normal."""
        bits = value(key, i)
        more = sequence(bits)
        while True:
            layer, sign = bits & 255, -1.0 if bits & 256 else 1.0
            x = (bits >> 11) * 2.0**-53 * self.edges[layer]
            if x < self.edges[layer + 1]:
                return sign * x
            if layer == 0:
                while True:
                    beyond = -math.log(uniform(next(more))) / self.tail_from
                    if -2.0 * math.log(uniform(next(more))) > beyond * beyond:
                        return sign * (self.tail_from + beyond)
            low, high = density(self.edges[layer]), density(self.edges[layer + 1])
            if low + uniform(next(more)) * (high - low) < density(x):
                return sign * x
            bits = next(more)


def symmetric_beta(a, key):
    draws = map(uniform, sequence(key))
    if a > 0.5:
        square = -math.expm1(math.log(next(draws)) / (a - 0.5))
        return 0.5 + 0.5 * math.sqrt(square) * math.cos(2.0 * math.pi * next(draws))
    while True:
        x, y = math.log(next(draws)), math.log(next(draws))
        if math.exp(x / a) + math.exp(y / a) <= 1.0:
            with np.errstate(over="ignore"):
                return float(1.0 / (1.0 + np.exp((y - x) / a)))


def order(seed, epoch, n):
    """The order in which an epoch visits its n rows."""
    key = child(stream(seed, "shuffle"), epoch)
    rows = list(range(n))
    for i in range(n - 1, 0, -1):
        j = below(i + 1, key, i)
        rows[i], rows[j] = rows[j], rows[i]
    return np.array(rows, dtype=np.int64)


def keeps(seed, epoch, layer, position, width, probability, member=0):
    """Which of a layer's units stay for the row at this position of the epoch's order.

    Members but the first have keys below that of the epoch, counted down from 0.
    """
    key = child(stream(seed, "dropout"), epoch)
    key = child(key, -member & MASK_64) if member else key
    key = child(child(key, layer), position)
    low, high = key & MASK_32, key >> 32
    threshold = int(probability * 2**32)
    kept = np.empty(width, dtype=bool)
    for unit in range(width):
        h = (low + unit * 0x9E3779B9) & MASK_32
        h = (h ^ (h >> 16)) * 0x7FEB352D & MASK_32
        h ^= high
        h = (h ^ (h >> 15)) * 0x846CA68B & MASK_32
        h ^= h >> 16
        kept[unit] = h >= threshold
    return kept


def dropout_mask(seed, epoch, layer, positions, width, probability, member=0):
    """Multipliers of a layer's activations, (len(positions), width): 0 or 1 / (1 - p).

    Source: N. Srivastava et al., "Dropout", JMLR 2014, in its inverted form.
    """
    mask = np.zeros((len(positions), width))
    for i, position in enumerate(positions):
        kept = keeps(seed, epoch, layer, int(position), width, probability, member)
        mask[i, kept] = 1.0 / (1.0 - probability)
    return mask


def branch_mask(seed, epoch, layer, positions, probability):
    """Multipliers of a layer's branch, (len(positions), 1): 0 or 1 / (1 - p) for the whole row.

    Source: G. Huang et al., "Deep networks with stochastic depth", ECCV 2016, in inverted form.
    """
    key = child(child(stream(seed, "branches"), epoch), layer)
    kept = [value(key, int(position)) >> 11 >= int(probability * 2**53) for position in positions]
    return np.array(kept)[:, None] / (1.0 - probability)
