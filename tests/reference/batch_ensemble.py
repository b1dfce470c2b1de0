"""Members that share the matrices of the hidden layers, one member after the other.

    hidden layer l of member k    z = ((x * r_kl) W_l) * s_kl + b_kl
    last layer                    each member's own matrix and intercepts

Vectors of layers are each member's own, what stands before layer 0 is shared. The numbers stand in
one vector: the network's, of which own blocks are idle; then for each member its scalings r, s
layer by layer and a whole network's numbers, of which shared blocks are idle.

    shared numbers    gradient of the mean loss:  mean over k of r_k s_k^T * G_k
    own numbers       gradient of the member's own loss:  dr_k = rows of s_k W G_k, ds_k likewise

L2 acts on matrices; in the loss it is a mean over the members, as their losses are.

Sources: Y. Wen, D. Tran, J. Ba, "BatchEnsemble", ICLR 2020, eq. (1) to (5); Y. Gorishniy,
A. Kotelnikov, A. Babenko, "TabM", ICLR 2025, for the signs and the last layers.
"""

import numpy as np

from . import network
from .random import child, stream, value


def signs(seed, member, n_inputs):
    """Of the first layer's inputs: -1 where the draw's high bit is 0."""
    key = child(stream(seed, "members"), member)
    return np.array([1.0 if value(key, i) >> 63 else -1.0 for i in range(n_inputs)])


class BatchEnsemble:
    """Its base steps on all numbers, along `gradient`."""

    defaults = {"n_members": 16.0}

    def __init__(self, spec, n_members):
        self.spec, self.n_members = spec, n_members
        self.n = network.n_trainable(spec)
        self.blocks = {b.name: b for b in network.layout(spec) if b.trainable}
        last = len(spec.layers) - 1
        self.matrices = [
            block
            for name, block in self.blocks.items()
            if name.startswith("coefs_") and name != f"coefs_{last}"
        ]
        self.n_scales = sum(b.rows + b.columns for b in self.matrices)
        shared = [*self.matrices, *(b for b in self.blocks.values() if b.in_front)]
        self.is_shared = np.zeros(self.n, dtype=bool)
        for block in shared:
            self.is_shared[block.offset : block.offset + block.size] = True
        weights = network.is_weight(spec)[: self.n]
        own = np.concatenate([np.zeros(self.n_scales, dtype=bool), weights & ~self.is_shared])
        self.is_weight = np.concatenate([weights & self.is_shared, *[own] * n_members])

    def start(self, parameters, seed, members=None):
        """All numbers; vectors and last layers are those of ``members``, else all the same."""
        parts = [parameters[: self.n]]
        for k in range(self.n_members):
            for number, block in enumerate(self.matrices):
                first = number == 0
                parts.append(signs(seed, k, block.rows) if first else np.ones(block.rows))
                parts.append(np.ones(block.columns))
            parts.append((parameters if members is None else members[k])[: self.n])
        return np.concatenate(parts)

    def parts(self, numbers):
        """The network's numbers, and of each member its pairs of scalings and its numbers."""
        members = numbers[self.n :].reshape(self.n_members, -1)
        return numbers[: self.n], [self.member_parts(row) for row in members]

    def member_parts(self, row):
        scales, at = [], 0
        for block in self.matrices:
            r, s = row[at : at + block.rows], row[at + block.rows : at + block.rows + block.columns]
            scales.append((r, s))
            at += block.rows + block.columns
        return scales, row[at:]

    def networks(self, numbers):
        """The members' numbers as plain networks."""
        shared, members = self.parts(numbers)
        networks = []
        for scales, own in members:
            w = np.where(self.is_shared, shared, own)
            for (r, s), block in zip(scales, self.matrices, strict=True):
                where = slice(block.offset, block.offset + block.size)
                w[where] *= np.outer(r, s).ravel()
            networks.append(w)
        return networks

    def gradient(self, numbers, gradient_at, penalty=0.0):
        """The gradient, with ``gradient_at(member, w)`` of one network without L2."""
        shared, members = self.parts(numbers)
        total, own_gradients = np.zeros(self.n), []
        for k, (w, (scales, _)) in enumerate(zip(self.networks(numbers), members, strict=True)):
            g = gradient_at(k, w)
            pulled, of_scales = g.copy(), []
            for (r, s), block in zip(scales, self.matrices, strict=True):
                where = slice(block.offset, block.offset + block.size)
                G = g[where].reshape(block.rows, block.columns)
                W = shared[where].reshape(block.rows, block.columns)
                pulled[where] = (np.outer(r, s) * G).ravel()
                of_scales += [(W * G) @ s, r @ (W * G)]
            total += np.where(self.is_shared, pulled, 0.0) / self.n_members
            own_gradients += [*of_scales, np.where(self.is_shared, 0.0, g)]
        return np.concatenate([total, *own_gradients]) + penalty * self.is_weight * numbers

    def l2(self, numbers):
        """Half the squares that L2 acts on; of the members' own the mean."""
        squares = 0.5 * self.is_weight * numbers**2
        return squares[: self.n].sum() + squares[self.n :].sum() / self.n_members
