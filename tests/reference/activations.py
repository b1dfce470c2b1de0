"""Activations and their two derivatives, each as a function of the pre-activation z.

    identity    z                                       derivative 1
    relu        max(z, 0)                               1 if z > 0, else 0 (so 0 at 0)
    logistic    s(z) = 1 / (1 + exp(-z))                s (1 - s)
    tanh        tanh z                                  1 - tanh^2 z
    leaky_relu  z if z > 0 else 0.01 z                  1 or 0.01
    elu         z if z > 0 else exp(z) - 1              1 or exp(z)
    selu        lambda (z if z > 0 else a (exp(z) - 1))
    gelu        z Phi(z), Phi the normal distribution   Phi(z) + z phi(z)
    silu        z s(z)                                  s (1 + z (1 - s))
    mish        z tanh(softplus z)                      t + z (1 - t^2) s, t = tanh(softplus z)

and second derivatives, with kinks counted as none:

    identity, relu, leaky_relu   0
    logistic, tanh               s (1 - s) (1 - 2 s),  -2 t (1 - t^2)
    elu, selu                    0 if z > 0 else exp(z),  lambda a exp(z)
    gelu                         (2 - z^2) phi(z)
    silu                         s' (2 + z (1 - 2 s)), s' = s (1 - s)
    mish                         t' (2 + z (1 - s - 2 t s)), t' = (1 - t^2) s

'parametric_' before a name gives each unit a trained slope a: h = z + a (f(z) - z), so that

    dh/dz = 1 + a (f' - 1),   dh/da = f - z,   R (dh/dz) = a f'' Rz + (f' - 1) Ra

Sources: A. Maas et al. 2013 (leaky_relu); D.-A. Clevert et al. 2016 (elu); G. Klambauer et al. 2017
(selu); D. Hendrycks, K. Gimpel 2016 (gelu, the exact form); S. Elfwing et al. 2018 (silu);
D. Misra 2020 (mish); D. Holzmueller et al. 2024 (trained slopes).
"""

import numpy as np
from scipy.special import erfc, expit

LEAKY_SLOPE = 0.01
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_LAMBDA = 1.0507009873554804934193349852946


def identity(z):
    return z


def identity_derivative(z):
    return np.ones_like(z)


def relu(z):
    return np.maximum(z, 0.0)


def relu_derivative(z):
    return np.where(z > 0, 1.0, 0.0)


def no_second_derivative(z):
    return np.zeros_like(z)


def logistic(z):
    return expit(z)


def logistic_derivative(z):
    return expit(z) * expit(-z)


def logistic_second_derivative(z):
    return expit(z) * expit(-z) * (expit(-z) - expit(z))


def tanh(z):
    return np.tanh(z)


def tanh_derivative(z):
    return 1.0 - np.tanh(z) ** 2


def tanh_second_derivative(z):
    return -2.0 * np.tanh(z) * tanh_derivative(z)


def leaky_relu(z):
    return np.where(z > 0, z, LEAKY_SLOPE * z)


def leaky_relu_derivative(z):
    return np.where(z > 0, 1.0, LEAKY_SLOPE)


def elu(z):
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0.0)))


def elu_derivative(z):
    return np.where(z > 0, 1.0, np.exp(np.minimum(z, 0.0)))


def elu_second_derivative(z):
    return np.where(z > 0, 0.0, np.exp(np.minimum(z, 0.0)))


def selu(z):
    return SELU_LAMBDA * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0.0)))


def selu_derivative(z):
    return SELU_LAMBDA * np.where(z > 0, 1.0, SELU_ALPHA * np.exp(np.minimum(z, 0.0)))


def selu_second_derivative(z):
    return SELU_LAMBDA * SELU_ALPHA * elu_second_derivative(z)


def gelu(z):
    return z * normal_distribution(z)


def gelu_derivative(z):
    return normal_distribution(z) + z * np.exp(-(z**2) / 2.0) / np.sqrt(2.0 * np.pi)


def gelu_second_derivative(z):
    return (2.0 - z**2) * np.exp(-(z**2) / 2.0) / np.sqrt(2.0 * np.pi)


def normal_distribution(z):
    return 0.5 * erfc(-z / np.sqrt(2.0))


def silu(z):
    return z * expit(z)


def silu_derivative(z):
    return expit(z) * (1.0 + z * expit(-z))


def silu_second_derivative(z):
    return expit(z) * expit(-z) * (2.0 + z * (expit(-z) - expit(z)))


def mish(z):
    return z * np.tanh(np.logaddexp(0.0, z))


def mish_derivative(z):
    t = np.tanh(np.logaddexp(0.0, z))
    return t + z * (1.0 - t**2) * expit(z)


def mish_second_derivative(z):
    t, s = np.tanh(np.logaddexp(0.0, z)), expit(z)
    return (1.0 - t**2) * s * (2.0 + z * (1.0 - s - 2.0 * t * s))


ACTIVATIONS = {
    "identity": (identity, identity_derivative, no_second_derivative),
    "relu": (relu, relu_derivative, no_second_derivative),
    "logistic": (logistic, logistic_derivative, logistic_second_derivative),
    "tanh": (tanh, tanh_derivative, tanh_second_derivative),
    "leaky_relu": (leaky_relu, leaky_relu_derivative, no_second_derivative),
    "elu": (elu, elu_derivative, elu_second_derivative),
    "selu": (selu, selu_derivative, selu_second_derivative),
    "gelu": (gelu, gelu_derivative, gelu_second_derivative),
    "silu": (silu, silu_derivative, silu_second_derivative),
    "mish": (mish, mish_derivative, mish_second_derivative),
}

PARAMETRIC = "parametric_"


def of_name(name):
    """Value and two derivatives of what a layer's activation is called, without its slope."""
    return ACTIVATIONS[name.removeprefix(PARAMETRIC)]


def value(name, z, a=None):
    """What a layer gives; ``a`` are the slopes where it has some."""
    h = of_name(name)[0](z)
    return h if a is None else z + a * (h - z)


def derivative(name, z, a=None):
    slope = of_name(name)[1](z)
    return slope if a is None else 1.0 + a * (slope - 1.0)


def lift(name, z):
    """dh/da."""
    return of_name(name)[0](z) - z


def lift_tangent(name, z, rz):
    return (of_name(name)[1](z) - 1.0) * rz


def derivative_tangent(name, z, rz, a=None, ra=None):
    moved = of_name(name)[2](z) * rz
    return moved if a is None else a * moved + (of_name(name)[1](z) - 1.0) * ra
