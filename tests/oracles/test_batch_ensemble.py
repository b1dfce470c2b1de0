"""Steps of members that share matrices against PyTorch's autograd, in float64."""

import numpy as np
import pytest
from engine.building import trainer_of
from small_networks import network_of, scaled_problem

from reference import Component, LayerSpec, network
from reference.batch_ensemble import signs

torch = pytest.importorskip("torch", reason="the oracle is PyTorch: install the oracles extra")

MEMBERS, RATE, SEED, N = 4, 0.05, 3, 24
WIDTHS = (9, 7)


class Members(torch.nn.Module):
    """Both hidden layers shared between scalings, all members in one product."""

    def __init__(self, blocks, members):
        super().__init__()

        def leaf(values):
            return torch.nn.Parameter(torch.tensor(np.array(values)))

        self.matrices = torch.nn.ParameterList([leaf(blocks[f"coefs_{l}"]) for l in (0, 1)])
        n_inputs = blocks["coefs_0"].shape[0]
        start = [[signs(SEED, k, n_inputs) for k in range(MEMBERS)], np.ones((MEMBERS, WIDTHS[0]))]
        self.inputs = torch.nn.ParameterList([leaf(values) for values in start])
        ones = [np.ones((MEMBERS, width)) for width in WIDTHS]
        self.outputs = torch.nn.ParameterList([leaf(values) for values in ones])

        def own(name):
            return [member[name] for member in members]

        self.bias = torch.nn.ParameterList([leaf(own(f"intercepts_{l}")) for l in (0, 1)])
        self.last, self.last_bias = leaf(own("coefs_2")), leaf(own("intercepts_2"))

    def forward(self, x):
        """(members, rows, outputs)."""
        x = x.expand(MEMBERS, -1, -1)
        for l, matrix in enumerate(self.matrices):
            x = (x * self.inputs[l][:, None]) @ matrix * self.outputs[l][:, None]
            x = torch.tanh(x + self.bias[l].reshape(MEMBERS, 1, -1))
        return x @ self.last + self.last_bias.reshape(MEMBERS, 1, -1)


def test_steps_follow_autograd():
    """Shared matrices by the mean loss, a member's own numbers by its own loss."""
    hidden = [LayerSpec(width=width, activation="tanh") for width in WIDTHS]
    spec = network_of(*hidden, n_inputs=5, n_outputs=2)
    parameters, X, y, weights = scaled_problem(spec, N, 0)
    given = [scaled_problem(spec, 4, seed)[0] for seed in range(10, 10 + MEMBERS)]
    plain = Component("sgd", {"momentum": 0.0, "nesterov": 0.0})
    wrappers = [Component("batch_ensemble", {"n_members": MEMBERS})]
    trainer = trainer_of(spec, plain, wrappers=wrappers, batch_size=N, seed=SEED)
    trainer.set_data(X, y, weights)
    trainer.load(parameters)
    trainer.set_state(trainer.state() | {"batch_ensemble_members": np.concatenate(given)})
    blocks, members = network.split(spec, parameters), [network.split(spec, one) for one in given]
    net = Members(blocks, members)
    x, w = torch.tensor(X), torch.tensor(weights / weights.sum())
    for epoch in range(3):
        trainer.begin_epoch(epoch)
        loss = trainer.run(np.full(1, RATE)).loss / N
        rows = 0.5 * ((net(x) - torch.tensor(y)) ** 2).sum(-1)
        of_members = rows @ w
        assert loss == pytest.approx(of_members.mean().item(), rel=1e-12)
        net.zero_grad()
        of_members.mean().backward()
        with torch.no_grad():
            for name, leaf in net.named_parameters():
                share = 1 if name.startswith("matrices") else MEMBERS
                leaf -= RATE * share * leaf.grad
    got = trainer.recall("batch_ensemble_members").reshape(MEMBERS, -1)
    for k, vector in enumerate(got):
        own = network.split(spec, vector)
        for l in (0, 1):
            matrix = net.inputs[l][k][:, None] * net.matrices[l] * net.outputs[l][k]
            np.testing.assert_allclose(own[f"coefs_{l}"], matrix.detach(), rtol=1e-9, atol=1e-12)
            bias = net.bias[l][k].detach().ravel()
            np.testing.assert_allclose(own[f"intercepts_{l}"].ravel(), bias, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(own["coefs_2"], net.last[k].detach(), rtol=1e-9, atol=1e-12)
