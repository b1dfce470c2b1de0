"""Embeddings: maps of single features to columns, and what stands before layer 0 in all.

    u = [kept features, f_1(x_1), f_2(x_2) ...]      each f with numbers of its own
    a_(-1) = s * u                                   s of ones without an input scale

Members take a feature's column x (n,), its numbers by name and what is fixed for it; gradients come
by the same names, and that in x. All is written so that a complex step passes it.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Pbld:
    """x beside W^T cos(2 pi w x + c) + b (D. Holzmueller et al. 2024, section 3)."""

    n_frequencies: int = 16
    size: int = 4
    keeps_feature = True

    def n_outputs(self, fixed):
        return self.size - 1

    def blocks(self, fixed):
        n = self.n_frequencies
        return {
            "embedding_weights": (n, self.size - 1),
            "embedding_intercepts": (1, self.size - 1),
            "embedding_frequencies": (1, n),
            "embedding_phases": (1, n),
        }

    def line(self, x, frequencies, phases):
        return 2 * np.pi * np.outer(x, frequencies) + phases

    def value(self, x, fixed, weights, intercepts, frequencies, phases):
        return np.cos(self.line(x, frequencies, phases)) @ weights + intercepts

    def gradients(self, x, fixed, df, weights, intercepts, frequencies, phases):
        line = self.line(x, frequencies, phases)
        turned = -np.sin(line) * (df @ weights.T)
        return {
            "embedding_weights": np.cos(line).T @ df,
            "embedding_intercepts": df.sum(axis=0),
            "embedding_frequencies": 2 * np.pi * x @ turned,
            "embedding_phases": turned.sum(axis=0),
        }, 2 * np.pi * turned @ frequencies[0]


@dataclass(frozen=True)
class Pwl:
    """x beside W^T e(x) + b, e the place of x in each bin (Y. Gorishniy et al. 2022, eq. 1)."""

    size: int = 4
    keeps_feature = True

    def n_outputs(self, edges):
        return self.size - 1

    def blocks(self, edges):
        n = len(edges) - 1
        return {
            "embedding_weights": (n, self.size - 1),
            "embedding_intercepts": (1, self.size - 1),
        }

    def places(self, x, edges):
        """e (n, bins) and its slope in x; what is clipped keeps no derivative."""
        place = (x[:, None] - edges[:-1]) / np.diff(edges)
        low, high = place.real <= 0, place.real >= 1
        low[:, 0] = high[:, -1] = False
        e = np.where(high, 1.0, np.where(low, 0.0, place))
        return e, np.where(low | high, 0.0, 1 / np.diff(edges))

    def value(self, x, edges, weights, intercepts):
        return self.places(x, edges)[0] @ weights + intercepts

    def gradients(self, x, edges, df, weights, intercepts):
        e, slope = self.places(x, edges)
        return {
            "embedding_weights": e.T @ df,
            "embedding_intercepts": df.sum(axis=0),
        }, (slope * (df @ weights.T)).sum(axis=1)


@dataclass(frozen=True)
class Levels:
    """The row of a table that a code names, 0 for what is no code."""

    size: int = 8
    keeps_feature = False

    def n_outputs(self, n_levels):
        return self.size

    def blocks(self, n_levels):
        return {"embedding_levels": (int(n_levels[0]), self.size)}

    def known(self, x, n_levels):
        return np.where((x.real >= 0) & (x.real < n_levels[0]), x.real, 0).astype(int)

    def value(self, x, n_levels, levels):
        return levels[self.known(x, n_levels)]

    def gradients(self, x, n_levels, df, levels):
        gradient = np.zeros(levels.shape, df.dtype)
        np.add.at(gradient, self.known(x, n_levels), df)
        return {"embedding_levels": gradient}, np.zeros(len(x))


EMBEDDINGS = {"levels": Levels, "pbld": Pbld, "pwl": Pwl}


@dataclass(frozen=True)
class EmbeddingSpec:
    member: Any
    features: list[int]
    constants: list[list[float]] = field(default_factory=list)

    @property
    def map(self):
        return EMBEDDINGS[self.member.name](
            **{name: int(value) for name, value in self.member.settings.items()}
        )

    def fixed(self):
        """What is fixed for each feature."""
        return [np.array(own) for own in self.constants] or [None] * len(self.features)


def has_front(spec):
    return bool(spec.embeddings) or spec.input_scale


def kept(spec):
    """The features that u begins with."""
    gone = [e.features for e in spec.embeddings if not e.map.keeps_feature]
    return [k for k in range(spec.n_inputs) if k not in sum(gone, [])]


def width(spec):
    """Columns of u."""
    made = [e.map.n_outputs(fixed) for e in spec.embeddings for fixed in e.fixed()]
    return len(kept(spec)) + sum(made)


def front_shapes(spec):
    """Name and shape of the front's blocks: a member's over its features, one below the other."""
    shapes = []
    for embedding in spec.embeddings:
        parts = [embedding.map.blocks(fixed) for fixed in embedding.fixed()]
        for name, (_, columns) in parts[0].items():
            shapes.append((name, sum(part[name][0] for part in parts), columns))
    if spec.input_scale:
        shapes.append(("input_scale", 1, width(spec)))
    return shapes


def numbers_of(embedding, blocks):
    """Views of each feature's own numbers, by name."""
    below = dict.fromkeys(embedding.map.blocks(embedding.fixed()[0]), 0)
    for fixed in embedding.fixed():
        own = {}
        for name, (rows, _) in embedding.map.blocks(fixed).items():
            own[name] = blocks[name][below[name] : below[name] + rows]
            below[name] += rows
        yield own


def maps(spec, blocks):
    """Member, feature, what is fixed and its numbers, of each embedded feature."""
    for embedding in spec.embeddings:
        each = zip(
            embedding.features, embedding.fixed(), numbers_of(embedding, blocks), strict=True
        )
        for feature, fixed, own in each:
            yield embedding.map, feature, fixed, own


def short(own):
    return {name.removeprefix("embedding_"): numbers for name, numbers in own.items()}


def unscaled(spec, blocks, X):
    columns = [X[:, kept(spec)]]
    for member, feature, fixed, own in maps(spec, blocks):
        columns.append(member.value(X[:, feature], fixed, **short(own)))
    return np.concatenate(columns, axis=1)


def front(spec, blocks, X):
    """What layer 0 takes, (n, width)."""
    u = unscaled(spec, blocks, X)
    return u * blocks["input_scale"] if spec.input_scale else u


def front_gradients(spec, blocks, into, X, da):
    """The gradient of the front's numbers into views of it; returns that in X."""
    du = da
    if spec.input_scale:
        into["input_scale"][...] = (da * unscaled(spec, blocks, X)).sum(axis=0)
        du = da * blocks["input_scale"]
    dX = np.zeros(X.shape, dtype=du.dtype)
    dX[:, kept(spec)] = du[:, : len(kept(spec))]
    column = len(kept(spec))
    places = [own for e in spec.embeddings for own in numbers_of(e, into)]
    for (member, feature, fixed, own), place in zip(maps(spec, blocks), places, strict=True):
        df = du[:, column : column + member.n_outputs(fixed)]
        gradients, dx = member.gradients(X[:, feature], fixed, df, **short(own))
        for name, gradient in gradients.items():
            place[name][...] = gradient
        dX[:, feature] += dx
        column += member.n_outputs(fixed)
    return dX
