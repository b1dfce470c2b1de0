"""The network of a spec, written with PyTorch's own layers, losses and autograd in float64."""

import torch
from torch.nn import functional

from reference import layout

# A dozen rows need no team, and one that waits for a busy core costs seconds.
torch.set_num_threads(1)

ACTIVATIONS = {
    "identity": lambda z: z,
    "relu": functional.relu,
    "logistic": torch.sigmoid,
    "tanh": torch.tanh,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "selu": functional.selu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "mish": functional.mish,
}


def quantile_loss(z, y, quantile=0.5):
    if isinstance(quantile, list):
        steps = torch.cat([z[:, :1], functional.softplus(z[:, 1:])], dim=1)
        z = torch.cumsum(steps, dim=1)
    q = torch.tensor(quantile, dtype=z.dtype)
    return torch.maximum(q * (y - z), (q - 1.0) * (y - z)).sum(dim=1)


def poisson_loss(z, y):
    loss = functional.poisson_nll_loss(z, y, log_input=True, full=False, reduction="none")
    return (loss + torch.xlogy(y, y) - y).sum(dim=1)


def gamma_loss(z, y):
    ratio = y / torch.exp(z)
    return (-torch.log(ratio) + ratio - 1.0).sum(dim=1)


def focal_loss(z, y, gamma=2.0):
    cross_entropy = functional.cross_entropy(z, y, reduction="none")
    return (1.0 - torch.exp(-cross_entropy)) ** gamma * cross_entropy


def binary_focal_loss(z, y, gamma=2.0):
    cross_entropy = functional.binary_cross_entropy_with_logits(z, y, reduction="none")
    return ((1.0 - torch.exp(-cross_entropy)) ** gamma * cross_entropy).sum(dim=1)


def binary_log_loss(z, y, label_smoothing=0.0):
    smooth = y * (1.0 - label_smoothing) + label_smoothing / 2.0
    return functional.binary_cross_entropy_with_logits(z, smooth, reduction="none").sum(dim=1)


LOSSES = {
    "squared_error": lambda z, y: 0.5 * functional.mse_loss(z, y, reduction="none").sum(dim=1),
    "absolute_error": lambda z, y: functional.l1_loss(z, y, reduction="none").sum(dim=1),
    "huber": lambda z, y, delta=1.0: functional.huber_loss(z, y, reduction="none", delta=delta).sum(
        dim=1
    ),
    "quantile": quantile_loss,
    "poisson": poisson_loss,
    "gamma": gamma_loss,
    "log_loss": lambda z, y, label_smoothing=0.0: functional.cross_entropy(
        z, y, reduction="none", label_smoothing=label_smoothing
    ),
    "binary_log_loss": binary_log_loss,
    "focal": focal_loss,
    "binary_focal": binary_focal_loss,
}


def centred(v):
    return v - v.mean(dim=0)


def scaled_weight_standardization(v, g, epsilon=1e-4, gamma=1.0):
    fan_in_variance = len(v) * v.var(dim=0, correction=0)
    floor = torch.tensor(epsilon, dtype=v.dtype)
    return g * gamma * centred(v) * torch.rsqrt(torch.maximum(fan_in_variance, floor))


REPARAMETRIZATIONS = {
    "none": lambda v, g: v,
    "gain": lambda v, g: g * v,
    "ntk": lambda v, g: v / len(v) ** 0.5,
    "weight_norm": lambda v, g: g * v / v.norm(dim=0),
    "weight_standardization": lambda v, g, epsilon=1e-5, ddof=0.0: (
        centred(v) / (v.std(dim=0, correction=int(ddof)) + epsilon)
    ),
    "scaled_weight_standardization": scaled_weight_standardization,
}


def pbld(tensors, embedding, X):
    """With one matrix of waves a feature, as their authors write it."""
    frequencies = tensors["embedding_frequencies"]
    weights = tensors["embedding_weights"].reshape(*frequencies.shape, -1)
    for f, feature in enumerate(embedding.features):
        line = 2 * torch.pi * X[:, feature : feature + 1] * frequencies[f]
        waves = torch.cos(line + tensors["embedding_phases"][f])
        yield functional.linear(waves, weights[f].T, tensors["embedding_intercepts"][f])


def pwl(tensors, embedding, X):
    below = 0
    for f, (feature, edges) in enumerate(zip(embedding.features, embedding.constants, strict=True)):
        t = torch.tensor(edges, dtype=X.dtype)
        place = (X[:, feature : feature + 1] - t[:-1]) / t.diff()
        least, most = torch.zeros_like(t[1:]), torch.ones_like(t[1:])
        least[0], most[-1] = -torch.inf, torch.inf
        weights = tensors["embedding_weights"][below : below + len(edges) - 1]
        below += len(edges) - 1
        place = torch.minimum(torch.maximum(place, least), most)
        yield functional.linear(place, weights.T, tensors["embedding_intercepts"][f])


def levels(tensors, embedding, X):
    below = 0
    for feature, (n,) in zip(embedding.features, embedding.constants, strict=True):
        codes = torch.where(X[:, feature] < n, X[:, feature], 0.0).long()
        table = tensors["embedding_levels"][below : below + int(n)]
        below += int(n)
        yield functional.embedding(codes, table)


EMBEDDINGS = {"levels": levels, "pbld": pbld, "pwl": pwl}


class TorchNetwork:
    """Blocks of a flat vector as leaf tensors, and the loss on them."""

    def __init__(self, spec, parameters):
        self.spec = spec
        self.tensors = {}
        for block in layout(spec):
            values = parameters[block.offset : block.offset + block.size]
            tensor = torch.tensor(values, dtype=torch.float64)
            if "coefs" in block.name or "embedding" in block.name:
                tensor = tensor.reshape(block.rows, block.columns)
            self.tensors[block.name] = tensor.requires_grad_(block.trainable)

    def vector(self):
        """The flat vector of the tensors as they are now."""
        flat = [self.tensors[block.name].detach().reshape(-1) for block in layout(self.spec)]
        return torch.cat(flat).numpy()

    def gradient(self):
        """The flat gradient after ``backward``, zeros at the buffers."""
        flat = []
        for block in layout(self.spec):
            tensor = self.tensors[block.name]
            flat.append((tensor.grad if block.trainable else tensor * 0.0).reshape(-1))
        return torch.cat(flat).numpy()

    def trainable(self):
        return [tensor for tensor in self.tensors.values() if tensor.requires_grad]

    def forward(self, X, *, training=False):
        """Raw outputs; in training the running statistics are updated in place."""
        a, kept = self.front(torch.as_tensor(X)), []
        for l, layer in enumerate(self.spec.layers):
            inputs, skip = a, layer.skip.name if layer.skip_from >= 0 else None
            a = a @ self.weights(l, layer.reparametrization)
            if f"intercepts_{l}" in self.tensors:
                a = a + self.tensors[f"intercepts_{l}"]
            if skip == "deepnorm":
                a = a + layer.skip.settings.get("alpha", 1.0) * kept[layer.skip_from]
            a = self.activated(l, self.normalized(l, layer.normalization, a, training))
            if skip == "residual":
                a = a + kept[layer.skip_from]
            if skip == "highway":
                bias = self.tensors.get(f"gate_intercepts_{l}", 0.0)
                gate = torch.sigmoid(inputs @ self.tensors[f"gate_coefs_{l}"] + bias)
                a = gate * a + (1 - gate) * kept[layer.skip_from]
            kept.append(a)
        return a

    def front(self, X):
        codes = [e.features for e in self.spec.embeddings if e.member.name == "levels"]
        columns = [X[:, [k for k in range(X.shape[1]) if k not in sum(codes, [])]]]
        for embedding in self.spec.embeddings:
            columns += EMBEDDINGS[embedding.member.name](self.tensors, embedding, X)
        return torch.cat(columns, dim=1) * self.tensors.get("input_scale", 1.0)

    def activated(self, l, z):
        name, slope = self.spec.layers[l].activation, self.tensors.get(f"slope_{l}")
        h = ACTIVATIONS[name.removeprefix("parametric_")](z)
        return h if slope is None else z + slope * (h - z)

    def weights(self, l, reparametrization):
        gain = self.tensors.get(f"gain_{l}")
        make = REPARAMETRIZATIONS[reparametrization.name]
        return make(self.tensors[f"coefs_{l}"], gain, **reparametrization.settings)

    def normalized(self, l, normalization, z, training):
        if normalization.name == "none":
            return z
        settings = normalization.settings
        scale, shift = self.tensors[f"scale_{l}"], self.tensors[f"shift_{l}"]
        if normalization.name == "layer":
            epsilon = settings.get("epsilon", 1e-5)
            return functional.layer_norm(z, z.shape[1:], scale, shift, eps=epsilon)
        return functional.batch_norm(
            z,
            self.tensors[f"mean_{l}"],
            self.tensors[f"variance_{l}"],
            scale,
            shift,
            training=training,
            momentum=settings.get("momentum", 0.1),
            eps=settings.get("epsilon", 1e-5),
        )

    def loss(self, X, y, weights=None, *, alpha=0.0, training=False):
        z = self.forward(X, training=training)
        targets = torch.as_tensor(y)
        if targets.dtype == torch.int32:
            targets = targets.long()
        weights = torch.ones(len(z), dtype=z.dtype) if weights is None else torch.as_tensor(weights)
        samples = LOSSES[self.spec.loss.name](z, targets, **self.spec.loss.settings)
        penalty = sum((tensor**2).sum() for name, tensor in self.tensors.items() if "coefs" in name)
        return ((weights * samples).sum() + 0.5 * alpha * penalty) / weights.sum()
