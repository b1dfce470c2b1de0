"""Mixup: rows of a batch mixed in pairs, features and losses alike.

    share     Beta(a, a), one a batch
    partners  a random permutation of the batch's rows that weigh anything; others stay alone
    x         share x + (1 - share) x[partner]
    loss      share w l(z, y) + (1 - share) w[partner] l(z, y[partner])

Source: H. Zhang, M. Cisse, Y. Dauphin, D. Lopez-Paz, "mixup: beyond empirical risk minimization",
ICLR 2018.
"""

import numpy as np

from .random import below, child, stream, symmetric_beta


def sides(a, seed, epoch, batch, weights):
    """The two shares of a batch of rows with these weights, and the rows that each falls on."""
    key = child(child(stream(seed, "mixup"), epoch), batch)
    share = symmetric_beta(a, child(key, 0))
    partners = np.arange(len(weights))
    rows = np.flatnonzero(weights)
    for i in range(len(rows) - 1, 0, -1):
        j = below(i + 1, key, i)
        partners[rows[[i, j]]] = partners[rows[[j, i]]]
    return [(share, np.arange(len(weights))), (1.0 - share, partners)]
