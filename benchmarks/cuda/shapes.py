"""The networks that are timed: ReLU, squared error, Adam, float32."""

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Shape:
    """Networks of one form that train side by side.

    Parameters
    ----------
    name : str
        What the tables call it.
    widths : tuple of int
        Inputs, hidden layers, outputs.
    batch_size : int
        Rows of a step.
    n_rows : int
        Rows of X, which all networks share.
    n_nets : int, default=1
        How many train side by side.
    in_one_block : bool, default=False
        Whether a network is trained by one block, which has one multiprocessor at most.
    """

    name: str
    widths: tuple[int, ...]
    batch_size: int
    n_rows: int
    n_nets: int = 1
    in_one_block: bool = False

    @property
    def form(self):
        """Widths and batch, which networks of one form share."""
        return f"{'-'.join(map(str, self.widths))} B {self.batch_size}"

    @property
    def steps_per_epoch(self):
        return self.n_rows // self.batch_size

    @property
    def flops(self):
        """Operations of the products of a step of all networks."""
        pairs = list(pairwise(self.widths))
        first = pairs[0][0] * pairs[0][1]
        products = sum(n_in * n_out for n_in, n_out in pairs)
        return self.n_nets * 2 * self.batch_size * (3 * products - first)


SMALL = (16, 64, 64, 1)
SHAPES = (
    Shape("16-64-64-1 B 32", SMALL, 32, 65536, in_one_block=True),
    Shape("264 of 16-64-64-1 B 32", SMALL, 32, 65536, n_nets=264, in_one_block=True),
    Shape("64-256x3-1 B 256", (64, 256, 256, 256, 1), 256, 131072),
    Shape("128-512x3-1 B 4096", (128, 512, 512, 512, 1), 4096, 131072),
    Shape("1024x5-1 B 8192", (1024, 1024, 1024, 1024, 1024, 1), 8192, 32768),
)
# In place of these where only the script itself is tried.
QUICK_SHAPES = (
    Shape("8-16-1 B 8", (8, 16, 1), 8, 64, in_one_block=True),
    Shape("3 of 8-16-1 B 8", (8, 16, 1), 8, 64, n_nets=3, in_one_block=True),
)
