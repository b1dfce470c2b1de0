"""Settings that were compared for the presets, and the ingredients that the ablation takes away."""

from dataclasses import replace

import numpy as np

from deepgen.embeddings import PBLD
from deepgen.initializers import DataDependent
from deepgen.losses import LogLoss
from deepgen.schedules import Cosine, Scaled
from deepgen.tabular.presets import PRESETS


def change(recipe, *, network=None, encoder=None, **fields):
    """Return a recipe with other settings; those that go by rows give way to fixed ones."""
    network, encoder = network or {}, encoder or {}
    fixed = {**network, **encoder}
    rows = {**recipe.by_rows, **fields.pop("by_rows", {})}
    return replace(
        recipe,
        network={**recipe.network, **network},
        encoder={**recipe.encoder, **encoder},
        by_rows={name: value for name, value in rows.items() if name not in fixed},
        **fields,
    )


def sized(recipe, sizes):
    """Return a recipe with other settings by rows, where it has any."""
    own = recipe.by_rows
    return replace(recipe, by_rows={name: sizes.get(name, own[name]) for name in own})


CHOSEN = {task: PRESETS["balanced"][task] for task in ("regression", "classification")}

STANDARD = {
    task: change(recipe, network={"parametrization": "standard"}) for task, recipe in CHOSEN.items()
}
"""The chosen settings with the standard parametrization, as first chosen for both tasks."""
PATIENT = {"n_iter_no_change": np.inf}
WITHOUT = {task: change(recipe, network=PATIENT) for task, recipe in STANDARD.items()}
"""These, each network trained to the last epoch."""
NEUTRAL = {"learning_rate": "coslog4", "initializer": DataDependent(intercepts="hull")}
RICHER = {
    "regression": change(
        WITHOUT["regression"],
        network={**NEUTRAL, "dropout": Scaled(Cosine(), 0.15)},
        decay=Scaled(Cosine(), 0.04),
    ),
    "classification": change(
        WITHOUT["classification"], network={**NEUTRAL, "parametrization": "ntk"}
    ),
}
"""With the ingredients that make no difference: chosen first, and where the ablation began."""

PLAIN = {"parametrization": "standard", "dropout": 0.1}
"""No average, no schedules, weights as they are: where the search began."""

NUMBERS_BEFORE = change(
    RICHER["regression"],
    network={**PLAIN, "batch_size": 128},
    learning_rate=0.2,
    decay=0.02,
    averaged_epochs=0.0,
)
CLASSES_BEFORE = change(
    RICHER["classification"],
    network={
        **PLAIN,
        "activation": "selu",
        "scoring": None,
        "loss": LogLoss(label_smoothing=0.1),
        "batch_size": 128,
    },
    encoder={"numerical_encoding": "ple"},
    averaged_epochs=0.0,
)


def numbers_to_choose():
    """Return the candidates for numbers, from the recipe before on."""
    slower = change(NUMBERS_BEFORE, learning_rate=0.1)
    falling = change(
        slower, network={"dropout": Scaled(Cosine(), 0.15)}, decay=Scaled(Cosine(), 0.04)
    )
    chosen = RICHER["regression"]
    return {
        "before: rate .2": NUMBERS_BEFORE,
        "rate .1, dropout .15, decay .04, both falling": falling,
        "and average, batches of 64 (chosen)": chosen,
        "chosen, NTK": change(chosen, network={"parametrization": "ntk"}),
        "chosen, 48 bins": change(chosen, encoder={"n_bins": 48}),
        "chosen, width 256": change(chosen, by_rows={"width": (256, 256, 256)}),
    }


def classes_to_choose():
    """Return the candidates for classes, from the recipe before on."""
    chosen = RICHER["classification"]
    by_loss = change(
        CLASSES_BEFORE,
        network={"activation": "mish", "scoring": "loss", "loss": "log_loss"},
    )
    plain = change(by_loss, encoder={"numerical_encoding": None})
    return {
        "before: SELU, label smoothing, PLE": CLASSES_BEFORE,
        "mish, no smoothing, epoch by log loss": by_loss,
        "and no PLE": plain,
        "and average, NTK, dropout .2, batches of 64 (chosen)": chosen,
        "chosen, dropout and decay falling": change(
            chosen, network={"dropout": Scaled(Cosine(), 0.3)}, decay=Scaled(Cosine(), 0.04)
        ),
        "chosen, decay .03": change(chosen, decay=0.03),
        "chosen, batches of 128": change(chosen, network={"batch_size": 128}),
    }


def without_an_ingredient(task):
    """Return the richer recipe, and what is left when one ingredient is taken away."""
    chosen = RICHER[task]
    solver = chosen.network["solver"]
    common = {
        "chosen": chosen,
        "standardised in place of robust scale": change(chosen, encoder={"numbers": "standard"}),
        "beta_2 .999 in place of .95": change(
            chosen, network={"solver": replace(solver, beta_2=0.999)}
        ),
        "cosine in place of four waves": change(chosen, network={"learning_rate": "cosine"}),
        "ReLU in place of mish": change(chosen, network={"activation": "relu"}),
        "start of mean 0 in place of drawn points": change(
            chosen, network={"initializer": DataDependent()}
        ),
        "no average": change(chosen, averaged_epochs=0.0),
        "no dropout": change(chosen, network={"dropout": 0.0}),
        "no decay": change(chosen, decay=0.0),
        "32 epochs": change(chosen, network={"max_iter": 32}),
        "with trained waves of numbers (PBLD)": change(
            chosen,
            network={
                "numerical_embedding": PBLD(),
                "solver": replace(solver, rate_factors={"embedding": 0.1}),
            },
        ),
    }
    if task == "regression":
        return common | {
            "no PLE": change(chosen, encoder={"numerical_encoding": None}),
            "level dropout .1 and decay .02": change(chosen, network={"dropout": 0.1}, decay=0.02),
            "batches of 128": change(chosen, network={"batch_size": 128}),
        }
    return common | {
        "with PLE": change(chosen, encoder={"numerical_encoding": "ple"}),
        "standard in place of NTK parametrization": change(
            chosen, network={"parametrization": "standard"}
        ),
        "label smoothing .1": change(chosen, network={"loss": LogLoss(label_smoothing=0.1)}),
        "epoch by accuracy in place of log loss": change(chosen, network={"scoring": "accuracy"}),
    }


def to_choose(task):
    """Return the candidates of a task."""
    return numbers_to_choose() if task == "regression" else classes_to_choose()


def simpler(task):
    """Return the richer recipe, the simpler one, and what differs from it in one setting."""
    without = WITHOUT[task]
    return {
        "with the neutral ingredients": RICHER[task],
        "none of them": without,
        "none, patience of a quarter": STANDARD[task],
        "only the four waves": change(without, network={"learning_rate": "coslog4"}),
        "none, standard start": change(without, network={"initializer": "glorot_uniform"}),
        "none, quantile scale": change(without, encoder={"numbers": "quantile"}),
        "none, standard scale": change(without, encoder={"numbers": "standard"}),
        "none, not clipped": change(without, network={"clip_predictions": False})
        if task == "regression"
        else without,
    }


def few_rows(task):
    """Return the simpler recipe and what may help tables of some hundred rows."""
    simpler = STANDARD[task]
    ntk = change(simpler, network={"parametrization": "ntk"})
    hull = {"initializer": DataDependent(intercepts="hull")}
    return {
        "simpler": simpler,
        "with the neutral ingredients": RICHER[task],
        "NTK": ntk,
        "start at drawn points": change(simpler, network=hull),
        "NTK, start at drawn points": change(ntk, network=hull),
        "twice the rate": change(simpler, learning_rate=2 * simpler.learning_rate),
    }


SECTIONS = {
    "choice": to_choose,
    "ablation": without_an_ingredient,
    "simpler": simpler,
    "few_rows": few_rows,
}
