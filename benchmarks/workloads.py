"""The training steps that are measured, and what each has to reach."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from deepgen import _core

LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Target:
    """What a workload has to reach with some number of threads.

    Parameters
    ----------
    share : float
        Fraction of the FMA peak of all threads.
    avx2_share : float, default=None
        The same on a processor without AVX-512; None for no other.
    times_faster : dict of str to float, default={}
        Peer -> ratio of its microseconds to ours, at least.
    """

    share: float
    avx2_share: float | None = None
    times_faster: dict[str, float] = field(default_factory=dict)

    @property
    def peak(self):
        """Fraction of the FMA peak on the path that runs here."""
        narrow = self.avx2_share is not None and _core.simd_paths()[0] == "avx2"
        return self.avx2_share if narrow else self.share


@dataclass(frozen=True)
class Workload:
    """Training of a ReLU network with squared error and Adam.

    Parameters
    ----------
    widths : tuple of int
        Inputs, hidden units of each layer, outputs.
    batch_size : int
        Rows of a step.
    n_samples : int
        Rows of the table, a multiple of the batch size.
    targets : dict of int to Target, default={}
        Number of threads -> what it has to reach.
    normalization : str, default='none'
        Of the hidden layers.
    reparametrization : str, default='none'
        Of the hidden layers.
    dropout : float, default=0.0
        Of the hidden layers.
    augmentation : str, default='none'
        Of the rows of a step, with its default settings.
    mixup : float, default=0.0
        Parameter of the Beta distribution.
    dtype : str, default='float32'
        What the engine computes in.
    embedding : str, default='none'
        Of all features, with its default settings and 48 bins.
    input_scale : bool, default=False
        Whether each input of the first layer has a trained factor.
    """

    widths: tuple[int, ...]
    batch_size: int
    n_samples: int
    targets: dict[int, Target] = field(default_factory=dict, hash=False)
    normalization: str = "none"
    reparametrization: str = "none"
    dropout: float = 0.0
    augmentation: str = "none"
    mixup: float = 0.0
    dtype: str = "float32"
    embedding: str = "none"
    input_scale: bool = False

    @property
    def name(self):
        """The network and its batch, as tables show them."""
        return f"{'-'.join(map(str, self.widths))} batch {self.batch_size}"

    @property
    def variant(self):
        """What differs from the plain network in float32."""
        parts = [] if self.normalization == "none" else [f"{self.normalization} norm"]
        known = self.reparametrization
        parts += [] if known == "none" else [known.replace("_", " ")]
        parts += [f"dropout {self.dropout}"] if self.dropout else []
        parts += [] if self.augmentation == "none" else [self.augmentation]
        parts += [f"mixup {self.mixup}"] if self.mixup else []
        parts += [] if self.dtype == "float32" else [self.dtype]
        parts += [] if self.embedding == "none" else [self.embedding]
        parts += ["input scale"] if self.input_scale else []
        return ", ".join(parts) or "plain"

    @property
    def n_first_inputs(self):
        """Inputs of the first layer: of an embedded feature four."""
        return self.widths[0] if self.embedding == "none" else 4 * self.widths[0]

    def embeddings(self):
        """What the engine maps features by."""
        if self.embedding == "none":
            return []
        edges = np.linspace(-3.0, 3.0, 49).tolist()
        return [
            _core.EmbeddingSpec(
                member=_core.Component(self.embedding),
                features=list(range(self.widths[0])),
                constants=[edges] * self.widths[0] if self.embedding == "pwl" else [],
            )
        ]

    @property
    def steps_per_epoch(self):
        """Steps of one pass over the table."""
        return self.n_samples // self.batch_size

    @property
    def flops(self):
        """Floating-point operations of the products of one step.

        Forward 2 B sum(in out), the gradient of the weights the same, the gradient of the inputs
        the same without the first layer. Everything else (gather, loss, optimizer) counts as zero.
        """
        products = [before * after for before, after in pairwise(self.widths)]
        return 2 * self.batch_size * (3 * sum(products) - products[0])

    def data(self):
        """Standard normal inputs and smooth targets: X (n, inputs), y (n, outputs)."""
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.n_samples, self.widths[0]), dtype=np.float32)
        columns = np.arange(self.widths[-1])
        y = np.sin(X[:, columns]) + 0.5 * X[:, columns + 1] * X[:, columns + 2]
        return X, np.ascontiguousarray(y)

    def coefs(self):
        """Starting weights, He's rule, in a list of arrays (in, out)."""
        rng = np.random.default_rng(1)
        return [
            (np.sqrt(2 / before) * rng.standard_normal((before, after))).astype(np.float32)
            for before, after in pairwise((self.n_first_inputs, *self.widths[1:]))
        ]

    def spec(self):
        """The network as the engine wants it."""
        *hidden, outputs = self.widths[1:]
        normalization = _core.Component(self.normalization)
        layers = [
            _core.LayerSpec(
                width=width,
                activation="relu",
                normalization=normalization,
                reparametrization=_core.Component(self.reparametrization),
                dropout=self.dropout,
            )
            for width in hidden
        ]
        layers.append(_core.LayerSpec(width=outputs, activation="identity"))
        loss = _core.Component("squared_error")
        return _core.NetworkSpec(
            n_inputs=self.widths[0],
            layers=layers,
            loss=loss,
            embeddings=self.embeddings(),
            input_scale=self.input_scale,
        )

    def parameters(self, layout):
        """Starting weights as one flat vector; biases are 0, scales, gains and variances 1.

        Embeddings start from small numbers.
        """
        rng = np.random.default_rng(2)
        blocks = {f"coefs_{number}": block.ravel() for number, block in enumerate(self.coefs())}
        blocks |= {b.name: 0.1 * rng.normal(size=b.size) for b in layout if "embed" in b.name}
        ones = ("scale_", "gain_", "variance_", "input_scale")
        return np.concatenate(
            [
                blocks.get(block.name, np.full(block.size, block.name.startswith(ones)))
                for block in layout
            ]
        ).astype(np.float64 if self.dtype == "float64" else np.float32)


SMALL = Workload(
    (16, 64, 64, 1),
    batch_size=32,
    n_samples=16_384,
    targets={1: Target(0.70, 0.60, {"JAX": 3, "scikit-learn": 20, "PyTorch": 28})},
)
MIDDLE = Workload(
    (64, 256, 256, 256, 1),
    batch_size=256,
    n_samples=8_192,
    targets={
        1: Target(0.90, 0.80),
        2: Target(0.88, times_faster={"JAX": 1.7, "PyTorch": 3.2, "scikit-learn": 4}),
    },
)
LARGE = Workload(
    (128, 512, 512, 512, 1),
    batch_size=256,
    n_samples=8_192,
    targets={
        1: Target(0.88),
        2: Target(0.87, times_faster={"JAX": 1.35, "PyTorch": 1.5, "scikit-learn": 2.5}),
    },
)
THIN = Workload((64, 256, 256, 256, 10), batch_size=32, n_samples=8_192, targets={1: Target(0.78)})
WORKLOADS = (SMALL, MIDDLE, LARGE, THIN)
