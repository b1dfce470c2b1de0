"""Optimizers: one step on the flat vector of trainable numbers, g the gradient, t from 1.

    sgd    v <- momentum v - rate g
           w <- w + v                                       (nesterov = 0)
           w <- w + momentum v - rate g                     (nesterov = 1)

    adam   m <- beta_1 m + (1 - beta_1) g
           v <- beta_2 v + (1 - beta_2) g^2
           w <- w - rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt v + epsilon)    (eps_hat = 1)
           w <- w - rate m^ / (sqrt v^ + epsilon)                                      (eps_hat = 0)
           with m^ = m / (1 - beta_1^t), v^ = v / (1 - beta_2^t)

    adagrad    s <- s + g^2, s_0 = initial_accumulator
               w <- w - rate g / D(s)

    rmsprop    s <- rho s + (1 - rho) g^2
               b <- momentum b + g / D(s),       w <- w - rate b      (rate_inside = 0)
               b <- momentum b + rate g / D(s),  w <- w - b           (rate_inside = 1)
    centered_rmsprop the same with max(s - m^2, 0) for s, m <- rho m + (1 - rho) g

    adadelta   s <- rho s + (1 - rho) g^2
               d = sqrt(u + epsilon) / sqrt(s + epsilon) g,  u <- rho u + (1 - rho) d^2
               w <- w - rate d

with D(s) = sqrt s + epsilon (eps_inside = 0, PyTorch) or sqrt(s + epsilon) (eps_inside = 1, Keras).

Weight decay is decoupled and falls on the weight matrices only, before the rule:
w <- w (1 - rate weight_decay).

Sources: I. Sutskever et al. 2013, in scikit-learn's form (the rate inside v); D. Kingma, J. Ba,
"Adam", ICLR 2015, algorithm 1 (eps_hat = 0) and the remark below it (eps_hat = 1);
I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2;
J. Duchi et al. 2011; T. Tieleman, G. Hinton 2012; A. Graves 2013; M. Zeiler 2012.
"""

import numpy as np


class SGD:
    defaults = {"momentum": 0.9, "nesterov": 1.0, "weight_decay": 0.0}

    def __init__(self, n, **settings):
        self.settings = {**self.defaults, **settings}
        self.velocity = np.zeros(n)

    def step(self, w, g, rate, is_weight):
        """The vector after a step; ``is_weight`` marks the entries of weight matrices."""
        momentum = self.settings["momentum"]
        w = decayed(w, rate, self.settings["weight_decay"], is_weight)
        self.velocity = momentum * self.velocity - rate * g
        if self.settings["nesterov"]:
            return w + momentum * self.velocity - rate * g
        return w + self.velocity


class Adam:
    defaults = {
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "eps_hat": 1.0,
        "weight_decay": 0.0,
    }

    def __init__(self, n, **settings):
        self.settings = {**self.defaults, **settings}
        self.m = np.zeros(n)
        self.v = np.zeros(n)
        self.t = 0

    def step(self, w, g, rate, is_weight):
        beta_1, beta_2 = self.settings["beta_1"], self.settings["beta_2"]
        epsilon = self.settings["epsilon"]
        w = decayed(w, rate, self.settings["weight_decay"], is_weight)
        self.t += 1
        self.m = beta_1 * self.m + (1.0 - beta_1) * g
        self.v = beta_2 * self.v + (1.0 - beta_2) * g**2
        correction_1 = 1.0 - beta_1**self.t
        correction_2 = 1.0 - beta_2**self.t
        if self.settings["eps_hat"]:
            step = np.sqrt(correction_2) / correction_1 * self.m / (np.sqrt(self.v) + epsilon)
        else:
            step = (self.m / correction_1) / (np.sqrt(self.v / correction_2) + epsilon)
        return w - rate * step


class AdaGrad:
    defaults = {
        "epsilon": 1e-10,
        "eps_inside": 0.0,
        "initial_accumulator": 0.0,
        "weight_decay": 0.0,
    }

    def __init__(self, n, **settings):
        self.settings = {**self.defaults, **settings}
        self.s = np.full(n, self.settings["initial_accumulator"])

    def step(self, w, g, rate, is_weight):
        w = decayed(w, rate, self.settings["weight_decay"], is_weight)
        self.s = self.s + g**2
        return w - rate * g / denominator(self.s, self.settings)


class RMSProp:
    defaults = {
        "rho": 0.99,
        "momentum": 0.0,
        "epsilon": 1e-8,
        "eps_inside": 0.0,
        "rate_inside": 0.0,
        "weight_decay": 0.0,
    }

    def __init__(self, n, **settings):
        self.settings = {**self.defaults, **settings}
        self.s = np.zeros(n)
        self.m = np.zeros(n)
        self.b = np.zeros(n)

    def square(self, g):
        rho = self.settings["rho"]
        self.s = rho * self.s + (1.0 - rho) * g**2
        return self.s

    def step(self, w, g, rate, is_weight):
        w = decayed(w, rate, self.settings["weight_decay"], is_weight)
        step = g / denominator(self.square(g), self.settings)
        if self.settings["rate_inside"]:
            self.b = self.settings["momentum"] * self.b + rate * step
            return w - self.b
        self.b = self.settings["momentum"] * self.b + step
        return w - rate * self.b


class CenteredRMSProp(RMSProp):
    def square(self, g):
        rho = self.settings["rho"]
        self.m = rho * self.m + (1.0 - rho) * g
        return np.maximum(super().square(g) - self.m**2, 0.0)


class AdaDelta:
    defaults = {"rho": 0.9, "epsilon": 1e-6, "weight_decay": 0.0}

    def __init__(self, n, **settings):
        self.settings = {**self.defaults, **settings}
        self.s = np.zeros(n)
        self.u = np.zeros(n)

    def step(self, w, g, rate, is_weight):
        rho, epsilon = self.settings["rho"], self.settings["epsilon"]
        w = decayed(w, rate, self.settings["weight_decay"], is_weight)
        self.s = rho * self.s + (1.0 - rho) * g**2
        d = np.sqrt(self.u + epsilon) / np.sqrt(self.s + epsilon) * g
        self.u = rho * self.u + (1.0 - rho) * d**2
        return w - rate * d


def denominator(s, settings):
    epsilon = settings["epsilon"]
    return np.sqrt(s + epsilon) if settings["eps_inside"] else np.sqrt(s) + epsilon


def decayed(w, rate, weight_decay, is_weight):
    return np.where(is_weight, w * (1.0 - rate * weight_decay), w)


OPTIMIZERS = {
    "adadelta": AdaDelta,
    "adagrad": AdaGrad,
    "adam": Adam,
    "centered_rmsprop": CenteredRMSProp,
    "rmsprop": RMSProp,
    "sgd": SGD,
}
