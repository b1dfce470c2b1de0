"""Time PyTorch's steps: CUDA graphs of some steps each, and the fused Adam.

    python benchmarks/cuda/torch_times.py [--quick]

Networks side by side are one batched product a layer. Without a GPU the same code runs on the CPU
without graphs, which tries the script and gives no figures.
"""

import sys
from itertools import pairwise

import numpy as np
import torch
from clock import quick, seconds_of, slice_steps, step_times
from lines import write_line
from shapes import QUICK_SHAPES, SHAPES
from work import RATE, data_of, order_of, require_learning

ON_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")
GRAPH_STEPS = 64  # at most


class Training:
    """Networks of a shape, their data, and steps that gather, go forward and back, and update.

    Parameters
    ----------
    shape : Shape
        What is trained.
    """

    def __init__(self, shape):
        self.shape = shape
        self.X, self.y = (torch.from_numpy(array).to(DEVICE) for array in data_of(shape))
        torch.manual_seed(0)
        nets = () if shape.n_nets == 1 else (shape.n_nets,)
        self.parameters = []
        for n_in, n_out in pairwise(shape.widths):
            bound = (6 / n_in) ** 0.5
            coefs = torch.empty(*nets, n_in, n_out, device=DEVICE).uniform_(-bound, bound)
            intercepts = torch.zeros(*nets, *([1] * len(nets)), n_out, device=DEVICE)
            self.parameters += [coefs.requires_grad_(), intercepts.requires_grad_()]
        self.adam = torch.optim.Adam(self.parameters, lr=RATE, fused=True, capturable=ON_GPU)

    def plan(self, n_steps):
        """Take the rows of an epoch's first steps to the device: (n_steps, [n_nets,] batch)."""
        orders = [order_of(self.shape, n_steps, net) for net in range(self.shape.n_nets)]
        together = orders[0] if len(orders) == 1 else np.stack(orders, axis=1)
        self.order = torch.from_numpy(np.ascontiguousarray(together)).to(DEVICE)
        self.losses = torch.zeros(n_steps, device=DEVICE)

    def step(self, number):
        rows = self.order[number]
        values, targets = self.X[rows], self.y[rows]
        for i in range(0, len(self.parameters), 2):
            coefs, intercepts = self.parameters[i : i + 2]
            if values.dim() == 3:
                values = torch.baddbmm(intercepts, values, coefs)
            else:
                values = torch.addmm(intercepts, values, coefs)
            if i + 2 < len(self.parameters):
                values = values.relu()
        loss = 0.5 * (values - targets).square().sum() / self.shape.batch_size
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        self.adam.step()
        self.losses[number] = loss.detach()

    def steps(self, numbers):
        for number in numbers:
            self.step(number)


def captured(training, n_steps):
    """A call that makes so many steps: graphs of at most GRAPH_STEPS of them."""
    if not ON_GPU:
        return lambda: training.steps(range(n_steps))
    graphs = []
    for begin in range(0, n_steps, GRAPH_STEPS):
        graph = torch.cuda.CUDAGraph()
        pool = graphs[0].pool() if graphs else None  # they run one after the other
        with torch.cuda.graph(graph, pool=pool):
            training.steps(range(begin, min(begin + GRAPH_STEPS, n_steps)))
        graphs.append(graph)

    def work():
        for graph in graphs:
            graph.replay()
        torch.cuda.synchronize()

    return work


def warm_up(training):
    """Make steps outside a graph, on a stream of their own, as capture demands."""
    if not ON_GPU:
        training.steps(range(3))
        return
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        training.steps(range(3))
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()


def time_shape(shape, few):
    training = Training(shape)
    training.plan(min(4, shape.steps_per_epoch))
    warm_up(training)
    work = captured(training, len(training.order))
    work()
    n_steps = slice_steps(shape, seconds_of(work) / len(training.order), few)
    training.plan(n_steps)
    work = captured(training, n_steps)
    work()
    first = training.losses.tolist()
    found = step_times(work, n_steps, few)
    require_learning(first, training.losses.tolist())
    return found


def main(*options):
    few = quick(*options)
    where = "" if ON_GPU else " on the CPU"
    for precision, suffix in (("highest", ""), ("high", ", TF32"))[: 2 if ON_GPU else 1]:
        torch.set_float32_matmul_precision(precision)
        name = f"PyTorch {torch.__version__}{where}{suffix}"
        for shape in QUICK_SHAPES if few else SHAPES:
            try:
                found = time_shape(shape, few)
            except (RuntimeError, AssertionError) as error:
                found = {"error": str(error).partition("\n")[0]}
            write_line("time", contestant=name, shape=shape.name, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
